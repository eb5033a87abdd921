"""The app as it runs in production: web processes, workers and a shell for staff, each with services of its own."""

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import requests
import structlog
from flask.testing import FlaskClient
from sqlalchemy import make_url, text
from sqlmodel import SQLModel

from app.bootstrap import build_services
from app.settings import load_settings
from app.store.database import Database
from app.usecases.services import Services
from app.web import create_app
from tests.clock import MovableClock
from tests.simulation.effects import Effects
from tests.standins.saleor import SigningKey

WORKERS = ("worker 1", "worker 2", "worker 3")
WEBS = ("web 1", "web 2")
STAFF = "staff"
SALEOR_PORT, PROVIDER_PORT = 8000, 9000
APP_URL = "http://points.example"
PROVIDER_URL = f"http://127.0.0.1:{PROVIDER_PORT}"
API_KEY = "3f0c7e1a-52b8-4c9d-8a40-6f1f0b2f9d11"

_addresses = itertools.count()


@dataclass
class Rig:
    """Everything that outlives a history: processes, their engines, and a database that is emptied between histories."""

    provider: str
    database_url: str
    template: Path | None
    clock: MovableClock = field(default_factory=MovableClock)
    effects: Effects = field(default_factory=Effects)
    signing_key: SigningKey = field(default_factory=SigningKey)
    services: dict[str, Services] = field(default_factory=dict)
    webs: dict[str, FlaskClient] = field(default_factory=dict)

    def __post_init__(self) -> None:
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

    def empty(self) -> None:
        """Begin with no store and no order."""
        if self.template is None:
            tables = ", ".join(f'"{table.name}"' for table in SQLModel.metadata.sorted_tables)
            with self.database.engine.begin() as connection:
                # Entries of the ledger are never deleted: a trigger sees to that, and is told to look away.
                connection.execute(text("SET LOCAL session_replication_role = replica"))
                connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY"))
            return
        path = Path(make_url(self.database_url).database or "")
        for services in self.services.values():
            services.database.close()
        for left in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            left.unlink(missing_ok=True)
        shutil.copyfile(self.template, path)

    def close(self) -> None:
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
