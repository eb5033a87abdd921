"""Waking: an order is looked at because Saleor, a sweep, a shopper or staff say that something changed."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, String, bindparam, case, literal, or_, select, update
from sqlmodel import Session, SQLModel, col

from app.db.bulk import Among
from app.db.compiled import CompiledStatement
from app.db.dialects import insert_into
from app.db.quick import Quick
from app.db.signers import Signer
from app.db.tables import EventRow, OrderRow, StoreRow, StoreState
from app.domain.order import Told


def wake_told(quick: Quick, signer: Signer, told: Told, event_type: str, now: datetime) -> bool:
    """Note that an event arrived for an order, and wake the order if it differs from what was last read.

    An order never seen gets its row. Gives False, with nothing done, where the store's row is not any more as the signer
    remembers it: the statement that writes looks at it.
    """
    noting, *waking = _told_statements(quick.dialect)
    values = {
        "store_id": signer.store_id,
        "api_url": signer.api_url,
        "app_id": signer.app_id,
        "jwks": signer.jwks,
        "saleor_order_id": told.order_id,
        "told_at": told.updated_at,
        "facts": told.facts,
        "type": event_type,
        "now": now,
    }
    is_served = noting.run(quick.driver, values) is not None
    if is_served:
        for statement in waking:
            statement.run(quick.driver, values)
    return is_served


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
        facts = "" if all_of_them else one.facts
        values = {"store_id": store_id, "saleor_order_id": one.order_id, "told_at": one.updated_at, "facts": facts, "now": now}
        woken += session.execute(statement, values | {"says": one.words_mark}).first() is not None
    return woken


def _differs(told: Told, known: Any) -> bool:
    says_else = known is not None and None not in {told.words_mark, known.words_mark} and told.words_mark != known.words_mark
    return known is None or known.read_facts != told.facts or says_else


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
        .where(Among(col(OrderRow.id), "order_ids", order_ids), is_lost)
        .values(look_at=_not_later(now), wakes=col(OrderRow.wakes) + 1)
    )


def _not_later(now: Any) -> Any:
    """A wake never moves a look to later."""
    return case((col(OrderRow.look_at) < now, col(OrderRow.look_at)), else_=now)


_ORDERS: Any = OrderRow.__table__  # type: ignore[attr-defined]  # every table model has it
_NOW, _TOLD_AT = (bindparam(name, type_=_ORDERS.c.look_at.type) for name in ("now", "told_at"))
_AS_READ = select(_ORDERS.c.id, _ORDERS.c.saleor_order_id, _ORDERS.c.read_facts, _ORDERS.c.words_mark).where(
    _ORDERS.c.store_id == bindparam("store_id"), Among(_ORDERS.c.saleor_order_id, "saleor_order_ids")
)
_NEW_ORDER = {
    "saleor_order_id": bindparam("saleor_order_id", type_=String()),
    "look_at": _NOW,
    "told_at": _TOLD_AT,
    "created_at": _NOW,
    "placed_at": _NOW,
    "wakes": 1,
    "due": 0,
    "granted": 0,
    "shortfall": 0,
    "failures": 0,
}
_NEW_EVENT = {
    "saleor_order_id": bindparam("saleor_order_id", type_=String()),
    "type": bindparam("type", type_=String()),
    "count": 1,
    "first_at": _NOW,
    "last_at": _NOW,
}


@cache
def _wake_statement(dialect: str) -> Any:
    """Insert an order that waits, or wake it if it differs from what was last read."""
    return _or_wake(insert_into(dialect, OrderRow).values(_NEW_ORDER | {"store_id": bindparam("store_id")}))


@cache
def _sweep_statement(dialect: str) -> Any:
    """The same, or if something else stands on it than should: a call that told Saleor so may have come late, and last."""
    says_else = col(OrderRow.words_mark) != bindparam("says", type_=String())
    return _or_wake(insert_into(dialect, OrderRow).values(_NEW_ORDER | {"store_id": bindparam("store_id")}), says_else)


@cache
def _told_statements(dialect: str) -> tuple[CompiledStatement, ...]:
    """Build what a delivery writes. The first statement gives a row only where the store is served as it was remembered."""
    served = select(col(StoreRow.id)).where(
        col(StoreRow.id) == bindparam("store_id"),
        col(StoreRow.saleor_api_url) == bindparam("api_url"),
        col(StoreRow.app_id) == bindparam("app_id"),
        col(StoreRow.jwks) == bindparam("jwks"),
        col(StoreRow.state) != StoreState.DELETED.value,
    )
    if dialect == "sqlite":
        note = _or_count(_of_store(dialect, EventRow, _NEW_EVENT, served)).returning(col(EventRow.store_id))
        return CompiledStatement(note, dialect), CompiledStatement(_wake_statement(dialect), dialect)
    store = served.cte("served")
    woken = _or_wake(_of_store(dialect, OrderRow, _NEW_ORDER, select(store))).cte("woken")
    noted = _or_count(_of_store(dialect, EventRow, _NEW_EVENT, select(store))).returning(col(EventRow.store_id)).cte("noted")
    # All of a statement's parts are carried out, asked for or not.
    return (CompiledStatement(select(noted).add_cte(woken), dialect),)


def _of_store(dialect: str, model: type[SQLModel], values: Mapping[str, Any], store: Any) -> Any:
    """Insert a row for the store that a query gives, and none where it gives none."""
    columns = model.__table__.c  # type: ignore[attr-defined]  # every table model has it
    given = (value if isinstance(value, BindParameter) else literal(value, columns[name].type) for name, value in values.items())
    return insert_into(dialect, model).from_select(["store_id", *values], store.add_columns(*given), include_defaults=False)


def _or_wake(insert: Any, *others: Any) -> Any:
    return insert.on_conflict_do_update(
        index_elements=["store_id", "saleor_order_id"],
        set_={
            "look_at": _not_later(_NOW),
            "wakes": col(OrderRow.wakes) + 1,
            "told_at": case((col(OrderRow.told_at) > _TOLD_AT, col(OrderRow.told_at)), else_=_TOLD_AT),
        },
        where=or_(col(OrderRow.read_facts).is_distinct_from(bindparam("facts")), *others),
    ).returning(col(OrderRow.id))


def _or_count(insert: Any) -> Any:
    return insert.on_conflict_do_update(
        index_elements=["store_id", "saleor_order_id", "type"], set_={"count": col(EventRow.count) + 1, "last_at": _NOW}
    )
