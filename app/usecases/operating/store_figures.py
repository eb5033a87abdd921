"""What operators watch, in a handful of indexed questions that cost the same after years of history."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, literal, select, text
from sqlmodel import Session, col

from app.db.queue import is_waiting
from app.db.tables import AccountRow, MovementRow, OrderRow, StoreRow
from app.db.totals import orders_by_problem
from app.domain.store import StoreState
from app.usecases.services import Services

# As the partial index has it, word for word: else it would not serve.
IS_DRIFTING = text("due <> granted AND problem_code IS NULL")
IS_FOR_STAFF = text("state = 'unknown' AND kind IN ('credit', 'debit') AND is_for_staff")

# So many orders or movements of a store are counted at most: a scrape costs the same with a million that wait.
COUNTED_MAX = 10_000


@dataclass(frozen=True, slots=True)
class StoreFigures:
    """One store's state. Times are moments; None where there was none yet.

    Of waiting orders, drifting ones and movements for staff, COUNTED_MAX stands for so many or more.
    """

    slug: str
    waiting_orders: int
    oldest_look_at: datetime | None
    sweep_ended_at: datetime | None
    paused_until: datetime | None
    account_paused_until: datetime | None
    drifting_orders: int
    orders_with_problem: int
    movements_for_staff: int


def figures_of_stores(services: Services, *, counted_max: int = COUNTED_MAX) -> list[StoreFigures]:
    """Ask for the figures of all active stores: three queries, however many stores and orders."""
    with services.database.reading() as session:
        return _figures(session, services.clock(), counted_max)


def _figures(session: Session, now: datetime, counted_max: int) -> list[StoreFigures]:
    def counted(table: Any, *conditions: Any) -> Any:
        """Count a store's rows, but no more than are told."""
        of_store = select(literal(1)).select_from(table).where(table.store_id == col(StoreRow.id), *conditions)
        return select(func.count()).select_from(of_store.limit(counted_max).correlate(StoreRow).subquery()).scalar_subquery()

    waits = is_waiting(now)
    oldest = (
        select(col(OrderRow.look_at))
        .where(col(OrderRow.store_id) == col(StoreRow.id), *waits)
        .order_by(col(OrderRow.look_at))
        .limit(1)
    )
    troubled = orders_by_problem(session)
    paused = dict(
        session.execute(select(col(AccountRow.store_id), col(AccountRow.paused_until)).where(col(AccountRow.is_current))).all()
    )
    stores = session.execute(
        select(
            StoreRow,
            counted(OrderRow, *waits),
            oldest.scalar_subquery(),
            counted(OrderRow, IS_DRIFTING),
            counted(MovementRow, IS_FOR_STAFF),
        )
        .where(col(StoreRow.state) == StoreState.ACTIVE)
        .order_by(col(StoreRow.id))
    )
    return [
        StoreFigures(
            slug=store.slug,
            waiting_orders=waiting,
            oldest_look_at=oldest_look_at,
            sweep_ended_at=store.sweep_ended_at,
            paused_until=store.paused_until,
            account_paused_until=paused.get(store.id),
            drifting_orders=drifting,
            orders_with_problem=sum(troubled.get(store.id or 0, {}).values()),
            movements_for_staff=for_staff,
        )
        for store, waiting, oldest_look_at, drifting, for_staff in stores
    ]
