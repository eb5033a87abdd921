"""Accounts to test against: the embedded ledger on both databases, and Coggins' API over HTTP in several moods."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

import pytest
import responses
from sqlmodel import select

from app.db.engine import Database
from app.db.tables import PointsClaimRow, StoreRow
from app.ledger import entries as ledger
from app.providers.coggins.http import CogginsProvider
from app.providers.embedded import EmbeddedProvider
from app.providers.protocol import PointsProvider
from app.sealing import Sealer, fingerprint
from tests.clock import START, MovableClock
from tests.served_points import ServedPoints, serve_points
from tests.standins.coggins import StandInCoggins

SECRET = "a secret of the tests"
BASE_URL = "https://points.example"

# Our own client, over HTTP, against the Points API that this app serves.
SERVED = ("served, sqlite", "served, postgresql")
EMBEDDED = ("embedded, sqlite", "embedded, postgresql")
COGGINS_MOODS: dict[str, dict[str, Any]] = {
    "coggins": {},
    "coggins, success only": {"instant_answer": "success", "unknown_email": "zeros"},
    "coggins, empty answers": {"instant_answer": "empty"},
    "coggins, plain text": {"instant_answer": "text"},
    "coggins, idempotent": {"honours_idempotency": True},
}


@dataclass(frozen=True)
class ClaimFacts:
    """What an account's own books say of a claim."""

    points: int
    email: str
    customer_type: str | None
    expires_on: date | None


class Account(Protocol):
    """An account at a provider, and the shopper's and the vendor's side of it."""

    @property
    def provider(self) -> PointsProvider: ...

    def take(self, token: str, email: str) -> None: ...

    def claims(self) -> list[ClaimFacts]: ...


@dataclass(frozen=True)
class EmbeddedAccount:
    provider: EmbeddedProvider
    clock: MovableClock

    def take(self, token: str, email: str) -> None:
        take_from(self.provider.database, token, email, self.clock())

    def claims(self) -> list[ClaimFacts]:
        with self.provider.database.reading() as session:
            return [
                ClaimFacts(row.amount, row.email, row.customer_type, row.expires_at.date() if row.expires_at else None)
                for row in session.exec(select(PointsClaimRow).order_by(PointsClaimRow.id))  # type: ignore[arg-type]  # a column
            ]


@dataclass(frozen=True)
class CogginsAccount:
    provider: CogginsProvider
    coggins: StandInCoggins

    def take(self, token: str, email: str) -> None:
        self.coggins.take(token, email)

    def claims(self) -> list[ClaimFacts]:
        return [
            ClaimFacts(claim.amount, claim.email or "", claim.customer_type, claim.expires_on)
            for claim in self.coggins.books().claims
        ]


@dataclass(frozen=True)
class ServedAccount:
    provider: CogginsProvider
    served: ServedPoints

    def take(self, token: str, email: str) -> None:
        take_from(self.served.services.database, token, email, self.served.clock())

    def claims(self) -> list[ClaimFacts]:
        return [
            ClaimFacts(row.amount, row.email, row.customer_type, row.expires_at.date() if row.expires_at else None)
            for row in self.served.stored_claims()
        ]


def take_from(database: Database, token: str, email: str, now: datetime) -> None:
    """Take a claim past its page, which has a limit for one address."""
    with database.writing() as session:
        claim = ledger.find_claims(session, [fingerprint(token)], lock=True)[fingerprint(token)]
        assert ledger.take(session, claim, claim.email or email, now) is not None


def new_store(database: Database, clock: MovableClock, slug: str = "shop") -> int:
    """Install a store, as far as a ledger needs one."""
    with database.writing() as session:
        store = StoreRow(slug=slug, name=slug.title(), awards_from=clock.now, created_at=clock.now)
        session.add(store)
        session.flush()
        assert store.id is not None
        return store.id


def new_provider(database: Database, store_id: int, time_zone: str = "UTC") -> EmbeddedProvider:
    return EmbeddedProvider(database, Sealer([SECRET]), store_id, BASE_URL, time_zone, clock=lambda: START)


@contextmanager
def embedded_account(url: str, clock: MovableClock) -> Iterator[EmbeddedAccount]:
    database = Database(url)
    try:
        yield EmbeddedAccount(new_provider(database, new_store(database, clock)), clock)
    finally:
        database.close()


@contextmanager
def served_account(url: str, clock: MovableClock) -> Iterator[ServedAccount]:
    with serve_points(url, clock) as served:
        served.change(debt_policy="negative")
        yield ServedAccount(CogginsProvider(served.url, served.key), served)


@pytest.fixture(params=[*EMBEDDED, *COGGINS_MOODS, *SERVED])
def account(request: pytest.FixtureRequest, clock: MovableClock) -> Iterator[Account]:
    """An account of each kind in turn."""
    if request.param in COGGINS_MOODS:
        with StandInCoggins(clock, **COGGINS_MOODS[request.param]) as coggins:
            yield CogginsAccount(CogginsProvider(coggins.url, coggins.key), coggins)
        return
    kind, database_name = request.param.split(", ")
    fresh: Callable[[], str] = request.getfixturevalue(f"fresh_{database_name}")
    opener = served_account if kind == "served" else embedded_account
    with opener(fresh(), clock) as opened:
        yield opened


@pytest.fixture
def embedded(database_url: str, clock: MovableClock) -> Iterator[EmbeddedAccount]:
    """An embedded account, on each database."""
    with embedded_account(database_url, clock) as opened:
        yield opened


@pytest.fixture
def provider(embedded: EmbeddedAccount) -> EmbeddedProvider:
    return embedded.provider


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    """Answers given without a server, for what one answer means."""
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def client(coggins: StandInCoggins) -> CogginsProvider:
    return CogginsProvider(coggins.url, coggins.key)


@pytest.fixture
def embedded_sqlite(fresh_sqlite: Callable[[], str], clock: MovableClock) -> Iterator[EmbeddedProvider]:
    """An embedded account on the quicker database, for tests that try many cases."""
    with embedded_account(fresh_sqlite(), clock) as opened:
        yield opened.provider
