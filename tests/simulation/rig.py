"""The app as it runs in production: web processes, workers and a shell for staff, each with services of its own."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from unittest.mock import patch
from urllib.parse import urlsplit

import requests
import structlog
from flask.testing import FlaskClient

from app.bootstrap import build_services
from app.db.engine import Database
from app.http import side_by_side
from app.settings import load_settings
from app.usecases.services import Services
from app.web import create_app
from tests.clock import MovableClock
from tests.simulation.drawing import SHOPS_MAX
from tests.simulation.effects import Effects
from tests.simulation.ground import Ground
from tests.standins.saleor import SigningKey

if TYPE_CHECKING:
    from tests.simulation.shops import Installed

WORKERS = ("worker 1", "worker 2", "worker 3")
WEBS = ("web 1", "web 2")
STAFF = "staff"
SALEOR_PORT, PROVIDER_PORT = 8000, 9000
APP_URL = "http://points.example"
PROVIDER_URL = f"http://127.0.0.1:{PROVIDER_PORT}"
API_KEY = "3f0c7e1a-52b8-4c9d-8a40-6f1f0b2f9d11"
OTHER_KEY = "c2a94b6e-0d57-4d3f-93d5-77a1d54be802"
API_KEYS = (API_KEY, OTHER_KEY)


_addresses = itertools.count()


Secrets = tuple[str, ...]
_OLD, _NEW = "a secret of the simulation", "a newer secret of the simulation"
# How SECRET_KEY is renewed: the old one still opens, everything is sealed anew, the old one goes.
SECRETS: tuple[Secrets, ...] = ((_OLD,), (_NEW, _OLD), (_NEW,))


@dataclass(frozen=True)
class Processes:
    """All processes of the app, by name."""

    services: Mapping[str, Services]
    webs: Mapping[str, FlaskClient]


@dataclass
class Rig:
    """Everything that outlives a history: processes, their engines, and a database that is put back between histories."""

    provider: str
    database_url: str
    clock: MovableClock = field(default_factory=MovableClock)
    effects: Effects = field(default_factory=Effects)
    signing_keys: tuple[SigningKey, ...] = field(default_factory=lambda: tuple(SigningKey() for _ in range(SHOPS_MAX)))
    # How shops begin, by their number.
    installed: dict[int, Installed] = field(default_factory=dict)
    # The processes as they run with one setting of the secret.
    _processes: dict[Secrets, Processes] = field(default_factory=dict)
    _secrets: Secrets = SECRETS[0]

    def __post_init__(self) -> None:
        self.ground = Ground(self.database_url)

    @property
    def services(self) -> Mapping[str, Services]:
        """The services of each process, by its name."""
        return self._running.services

    @property
    def _running(self) -> Processes:
        if self._secrets not in self._processes:
            self._processes[self._secrets] = self._started()
        return self._processes[self._secrets]

    def _started(self) -> Processes:
        points = {"POINTS_API_URL": PROVIDER_URL, "POINTS_API_KEY": API_KEY} if self.provider == "coggins" else {}
        newest, *older = self._secrets
        secrets = {"SECRET_KEY": newest, "SECRET_KEY_PREVIOUS": ",".join(older)}
        settings = load_settings({"DATABASE_URL": self.database_url, "PUBLIC_URL": APP_URL, **secrets, **points})
        services = {
            name: build_services(settings, clock=self.clock, new_adapter=self.effects.new_adapter)
            for name in (*WORKERS, *WEBS, STAFF)
        }
        for name, own in services.items():
            self.effects.watch_commits(name, own.database)
        return Processes(services, {name: create_app(services[name], settings).test_client() for name in WEBS})

    def restart(self, secrets: Secrets) -> None:
        """Start every process anew, with these secrets. None may be in the middle of something."""
        if self.effects.running:
            raise RuntimeError("a process is at work")
        self._secrets = secrets

    @property
    def database(self) -> Database:
        """The database, for those who only look."""
        return self.services[STAFF].database

    def begin(self, shops: int) -> None:
        """Begin a history with the database as it was kept when the app was installed in so many shops."""
        self._secrets = SECRETS[0]
        if self.database.is_sqlite:
            self.close()
        self.ground.put_back(shops)

    def close(self) -> None:
        """Close all connections."""
        self.ground.close()
        for processes in self._processes.values():
            for services in processes.services.values():
                services.database.close()

    def call_web(self, web: str, method: str, url: str, headers: dict[str, str], body: bytes | None) -> requests.Response:
        """Send a request to one of the web processes, each from an address of its own."""
        parts = urlsplit(url)
        number = next(_addresses)
        answer = self._running.webs[web].open(
            f"{parts.path}?{parts.query}" if parts.query else parts.path,
            method=method,
            headers=headers,
            data=body,
            environ_base={"REMOTE_ADDR": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"},
        )
        response = requests.Response()
        response.status_code = answer.status_code
        response.headers.update(dict(answer.headers))
        response._content = answer.get_data()
        response.encoding = "utf-8"
        answer.close()
        return response


@contextmanager
def repeatable(seed: int) -> Iterator[None]:
    """Let everything random follow from the seed: uuid4 and the sealing of secrets draw from os.urandom, jitter from `random`.

    What goes side by side happens one after the other, in the order in which it was asked for.
    """
    urandom, state = os.urandom, random.getstate()
    os.urandom = random.Random(seed).randbytes
    random.seed(seed)
    try:
        with patch.object(side_by_side, "_in_threads", lambda do, items, _at_once: [do(item) for item in items]):
            yield
    finally:
        os.urandom = urandom
        random.setstate(state)


@contextmanager
def quiet_logs() -> Iterator[None]:
    """Say nothing: a history of faults is one long log of faults."""
    before = structlog.get_config()
    structlog.configure(processors=[_drop])
    try:
        yield
    finally:
        structlog.configure(**before)


def _drop(_logger: object, _method: str, _event: object) -> str:
    raise structlog.DropEvent
