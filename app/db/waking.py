"""Waking: an order is looked at because Saleor, a sweep, a shopper or staff say that something changed."""

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import String, and_, bindparam, case, or_, select, text, update
from sqlmodel import Session, col

from app.db.bulk import IsIn
from app.db.dialects import insert_into
from app.db.tables import OrderRow
from app.domain.order import Told


def wake_changed(session: Session, store_id: int, told: Collection[Told], now: datetime, *, all_of_them: bool = False) -> int:
    """Wake those of many orders that differ from what was last read, or say what they should not, or all. Gives how many.

    Most were told already and differ in nothing. Those are only looked at: who holds many rows makes others wait, or waits
    crosswise with a worker that holds a hundred.
    """
    asked = {"store_id": store_id, "saleor_order_ids": [one.order_id for one in told]}
    known = {row.saleor_order_id: row for row in session.connection().execute(_AS_READ, asked)}
    changed = [one for one in told if all_of_them or _differs(one, known.get(one.order_id))]
    # Those that we know in the order of their ids; nobody holds the others yet.
    changed.sort(key=lambda one: known[one.order_id].id if one.order_id in known else 0)
    statement = _sweep_statement(session.get_bind().dialect.name)
    woken = 0
    for one in changed:
        # No order was ever read with no facts, so each of all of them counts as changed.
        facts, first_facts = ("", "") if all_of_them else (one.facts, one.first_facts)
        values = {"store_id": store_id, "saleor_order_id": one.order_id, "told_at": one.updated_at, "now": now}
        values |= {"facts": facts, "first_facts": first_facts}
        woken += session.execute(statement, values | {"says": one.metadata_hash}).first() is not None
    return woken


def _differs(told: Told, known: Any) -> bool:
    says_else = (
        known is not None and None not in {told.metadata_hash, known.metadata_hash} and told.metadata_hash != known.metadata_hash
    )
    return known is None or known.read_facts not in {told.facts, told.first_facts} or says_else


def wake(session: Session, order_id: int, now: datetime) -> None:
    """Wake an order that we know, because something else than Saleor changed it."""
    session.execute(
        update(OrderRow).where(col(OrderRow.id) == order_id).values(look_at=_not_later(now), wakes=col(OrderRow.wakes) + 1)
    )


def wake_lost(session: Session, token: str, order_ids: Collection[int], now: datetime) -> None:
    """Wake those of the orders that the holder of the token has lost: what it did last may have undone what another did."""
    is_lost = or_(col(OrderRow.lease_token).is_(None), col(OrderRow.lease_token) != token)
    session.execute(
        update(OrderRow)
        .where(IsIn(col(OrderRow.id), "order_ids", order_ids), is_lost)
        .values(look_at=_not_later(now), wakes=col(OrderRow.wakes) + 1)
    )


def wake_short(session: Session, store_id: int, email_keys: Collection[str], now: datetime) -> None:
    """Wake the orders of these customers that are to take points back."""
    session.connection().execute(_SHORT_WOKEN, {"of_store": store_id, "email_keys": list(email_keys), "now": now})


def wake_waiting_for(session: Session, lanes: Collection[str], now: datetime) -> None:
    """Wake the orders that wait for other changes of the same customers' points, which have just ended."""
    session.connection().execute(_WAITING_WOKEN, {"lanes": list(lanes), "now": now})


def wake_put_off(session: Session, store_id: int, until: datetime, now: datetime) -> None:
    """Wake a store's orders whose next look lies before `until`: a clock that ran ahead may have set it too late."""
    session.connection().execute(_PUT_OFF_WOKEN, {"of_store": store_id, "until": until, "now": now})


def _not_later(now: Any) -> Any:
    """A wake never moves a look to later."""
    return case((col(OrderRow.look_at) < now, col(OrderRow.look_at)), else_=now)


_ORDERS: Any = OrderRow.__table__  # type: ignore[attr-defined]  # every table model has it
_NOW, _TOLD_AT, _UNTIL = (bindparam(name, type_=_ORDERS.c.look_at.type) for name in ("now", "told_at", "until"))
_AS_READ = select(_ORDERS.c.id, _ORDERS.c.saleor_order_id, _ORDERS.c.read_facts, _ORDERS.c.metadata_hash).where(
    _ORDERS.c.store_id == bindparam("store_id"), IsIn(_ORDERS.c.saleor_order_id, "saleor_order_ids")
)


def _woken_if_free(*which: Any) -> Any:
    """Wake orders from within a transaction that holds other rows already: it never waits for whoever holds them.

    Who holds one is a worker that lets it rest. Once that worker has written it, it asks whether what the order waits for is
    there by now (`rest_orders`).
    """
    free = select(_ORDERS.c.id).where(*which).order_by(_ORDERS.c.id).with_for_update(skip_locked=True)
    return update(_ORDERS).where(_ORDERS.c.id.in_(free)).values(look_at=_not_later(_NOW), wakes=_ORDERS.c.wakes + 1)


# Built once: one of them runs whenever a balance rises, and building it costs more than running it.
_IS_OF_STORE = _ORDERS.c.store_id == bindparam("of_store")
_SHORT_WOKEN = _woken_if_free(_IS_OF_STORE, IsIn(_ORDERS.c.email_key, "email_keys"), text("shortfall > 0"))
_WAITING_WOKEN = _woken_if_free(text("waits_lane IS NOT NULL"), IsIn(_ORDERS.c.waits_lane, "lanes"))
_PUT_OFF_WOKEN = _woken_if_free(_IS_OF_STORE, _ORDERS.c.look_at > _NOW, _ORDERS.c.look_at <= _UNTIL)


@cache
def _sweep_statement(dialect: str) -> Any:
    """Insert an order never seen, or wake it if it differs from what was last read, or if its metadata is not what it should be.

    The metadata differs where our own call that wrote it arrived late, after a newer one. What a delivery writes is the same
    statement without the metadata: `intake.py` has it as SQL.
    """
    insert = insert_into(dialect, OrderRow).values(
        store_id=bindparam("store_id"),
        saleor_order_id=bindparam("saleor_order_id"),
        look_at=_NOW,
        told_at=_TOLD_AT,
        created_at=_NOW,
        placed_at=_NOW,
        wakes=1,
    )
    says_else = col(OrderRow.metadata_hash) != bindparam("says", type_=String())
    differs = and_(*(col(OrderRow.read_facts).is_distinct_from(bindparam(form)) for form in ("facts", "first_facts")))
    return insert.on_conflict_do_update(
        index_elements=["store_id", "saleor_order_id"],
        set_={
            "look_at": _not_later(_NOW),
            "wakes": col(OrderRow.wakes) + 1,
            "told_at": case((col(OrderRow.told_at) > _TOLD_AT, col(OrderRow.told_at)), else_=_TOLD_AT),
        },
        where=or_(differs, says_else),
    ).returning(col(OrderRow.id))
