"""The queue: orders that wait to be looked at, and the leases of those in hand."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam, case, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, col

from app.domain.order import Told
from app.store.models import AccountRow, EventRow, OrderRow, StoreRow, StoreState

LEASE = timedelta(seconds=60)


def wake_told(session: Session, store_id: int, told: Told, event_type: str, now: datetime) -> bool:
    """Note that an event arrived for an order, and wake the order if it differs from what was last read.

    Gives whether the order was woken. An order never seen gets its row.
    """
    wake, note = _wake_statements(session.get_bind().dialect.name)
    values = {
        "store_id": store_id,
        "saleor_order_id": told.order_id,
        "told_at": told.updated_at,
        "facts": told.facts,
        "type": event_type,
        "now": now,
    }
    session.execute(note, values)
    return session.execute(wake, values).first() is not None


def wake_changed(session: Session, store_id: int, told: Collection[Told], now: datetime, *, all_of_them: bool = False) -> int:
    """Wake those of many orders that differ from what was last read, or all of them. Gives how many."""
    statement, _ = _wake_statements(session.get_bind().dialect.name)
    woken = 0
    for one in told:
        # No order was ever read with no facts, so each of all of them counts as changed.
        facts = "" if all_of_them else one.facts
        values = {"store_id": store_id, "saleor_order_id": one.order_id, "told_at": one.updated_at, "facts": facts, "now": now}
        woken += session.execute(statement, values).first() is not None
    return woken


def wake(session: Session, order_id: int, now: datetime) -> None:
    """Wake an order that we know, because something else than Saleor changed it."""
    session.execute(
        update(OrderRow).where(col(OrderRow.id) == order_id).values(look_at=_not_later(now), wakes=col(OrderRow.wakes) + 1)
    )


def choose_store(session: Session, now: datetime) -> StoreRow | None:
    """Choose the store to serve next: of those that can be served and have work, the one that has waited longest."""
    work = exists().where(col(OrderRow.store_id) == col(StoreRow.id), *_is_waiting(now))
    paused = exists().where(
        col(AccountRow.store_id) == col(StoreRow.id), col(AccountRow.is_current), col(AccountRow.paused_until) > now
    )
    query = (
        select(StoreRow)
        .where(
            col(StoreRow.state) == StoreState.ACTIVE,
            or_(col(StoreRow.paused_until).is_(None), col(StoreRow.paused_until) <= now),
            ~paused,
            work,
        )
        .order_by(col(StoreRow.served_at).nulls_first(), col(StoreRow.id))
        .limit(1)
    )
    store = session.scalars(query).first()
    if store is not None:
        store.served_at = now
        session.add(store)
        session.flush()
    return store


def lease(session: Session, store_id: int, token: str, *, limit: int, now: datetime) -> list[OrderRow]:
    """Take up to `limit` waiting orders of a store for the holder of the token. Several workers take different ones."""
    chosen = session.scalars(
        select(col(OrderRow.id))
        .where(col(OrderRow.store_id) == store_id, *_is_waiting(now))
        .order_by(col(OrderRow.look_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    taken = update(OrderRow).where(col(OrderRow.id).in_(chosen)).values(lease_token=token, lease_until=now + LEASE)
    orders = session.scalars(taken.returning(OrderRow)).all()
    return sorted(orders, key=lambda order: (order.look_at or now, order.id or 0))


def keep_lease(session: Session, token: str, order_ids: Collection[int], now: datetime) -> set[int]:
    """Prolong the lease, and give the orders that are still the holder's. The others are none of its business any more."""
    kept = (
        update(OrderRow)
        .where(col(OrderRow.id).in_(order_ids), col(OrderRow.lease_token) == token)
        .values(lease_until=now + LEASE)
        .returning(col(OrderRow.id))
    )
    return {order_id for order_id in session.scalars(kept) if order_id is not None}


def release(session: Session, token: str) -> None:
    """Give back all orders of a lease, just as they were."""
    session.execute(update(OrderRow).where(col(OrderRow.lease_token) == token).values(lease_token=None, lease_until=None))


def rest(session: Session, token: str, rests: Sequence[Mapping[str, Any]]) -> None:
    """Give back orders with the time of their next look, unless somebody woke them meanwhile.

    Each of `rests` holds `of_order`, `of_wakes`, `next_look` and the values of shortfall, problem and failures.
    """
    if not rests:
        return
    statement = (
        update(OrderRow)
        .where(col(OrderRow.id) == bindparam("of_order"), col(OrderRow.lease_token) == token)
        .values(
            look_at=case(
                (col(OrderRow.wakes) == bindparam("of_wakes"), bindparam("next_look", type_=_TIME)), else_=col(OrderRow.look_at)
            ),
            lease_token=None,
            lease_until=None,
            shortfall=bindparam("new_shortfall"),
            shortfall_since=bindparam("new_shortfall_since", type_=_TIME),
            problem_code=bindparam("new_problem_code"),
            problem=bindparam("new_problem"),
            failures=bindparam("new_failures"),
        )
    )
    session.connection().execute(statement, list(rests))


def share_shortfall_looks(session: Session, store_id: int, email_key: str, since: datetime, look_at: datetime) -> None:
    """Let all of a customer's shortfalls be looked at together from now on."""
    later = or_(col(OrderRow.look_at).is_(None), col(OrderRow.look_at) > since)
    session.execute(
        update(OrderRow)
        .where(col(OrderRow.store_id) == store_id, col(OrderRow.email_key) == email_key, col(OrderRow.shortfall) > 0)
        .where(col(OrderRow.lease_token).is_(None), later)
        .values(shortfall_since=since, look_at=look_at)
    )


def count_waiting(session: Session, now: datetime) -> int:
    """Count the orders whose time to be looked at has come."""
    return session.scalars(select(func.count()).select_from(OrderRow).where(*_is_waiting(now))).one()


_TIME = OrderRow.__table__.c.look_at.type  # type: ignore[attr-defined]  # every table model has it


def _is_waiting(now: datetime) -> tuple[Any, Any]:
    return col(OrderRow.look_at) <= now, or_(col(OrderRow.lease_until).is_(None), col(OrderRow.lease_until) <= now)


def _not_later(now: Any) -> Any:
    """A wake never moves a look to later."""
    return case((col(OrderRow.look_at) < now, col(OrderRow.look_at)), else_=now)


@cache
def _wake_statements(dialect: str) -> tuple[Any, Any]:
    """Build the two statements of a webhook once: building them costs more than running them."""
    insert = sqlite_insert if dialect == "sqlite" else postgresql_insert
    now, told_at = bindparam("now", type_=_TIME), bindparam("told_at", type_=_TIME)
    order = insert(OrderRow).values(
        store_id=bindparam("store_id"),
        saleor_order_id=bindparam("saleor_order_id"),
        look_at=now,
        told_at=told_at,
        created_at=now,
        wakes=1,
        due=0,
        granted=0,
        shortfall=0,
        failures=0,
    )
    wake = order.on_conflict_do_update(
        index_elements=["store_id", "saleor_order_id"],
        set_={
            "look_at": _not_later(now),
            "wakes": col(OrderRow.wakes) + 1,
            "told_at": case((col(OrderRow.told_at) > told_at, col(OrderRow.told_at)), else_=told_at),
        },
        where=col(OrderRow.read_facts).is_distinct_from(bindparam("facts")),
    ).returning(col(OrderRow.id))
    event = insert(EventRow).values(
        store_id=bindparam("store_id"),
        saleor_order_id=bindparam("saleor_order_id"),
        type=bindparam("type"),
        count=1,
        first_at=now,
        last_at=now,
    )
    note = event.on_conflict_do_update(
        index_elements=["store_id", "saleor_order_id", "type"], set_={"count": col(EventRow.count) + 1, "last_at": now}
    )
    return wake, note
