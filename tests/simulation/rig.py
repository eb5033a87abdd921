"""The app as it runs in production: web processes, workers and a shell for staff, each with services of its own."""

import copy
import itertools
import os
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

import requests
import structlog
from flask.testing import FlaskClient

from app.bootstrap import build_services
from app.settings import load_settings
from app.store.database import Database
from app.usecases.services import Services
from app.web import create_app
from tests.clock import MovableClock
from tests.simulation.effects import Effects
from tests.simulation.ground import Ground
from tests.standins.saleor import SigningKey, StandInSaleor
from tests.standins.saleor.apps import App

WORKERS = ("worker 1", "worker 2", "worker 3")
WEBS = ("web 1", "web 2")
STAFF = "staff"
SALEOR_PORT, PROVIDER_PORT = 8000, 9000
APP_URL = "http://points.example"
PROVIDER_URL = f"http://127.0.0.1:{PROVIDER_PORT}"
API_KEY = "3f0c7e1a-52b8-4c9d-8a40-6f1f0b2f9d11"

_addresses = itertools.count()


@dataclass(frozen=True)
class Installed:
    """The shop as it was when the app was installed, which every history begins with."""

    at: datetime
    apps: Mapping[str, App]

    def put_back(self, saleor: StandInSaleor, clock: MovableClock) -> None:
        """Let a new shop have the app installed, as if it had just been done."""
        clock.now = self.at
        saleor.apps.numbers = itertools.count(len(self.apps) + 1)
        saleor.apps.installed = {app_id: copy.deepcopy(app) for app_id, app in self.apps.items()}


@dataclass
class Rig:
    """Everything that outlives a history: processes, their engines, and a database that is put back between histories."""

    provider: str
    database_url: str
    clock: MovableClock = field(default_factory=MovableClock)
    effects: Effects = field(default_factory=Effects)
    signing_key: SigningKey = field(default_factory=SigningKey)
    services: dict[str, Services] = field(default_factory=dict)
    webs: dict[str, FlaskClient] = field(default_factory=dict)
    installed: Installed | None = None

    def __post_init__(self) -> None:
        self.ground = Ground(self.database_url)
        points = {"POINTS_API_URL": PROVIDER_URL, "POINTS_API_KEY": API_KEY} if self.provider == "coggins" else {}
        settings = load_settings(
            {"DATABASE_URL": self.database_url, "SECRET_KEY": "a secret of the simulation", "PUBLIC_URL": APP_URL, **points}
        )
        for name in (*WORKERS, *WEBS, STAFF):
            services = build_services(settings, clock=self.clock, new_adapter=self.effects.new_adapter)
            self.effects.watch_commits(name, services.database)
            self.services[name] = services
        for name in WEBS:
            self.webs[name] = create_app(self.services[name], settings).test_client()

    @property
    def database(self) -> Database:
        """The database, for those who only look."""
        return self.services[STAFF].database

    def begin(self) -> None:
        """Begin a history with the database as it was kept."""
        if self.database.is_sqlite:
            self.close()
        self.ground.put_back()

    def keep(self, apps: Mapping[str, App]) -> Installed:
        """Let every history begin with what there is now: these apps, and this database."""
        self.ground.keep()
        self.installed = Installed(self.clock.now, copy.deepcopy(apps))
        return self.installed

    def close(self) -> None:
        """Close all connections."""
        self.ground.close()
        for services in self.services.values():
            services.database.close()

    def call_web(self, web: str, method: str, url: str, headers: dict[str, str], body: bytes | None) -> requests.Response:
        """Send a request to one of the web processes, each from an address of its own."""
        parts = urlsplit(url)
        number = next(_addresses)
        answer = self.webs[web].open(
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
    """Let everything random follow from the seed: uuid4 and the sealing of secrets draw from os.urandom, jitter from `random`."""
    urandom, state = os.urandom, random.getstate()
    os.urandom = random.Random(seed).randbytes
    random.seed(seed)
    try:
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
