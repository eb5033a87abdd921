"""The queue: orders that wait to be looked at, and the leases of those in hand."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, String, bindparam, case, exists, func, literal, or_, select, update
from sqlmodel import Session, SQLModel, col

from app.domain.order import Told
from app.store.bulk import Among, EachRow
from app.store.compiled import CompiledStatement
from app.store.dialects import insert_into
from app.store.models import AccountRow, EventRow, OrderRow, StoreRow, StoreState
from app.store.quick import Quick
from app.store.signers import Signer

LEASE = timedelta(seconds=60)
# A lease is prolonged once this much of it is gone: each time writes the orders' rows anew, and a batch asks many times a second.
_PROLONGED_AFTER = timedelta(seconds=10)
# So long, at least, a lease holds from the moment at which it was asked whether it is still ours.
LEASE_HOLDS = LEASE - _PROLONGED_AFTER


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


def choose_store(session: Session, now: datetime) -> StoreRow | None:
    """Choose the store to serve next: of those that can be served and have work, the one that has waited longest."""
    return session.scalars(_STORE_WITH_WORK, {"now": now}).first()


def note_served(session: Session, store: StoreRow, now: datetime) -> None:
    """Put a store behind the others. Last in its transaction: its row is locked from here on, and other workers want it, too."""
    session.connection().execute(_SERVED, {"of_store": store.id, "at": now})


def lease(session: Session, store_id: int, token: str, *, limit: int, now: datetime) -> list[OrderRow]:
    """Take up to `limit` waiting orders of a store for the holder of the token. Several workers take different ones."""
    chosen = session.scalars(_WAITING_OF_STORE.limit(limit), {"store_id": store_id, "now": now}).all()
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

    Each of `rests` holds `of_order`, `of_wakes`, `next_look` and the values of shortfall, problem, failures, status and words.
    """
    if not rests:
        return
    connection = session.connection()
    each, statement = _rest_statement(connection.dialect.name)
    each.run(connection, statement, rests, token=token)


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


# Where no row's object is asked for, the tables themselves: the ORM's own part costs as much again.
_ORDERS: Any = OrderRow.__table__  # type: ignore[attr-defined]  # every table model has it
_STORES: Any = StoreRow.__table__  # type: ignore[attr-defined]  # every table model has it
_TIME = _ORDERS.c.look_at.type


def _is_waiting(now: Any) -> tuple[Any, Any]:
    return col(OrderRow.look_at) <= now, or_(col(OrderRow.lease_until).is_(None), col(OrderRow.lease_until) <= now)


def _not_later(now: Any) -> Any:
    """A wake never moves a look to later."""
    return case((col(OrderRow.look_at) < now, col(OrderRow.look_at)), else_=now)


_NOW, _TOLD_AT = bindparam("now", type_=_TIME), bindparam("told_at", type_=_TIME)

# Built once: for a few orders, building a statement costs more than running it.
_STORE_WITH_WORK = (
    select(StoreRow)
    .where(
        col(StoreRow.state) == StoreState.ACTIVE,
        or_(col(StoreRow.paused_until).is_(None), col(StoreRow.paused_until) <= _NOW),
        ~exists().where(
            col(AccountRow.store_id) == col(StoreRow.id), col(AccountRow.is_current), col(AccountRow.paused_until) > _NOW
        ),
        exists().where(col(OrderRow.store_id) == col(StoreRow.id), *_is_waiting(_NOW)),
    )
    .order_by(col(StoreRow.served_at).nulls_first(), col(StoreRow.id))
    .limit(1)
)
_SERVED = update(_STORES).where(_STORES.c.id == bindparam("of_store")).values(served_at=bindparam("at", type_=_TIME))
_AS_READ = select(_ORDERS.c.id, _ORDERS.c.saleor_order_id, _ORDERS.c.read_facts, _ORDERS.c.words_mark).where(
    _ORDERS.c.store_id == bindparam("store_id"), Among(_ORDERS.c.saleor_order_id, "saleor_order_ids")
)
_WAITING_OF_STORE = (
    select(col(OrderRow.id))
    .where(col(OrderRow.store_id) == bindparam("store_id"), *_is_waiting(_NOW))
    .order_by(col(OrderRow.look_at))
    .with_for_update(skip_locked=True)
)
_LEASED = (
    update(OrderRow)
    .where(Among(col(OrderRow.id), "chosen"))
    .values(lease_token=bindparam("token"), lease_until=bindparam("until", type_=_TIME))
    .returning(OrderRow)
    .execution_options(synchronize_session=False)
)
_HELD = (
    select(_ORDERS.c.id, _ORDERS.c.lease_until)
    .where(Among(_ORDERS.c.id, "chosen"), _ORDERS.c.lease_token == bindparam("token"))
    .order_by(_ORDERS.c.id)
    .with_for_update(key_share=True)
)
_PROLONGED = update(_ORDERS).where(Among(_ORDERS.c.id, "chosen")).values(lease_until=bindparam("until", type_=_TIME))
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


_RESTING = ("shortfall", "shortfall_since", "problem_code", "problem", "failures", "status", "words_mark")


@cache
def _rest_statement(dialect: str) -> tuple[EachRow, Any]:
    types = _ORDERS.c
    new = {f"new_{name}": types[name].type for name in _RESTING}
    each = EachRow(dialect, of_order=types.id.type, of_wakes=types.wakes.type, next_look=_TIME, **new)
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
