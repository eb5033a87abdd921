"""Find orders by the beginnings of words of their customers' addresses, in the order of an index, so that it stays quick."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import literal, tuple_
from sqlmodel import Session, col, or_, select

from app.db.columns import BigId, SearchWord, UtcTime
from app.db.tables import CustomerWordRow, KnownCustomerRow, OrderRow
from app.errors import BadRequest
from app.usecases.merchants.word_conditions import words_begin

# Tells the key of such a page from those of the other lists.
_PREFIX = "w~"
_ID_MAX = 2**63 - 1
_NO_PAGE = "This page is not there. Open the list again."


@dataclass(frozen=True, slots=True)
class FoundOrders:
    """One page, by address and newest first. `newer` and `older` are keys of what stands before and after it, or empty."""

    rows: Sequence[OrderRow]
    newer: str = ""
    older: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an order stands in the list."""

    word: str
    customer_id: int
    placed_at: datetime
    order_id: int

    def key(self) -> str:
        return f"{_PREFIX}{self.order_id}~{self.customer_id}~{self.placed_at.isoformat()}~{self.word}"


def is_key_of_words(key: str) -> bool:
    """Tell whether a page's key is one of `orders_by_words`."""
    return key.startswith(_PREFIX)


def orders_by_words(
    session: Session, store_id: int, beginnings: Sequence[str], *, before: str = "", after: str = "", size: int
) -> FoundOrders:
    """Find the orders of customers whose address has a word for each of the beginnings, which may go on beyond the word.

    Raises BadRequest when a key is none that a page of ours gave.
    """
    if not beginnings:
        return FoundOrders(())
    is_back = bool(after)
    at = _place(after or before) if after or before else None
    found = session.exec(_query(store_id, beginnings, at, is_back=is_back).limit(size + 1)).all()
    has_more = len(found) > size
    found = found[:size][::-1] if is_back else found[:size]
    if not found:
        return FoundOrders(())
    first, last = (
        _Place(word, customer_id, order.placed_at, order.id).key() for order, word, customer_id in (found[0], found[-1])
    )
    return FoundOrders(
        [order for order, _, _ in found],
        newer=first if (has_more if is_back else at is not None) else "",
        older=last if is_back or has_more else "",
    )


def _query(store_id: int, beginnings: Sequence[str], at: _Place | None, *, is_back: bool) -> Any:
    word, customer_id = col(CustomerWordRow.word), col(CustomerWordRow.customer_id)
    placed_at, order_id = col(OrderRow.placed_at), col(OrderRow.id)
    query = (
        select(OrderRow, CustomerWordRow.word, CustomerWordRow.customer_id)
        .select_from(CustomerWordRow)
        .join(KnownCustomerRow, col(KnownCustomerRow.id) == customer_id)
        .join(
            OrderRow,
            (col(OrderRow.store_id) == col(KnownCustomerRow.store_id))
            & (col(OrderRow.email_key) == col(KnownCustomerRow.email_key)),
        )
        .where(*words_begin(store_id, beginnings), placed_at.is_not(None))
    )
    if at is not None:
        query = query.where(*_beyond(at, is_back=is_back))
    if is_back:
        return query.order_by(word.desc(), customer_id.desc(), placed_at, order_id)
    return query.order_by(word, customer_id, placed_at.desc(), order_id.desc())


def _beyond(at: _Place, *, is_back: bool) -> tuple[Any, Any]:
    """Bound the customers first, where the index begins; of the customer on whom a page ended, the orders."""
    customer = tuple_(col(CustomerWordRow.word), col(CustomerWordRow.customer_id))
    order = tuple_(col(OrderRow.placed_at), col(OrderRow.id))
    here = tuple_(literal(at.word, SearchWord()), literal(at.customer_id, BigId()))
    there = tuple_(literal(at.placed_at, UtcTime()), literal(at.order_id, BigId()))
    if is_back:
        return customer <= here, or_(customer < here, order > there)
    return customer >= here, or_(customer > here, order < there)


def _place(key: str) -> _Place:
    order_id, _, rest = key.removeprefix(_PREFIX).partition("~")
    customer_id, _, rest = rest.partition("~")
    moment, _, word = rest.partition("~")
    try:
        placed_at = datetime.fromisoformat(moment)
        ids = min(int(customer_id), _ID_MAX), min(int(order_id), _ID_MAX)
        place = _Place(word.replace("\0", ""), ids[0], placed_at.astimezone(UTC), ids[1])
    except (ValueError, OverflowError):
        raise BadRequest(_NO_PAGE) from None
    if placed_at.tzinfo is None:
        raise BadRequest(_NO_PAGE)
    return place
