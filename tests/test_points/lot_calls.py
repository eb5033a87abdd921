"""Lots as the tests make, move and see them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import col, select

from app.db.engine import Database
from app.db.tables import PointsCustomerRow, PointsEntryRow, PointsLotRow, PointsSpendRow, StoreRow
from app.db.tables.points_entry import EntryKind
from app.domain.expiry_policy import ExpiryPolicy
from app.ledger import entries as ledger
from app.ledger import spending
from app.ledger.entries import Entry
from app.ledger.lot_books import write_ended
from app.providers.embedded import EmbeddedProvider
from app.usecases.merchants.change_expiry import add_policy
from tests.clock import START
from tests.test_points.ledger_calls import ADA

DAY = timedelta(days=1)


def at(days: float) -> datetime:
    return START + days * DAY


def set_policy(provider: EmbeddedProvider, policy: ExpiryPolicy, days: float = 0) -> None:
    with provider.database.writing() as session:
        add_policy(session, session.get_one(StoreRow, provider.store_id), policy, at(days), who="a test")


def bring(
    provider: EmbeddedProvider,
    points: int,
    days: float = 0,
    *,
    email: str = ADA,
    undoes: UUID | None = None,
    kind: EntryKind = EntryKind.INSTANT,
    ends: datetime | None = None,
) -> UUID:
    """Give points, or with a minus take them. Gives the name under which that was asked for."""
    request_id = uuid4()
    entry = Entry(email, points, kind, request_id=request_id, may_go_below_zero=True, undoes=undoes, ends=ends)
    with provider.database.writing() as session:
        assert ledger.post(session, provider.store_id, [entry], at(days)) == [True]
    return request_id


def spend(provider: EmbeddedProvider, points: int, days: float, *, email: str = ADA) -> UUID | None:
    request_id = uuid4()
    with provider.database.writing() as session:
        spent = spending.spend(session, provider.store_id, email, points, request_id=request_id, now=at(days))
    return None if spent is None else request_id


def give_back(provider: EmbeddedProvider, request_id: UUID, points: int, days: float, *, email: str = ADA) -> None:
    with provider.database.writing() as session:
        spent = spending.find_spend(session, provider.store_id, request_id, lock=True)
        assert spent is not None
        spending.give_back(session, spent, email, points, at(days))


def run_daily(provider: EmbeddedProvider, days: float) -> None:
    """Do what the worker does: write what ran out by then."""
    with provider.database.writing() as session:
        query = select(PointsCustomerRow).where(col(PointsCustomerRow.ends_next) <= at(days))
        over = {one.id or 0: (one.available, one.used) for one in session.exec(query)}
        write_ended(session, provider.store_id, over, at(days))


def available(provider: EmbeddedProvider, days: float, email: str = ADA) -> int:
    with provider.database.reading() as session:
        return ledger.balances(session, provider.store_id, [email], at(days))[email].available


def lots(database: Database, email: str = ADA) -> list[tuple[datetime | None, int]]:
    """Give the days of lots that hold something, and what they hold."""
    with database.reading() as session:
        query = (
            select(PointsLotRow.ends, PointsLotRow.points_left)
            .join(PointsCustomerRow, col(PointsCustomerRow.id) == col(PointsLotRow.customer_id))
            .where(PointsCustomerRow.email == email, PointsLotRow.points_left > 0)
            .order_by(col(PointsLotRow.ends), col(PointsLotRow.id))
        )
        return [(ends, left) for ends, left in session.exec(query)]


def ran_out(database: Database) -> list[tuple[datetime, int]]:
    with database.reading() as session:
        query = select(PointsEntryRow).where(PointsEntryRow.kind == EntryKind.EXPIRE).order_by(col(PointsEntryRow.id))
        return [(entry.created_at, -entry.amount) for entry in session.exec(query)]


def books(database: Database) -> list[list[dict[str, Any]]]:
    """Give all that the ledger holds, customer by customer, without the numbers of rows: those of two customers mingle."""
    numbers = {"id", "entry_id", "origin_id", "policy_id", "request_id", "spend_id", "move_id", "undoes_id", "reference"}
    with database.reading() as session:
        tables: tuple[Any, ...] = (PointsEntryRow, PointsLotRow, PointsSpendRow)
        of_tables = [session.exec(select(table).order_by(table.customer_id, table.id)).all() for table in tables]
        of_tables.append(session.exec(select(PointsCustomerRow).order_by(col(PointsCustomerRow.id))).all())
        return [[row.model_dump(exclude=numbers) for row in rows] for rows in of_tables]
