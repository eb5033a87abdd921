"""Asking the embedded account, and reading its tables, as the tests write it."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar
from uuid import UUID, uuid4

from sqlmodel import col, select

from app.db.engine import Database
from app.db.tables import PointsClaimRow, PointsCustomerRow
from app.db.tables.points_entry import EntryKind, PointsEntryRow
from app.domain.claim import Balance
from app.ledger import entries as ledger
from app.providers.embedded import EmbeddedProvider
from app.providers.protocol import Accepted, Ask, AskKind, Outcome, held
from app.sealing import fingerprint
from tests.clock import START

ADA, BOB = "ada@example.com", "bob@example.com"
CALL = UUID("00000000-0000-4000-8000-000000000001")

Result = TypeVar("Result")


def asked(provider: EmbeddedProvider, kind: AskKind, asks: Sequence[Ask], now: datetime = START) -> tuple[Outcome, ...]:
    reply = provider.ask(kind, asks, call_id=CALL, now=now)
    assert isinstance(reply, tuple)
    return reply


def new_claim(
    provider: EmbeddedProvider, points: int, email: str = ADA, *, expires_days: int | None = None, now: datetime = START
) -> Accepted:
    [outcome] = asked(provider, AskKind.CLAIM, [Ask(uuid4(), points, email, expires_days=expires_days)], now)
    assert isinstance(outcome, Accepted)
    return outcome


def mark_of(claim: Accepted) -> str:
    assert claim.claim_token is not None
    return fingerprint(claim.claim_token)


def change(provider: EmbeddedProvider, claim: Accepted, points: int, now: datetime = START) -> Outcome:
    [outcome] = asked(provider, AskKind.CHANGE, [Ask(uuid4(), points, token_mark=mark_of(claim))], now)
    return outcome


def instant(provider: EmbeddedProvider, points: int, email: str = ADA, *, may_go_below_zero: bool = False) -> Outcome:
    [outcome] = asked(provider, AskKind.INSTANT, [Ask(uuid4(), points, email, may_go_below_zero=may_go_below_zero)])
    return outcome


def take(provider: EmbeddedProvider, claim: Accepted, email: str = ADA, now: datetime = START) -> bool:
    """Take a claim as the claim page does; tells whether it was won."""
    with provider.database.writing() as session:
        row = ledger.find_claims(session, [mark_of(claim)], lock=True)[mark_of(claim)]
        return ledger.take(session, row, row.email or email, now) is not None


def post(provider: EmbeddedProvider, *points: int, email: str = ADA, may_go_below_zero: bool = False) -> list[bool]:
    entries = [
        ledger.Entry(email, amount, EntryKind.INSTANT, request_id=uuid4(), may_go_below_zero=may_go_below_zero)
        for amount in points
    ]
    with provider.database.writing() as session:
        return ledger.post(session, provider.store_id, entries, START)


def balance(provider: EmbeddedProvider, email: str = ADA) -> Balance:
    found = provider.balances([email])
    assert isinstance(found, Mapping)
    return held(found[email])


def entries_of(database: Database) -> list[PointsEntryRow]:
    with database.reading() as session:
        return list(session.exec(select(PointsEntryRow).order_by(col(PointsEntryRow.id))))


def customers_of(database: Database) -> list[PointsCustomerRow]:
    with database.reading() as session:
        return list(session.exec(select(PointsCustomerRow).order_by(col(PointsCustomerRow.id))))


def claims_of(database: Database) -> list[PointsClaimRow]:
    with database.reading() as session:
        return list(session.exec(select(PointsClaimRow).order_by(col(PointsClaimRow.id))))


def balances_are_sums_of_entries(database: Database) -> bool:
    sums: dict[int, int] = {}
    for entry in entries_of(database):
        sums[entry.customer_id] = sums.get(entry.customer_id, 0) + entry.amount
    return all(customer.available == sums.get(customer.id or 0, 0) for customer in customers_of(database))


def all_at_once(jobs: Sequence[Callable[[], Result]]) -> list[Result]:
    """Run jobs side by side, and give their results in order. An error of one is an error."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        return [running.result() for running in [pool.submit(job) for job in jobs]]
