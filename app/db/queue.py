"""The queue: which store and which orders come next, and the leases of those in hand."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import uuid4

from sqlalchemy import bindparam, case, exists, select, update
from sqlmodel import Session, col

from app.db.bulk import IsIn, RowParameters
from app.db.moment_conditions import is_free
from app.db.tables import AccountRow, OrderRow, StoreRow
from app.domain.moments import CLOCKS_AGREE_WITHIN
from app.domain.retry import PAUSE_LONGEST
from app.domain.store import StoreState

LEASE = timedelta(seconds=60)
# A lease is prolonged once this much of it is gone: each time writes the orders' rows anew, and a batch asks many times a second.
PROLONGED_AFTER = timedelta(seconds=10)
# So long, at least, a lease holds from the moment at which it was asked whether it is still ours.
LEASE_HOLDS = LEASE - PROLONGED_AFTER
# What the token of a lease begins with. A worker that does not know what is gone has a hexadecimal one, and the database does
# not let it take an order of which something is gone: it would give those points again.
KNOWS_WHAT_IS_GONE = "g"
# No lease ends later than this: one that does was taken before the clock was put back.
LEASE_LONGEST = LEASE + CLOCKS_AGREE_WITHIN


def new_lease_token() -> str:
    """Make a token for a lease, of 32 letters."""
    return KNOWS_WHAT_IS_GONE + uuid4().hex[1:]


def choose_store(session: Session, now: datetime, *, but: Collection[int] = ()) -> StoreRow | None:
    """Choose the store to serve next: of those that can be served and have work, the one that has waited longest."""
    others = _STORE_WITH_WORK.where(col(StoreRow.id).not_in(but)) if but else _STORE_WITH_WORK
    return session.scalars(others, _moments(now)).first()


def note_served(session: Session, store: StoreRow, now: datetime) -> None:
    """Put a store behind the others. Last in its transaction: its row is locked from here on, and other workers want it, too."""
    session.connection().execute(_SERVED, {"of_store": store.id, "at": now})


def lease(session: Session, store_id: int, token: str, *, limit: int, now: datetime) -> list[OrderRow]:
    """Take up to `limit` waiting orders of a store for the holder of the token. Several workers take different ones."""
    chosen = session.scalars(_WAITING_OF_STORE.limit(limit), {"store_id": store_id, **_moments(now)}).all()
    if not chosen:
        return []
    values = {"chosen": chosen, "token": token, "until": now + LEASE}
    orders = session.scalars(_LEASED, values).all()
    return sorted(orders, key=lambda order: (order.look_at or now, order.id or 0))


def keep_lease(session: Session, token: str, order_ids: Collection[int], now: datetime) -> set[int]:
    """Give the orders that are still the holder's, locked, for `LEASE_HOLDS` at least. The others are none of its business."""
    connection = session.connection()
    held = connection.execute(_HELD, {"chosen": list(order_ids), "token": token}).all()
    if any(row.lease_until is None or row.lease_until < now + LEASE_HOLDS for row in held):
        connection.execute(_PROLONGED, {"chosen": [row.id for row in held], "until": now + LEASE})
    return {row.id for row in held}


def release(session: Session, token: str) -> None:
    """Give back all orders of a lease, just as they were."""
    session.execute(update(OrderRow).where(col(OrderRow.lease_token) == token).values(lease_token=None, lease_until=None))


def rest(session: Session, token: str, rests: Sequence[Mapping[str, Any]]) -> None:
    """Give back orders with the time of their next look, unless somebody woke them meanwhile.

    Each of `rests` holds `of_order`, `of_wakes`, `next_look` and the values of `_RESTING`.
    """
    if not rests:
        return
    connection = session.connection()
    each, statement = _rest_statement(connection.dialect.name)
    each.run(connection, statement, rests, token=token)


def share_shortfall_looks(
    session: Session, store_id: int, email_keys: Collection[str], since: datetime, look_at: datetime
) -> None:
    """Let all of a customer's shortfalls be looked at together from now on. One that was just woken is looked at before."""
    is_woken = col(OrderRow.look_at) <= since
    session.execute(
        update(OrderRow)
        .where(col(OrderRow.store_id) == store_id, col(OrderRow.email_key).in_(email_keys), col(OrderRow.shortfall) > 0)
        .where(col(OrderRow.lease_token).is_(None))
        .values(shortfall_since=since, look_at=case((is_woken, col(OrderRow.look_at)), else_=look_at))
    )


# Where no row's object is asked for, the tables themselves: the ORM's own part costs as much again.
_ORDERS: Any = OrderRow.__table__  # type: ignore[attr-defined]  # every table model has it
_STORES: Any = StoreRow.__table__  # type: ignore[attr-defined]  # every table model has it
_TIME = _ORDERS.c.look_at.type


def is_waiting(now: datetime) -> tuple[Any, Any]:
    """Give the conditions under which an order's time to be looked at has come."""
    return _is_waiting(now, now + LEASE_LONGEST)


def _is_waiting(now: Any, lease_end: Any) -> tuple[Any, Any]:
    return col(OrderRow.look_at) <= now, is_free(col(OrderRow.lease_until), now, lease_end)


def _moments(now: datetime) -> dict[str, datetime]:
    ends = {"pause_end": now + PAUSE_LONGEST, "lease_end": now + LEASE_LONGEST}
    return {"now": now, "just_ahead": now + CLOCKS_AGREE_WITHIN, **ends}


_NOW, _JUST_AHEAD, _PAUSE_END, _LEASE_END = (
    bindparam(name, type_=_TIME) for name in ("now", "just_ahead", "pause_end", "lease_end")
)
# A store that was last served at a moment ahead of us does not stand behind all others until then.
_SERVED_AT = case((col(StoreRow.served_at) <= _JUST_AHEAD, col(StoreRow.served_at)))

# Built once: for a few orders, building a statement costs more than running it.
_STORE_WITH_WORK = (
    select(StoreRow)
    .where(
        col(StoreRow.state) == StoreState.ACTIVE,
        is_free(col(StoreRow.paused_until), _NOW, _PAUSE_END),
        ~exists().where(
            col(AccountRow.store_id) == col(StoreRow.id),
            col(AccountRow.is_current),
            col(AccountRow.paused_until) > _NOW,
            col(AccountRow.paused_until) <= _PAUSE_END,
        ),
        exists().where(col(OrderRow.store_id) == col(StoreRow.id), *_is_waiting(_NOW, _LEASE_END)),
    )
    .order_by(_SERVED_AT.nulls_first(), col(StoreRow.id))
    .limit(1)
)
_SERVED = update(_STORES).where(_STORES.c.id == bindparam("of_store")).values(served_at=bindparam("at", type_=_TIME))
_WAITING_OF_STORE = (
    select(col(OrderRow.id))
    .where(col(OrderRow.store_id) == bindparam("store_id"), *_is_waiting(_NOW, _LEASE_END))
    .order_by(col(OrderRow.look_at))
    .with_for_update(skip_locked=True)
)
_LEASED = (
    update(OrderRow)
    .where(IsIn(col(OrderRow.id), "chosen"))
    .values(lease_token=bindparam("token"), lease_until=bindparam("until", type_=_TIME))
    .returning(OrderRow)
    .execution_options(synchronize_session=False)
)
_HELD = (
    select(_ORDERS.c.id, _ORDERS.c.lease_until)
    .where(IsIn(_ORDERS.c.id, "chosen"), _ORDERS.c.lease_token == bindparam("token"))
    .order_by(_ORDERS.c.id)
    .with_for_update(key_share=True)
)
_PROLONGED = update(_ORDERS).where(IsIn(_ORDERS.c.id, "chosen")).values(lease_until=bindparam("until", type_=_TIME))
_RESTING = ("shortfall", "shortfall_since", "problem_code", "problem", "failures", "status", "metadata_hash", "waits_lane")


@cache
def _rest_statement(dialect: str) -> tuple[RowParameters, Any]:
    types = _ORDERS.c
    new = {f"new_{name}": types[name].type for name in _RESTING}
    each = RowParameters(dialect, of_order=types.id.type, of_wakes=types.wakes.type, next_look=_TIME, **new)
    return each, (
        update(OrderRow)
        .where(col(OrderRow.id) == each["of_order"], col(OrderRow.lease_token) == bindparam("token"))
        .values(
            look_at=case((col(OrderRow.wakes) == each["of_wakes"], each["next_look"]), else_=col(OrderRow.look_at)),
            lease_token=None,
            lease_until=None,
            **{name: each[f"new_{name}"] for name in _RESTING},
        )
    )
