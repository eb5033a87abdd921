"""What operators watch, in a handful of indexed questions that cost the same after years of history."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlmodel import Session, col

from app.db.queue import is_waiting
from app.db.tables import AccountRow, MovementRow, OrderRow, StoreRow
from app.db.totals import orders_by_problem
from app.domain.store import StoreState
from app.usecases.services import Services

# As the partial index has it, word for word: else it would not serve.
IS_DRIFTING = text("due <> granted AND problem_code IS NULL")


@dataclass(frozen=True, slots=True)
class StoreFigures:
    """One store's state. Times are moments; None where there was none yet."""

    slug: str
    waiting_orders: int
    oldest_look_at: datetime | None
    sweep_ended_at: datetime | None
    paused_until: datetime | None
    account_paused_until: datetime | None
    drifting_orders: int
    orders_with_problem: int
    movements_for_staff: int


def figures_of_stores(services: Services) -> list[StoreFigures]:
    """Ask for the figures of all active stores: six queries, however many stores and orders."""
    with services.database.reading() as session:
        return _figures(session, services.clock())


def _figures(session: Session, now: datetime) -> list[StoreFigures]:
    waiting = {
        store_id: (count, oldest)
        for store_id, count, oldest in session.execute(
            select(col(OrderRow.store_id), func.count(), func.min(col(OrderRow.look_at)))
            .where(*is_waiting(now))
            .group_by(col(OrderRow.store_id))
        )
    }
    drifting = dict(
        session.execute(select(col(OrderRow.store_id), func.count()).where(IS_DRIFTING).group_by(col(OrderRow.store_id))).all()
    )
    troubled = orders_by_problem(session)
    for_staff = dict(
        session.execute(
            select(col(MovementRow.store_id), func.count())
            .where(text("state = 'unknown' AND kind IN ('credit', 'debit') AND is_for_staff"))
            .group_by(col(MovementRow.store_id))
        ).all()
    )
    paused = dict(
        session.execute(select(col(AccountRow.store_id), col(AccountRow.paused_until)).where(col(AccountRow.is_current))).all()
    )
    stores = session.scalars(select(StoreRow).where(col(StoreRow.state) == StoreState.ACTIVE).order_by(col(StoreRow.id)))
    return [
        StoreFigures(
            slug=store.slug,
            waiting_orders=waiting.get(store.id, (0, None))[0],
            oldest_look_at=waiting.get(store.id, (0, None))[1],
            sweep_ended_at=store.sweep_ended_at,
            paused_until=store.paused_until,
            account_paused_until=paused.get(store.id),
            drifting_orders=drifting.get(store.id, 0),
            orders_with_problem=sum(troubled.get(store.id or 0, {}).values()),
            movements_for_staff=for_staff.get(store.id, 0),
        )
        for store in stores
    ]
