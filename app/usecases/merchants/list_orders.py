"""List a store's orders for its merchant: searched, filtered, and paged by key, so that a million of them stay quick."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import literal, tuple_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app.db.columns import BigId, OrderNumber, UtcTime
from app.db.former_addresses import FormerAddress
from app.db.keys import keys_in
from app.db.snapshots import OrderPrice, price_of
from app.db.tables import OrderRow
from app.domain.search_words import typed_words
from app.domain.status import PointsStatus
from app.errors import BadRequest
from app.usecases.merchants.search_orders import is_key_of_words, orders_by_words
from app.usecases.services import Services

PAGE = 50
# Of an export: as many rows are in memory at once.
EXPORT_BATCH = 1000
SEARCH_LENGTH_MAX = 320

# Sorts after every character that a number can hold.
_LAST = "\U0010ffff"
# Days this far from the ends of the calendar can be converted in every time zone.
_EARLIEST, _LATEST = date(1900, 1, 1), date(9000, 1, 1)
_BEGINNING = datetime(1900, 1, 1, tzinfo=UTC)


class OrderFilter(StrEnum):
    """Which orders are listed: those with a problem, or those of one points status."""

    ALL = "all"
    PROBLEM = "problem"
    PENDING = PointsStatus.PENDING.value
    READY = PointsStatus.READY.value
    CLAIMED = PointsStatus.CLAIMED.value
    CREDITED = PointsStatus.CREDITED.value
    REVERSED = PointsStatus.REVERSED.value
    NONE = PointsStatus.NONE.value


class ListOrder(StrEnum):
    """What comes first in a list: the newest, the lowest number, or the address that begins as was typed."""

    NEWEST = "newest first"
    NUMBER = "by number"
    ADDRESS = "by e-mail address, newest first"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `search` looks through all orders, unfiltered.

    It is an order's number or its beginning, an e-mail address, or beginnings of words of one, separated by spaces.

    The days are the store's own; both count. `before` and `after` are keys of a page's ends, as `OrderPage` gives them.
    """

    search: str = ""
    state: OrderFilter = OrderFilter.ALL
    first_day: date | None = None
    last_day: date | None = None
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class ListedOrder:
    """One line of the list. `price` is None for an order that was not read yet."""

    saleor_order_id: str
    number: str | None
    email: str | None
    placed_at: datetime | None
    status: str | None
    due: int
    granted: int
    shortfall: int
    problem: str | None
    price: OrderPrice | None


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One page. `newer` and `older` are the keys of what lies beyond; empty where nothing does."""

    orders: tuple[ListedOrder, ...]
    newer: str = ""
    older: str = ""
    order: ListOrder = ListOrder.NEWEST


def list_orders(services: Services, store_id: int, question: Question, *, time_zone: str, size: int = PAGE) -> OrderPage:
    """List one page, by one query; by a second where no number and no whole address is what was searched for.

    Raises BadRequest when a key is none that a page of ours gave.
    """
    with services.database.reading() as session:
        return _page(session, store_id, question, ZoneInfo(time_zone), size)


def export_orders(
    services: Services, store_id: int, question: Question, *, time_zone: str, batch: int = EXPORT_BATCH
) -> Iterator[ListedOrder]:
    """Give all orders that a question finds, newest first.

    Each batch is a query of its own: no transaction waits for a slow reader.
    """
    while True:
        page = list_orders(services, store_id, question, time_zone=time_zone, size=batch)
        yield from page.orders
        if not page.older:
            return
        question = replace(question, before=page.older, after="")


def _page(session: Session, store_id: int, question: Question, zone: ZoneInfo, size: int) -> OrderPage:
    at = question.after or question.before
    if is_key_of_words(at):
        return _found_by_words(session, store_id, question, size)
    page = _page_of_rows(session, store_id, question, zone, size)
    may_be_words = question.search and not question.search.startswith("#")
    if page.orders or at or not may_be_words:
        return page
    return _found_by_words(session, store_id, question, size)


def _found_by_words(session: Session, store_id: int, question: Question, size: int) -> OrderPage:
    found = orders_by_words(
        session, store_id, typed_words(question.search), before=question.before, after=question.after, size=size
    )
    return OrderPage(tuple(map(_listed, found.rows)), newer=found.newer, older=found.older, order=ListOrder.ADDRESS)


def _page_of_rows(session: Session, store_id: int, question: Question, zone: ZoneInfo, size: int) -> OrderPage:
    is_number = bool(question.search) and "@" not in question.search
    query, key = (
        (_by_number(_of(store_id), question.search), _NUMBER)
        if is_number
        else (_chosen(session, store_id, question, zone), _PLACED)
    )
    is_back = bool(question.after)
    at = question.after or question.before
    if at:
        query = query.where(key.beyond(at, is_back=is_back))
    rows = list(session.exec(query.order_by(*key.order(is_back=is_back)).limit(size + 1)))
    has_more = len(rows) > size
    rows = rows[:size][::-1] if is_back else rows[:size]
    if not rows:
        return OrderPage(())
    is_older = has_more if not is_back else True
    is_newer = has_more if is_back else bool(at)
    return OrderPage(
        tuple(_listed(row) for row in rows),
        newer=key.of(rows[0]) if is_newer else "",
        older=key.of(rows[-1]) if is_older else "",
        order=ListOrder.NUMBER if is_number else ListOrder.NEWEST,
    )


def _of(store_id: int) -> SelectOfScalar[OrderRow]:
    return select(OrderRow).where(OrderRow.store_id == store_id)


def _by_number(query: SelectOfScalar[OrderRow], beginning: str) -> SelectOfScalar[OrderRow]:
    """Find the numbers that begin with a text, the exact one first. An index serves bounds on both databases, but not LIKE."""
    beginning = beginning.removeprefix("#").replace("\0", "")
    return query.where(col(OrderRow.number) >= beginning, col(OrderRow.number) < beginning + _LAST)


def _by_email(query: SelectOfScalar[OrderRow], keys: Collection[str]) -> SelectOfScalar[OrderRow]:
    return query.where(col(OrderRow.email_key).in_(keys), col(OrderRow.placed_at).is_not(None))


def _chosen(session: Session, store_id: int, question: Question, zone: ZoneInfo) -> SelectOfScalar[OrderRow]:
    if question.search:
        return _by_email(_of(store_id), keys_in(session, question.search.replace("\0", "")))
    query = _of(store_id).where(col(OrderRow.placed_at).is_not(None))
    if question.state is OrderFilter.PROBLEM:
        query = query.where(col(OrderRow.problem).is_not(None))
    elif question.state is not OrderFilter.ALL:
        query = query.where(OrderRow.status == question.state.value)
    if question.first_day is not None:
        query = query.where(col(OrderRow.placed_at) >= _midnight(question.first_day, zone))
    if question.last_day is not None:
        query = query.where(col(OrderRow.placed_at) < _midnight(min(question.last_day, _LATEST) + timedelta(days=1), zone))
    return query


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(min(max(day, _EARLIEST), _LATEST), time(), tzinfo=zone)


@dataclass(frozen=True, slots=True)
class _Key:
    """By which columns a list is paged, and whether it begins with the largest."""

    column: Any
    sa_type: Any
    is_descending: bool
    write: Any
    read: Any

    def order(self, *, is_back: bool) -> Sequence[Any]:
        ends = (self.column, col(OrderRow.id))
        return [end.desc() for end in ends] if self.is_descending is not is_back else [end.asc() for end in ends]

    def beyond(self, key: str, *, is_back: bool) -> Any:
        value, row_id = self._parsed(key)
        here = tuple_(literal(value, self.sa_type), literal(row_id, BigId()))
        both = tuple_(self.column, col(OrderRow.id))
        return both < here if self.is_descending is not is_back else both > here

    def of(self, row: OrderRow) -> str:
        return f"{row.id}~{self.write(row)}"

    def _parsed(self, key: str) -> tuple[Any, int]:
        row_id, _, value = key.partition("~")
        try:
            return self.read(value.replace("\0", "")), min(int(row_id), 2**63 - 1)
        except (ValueError, OverflowError):
            raise BadRequest("This page is not there. Open the list again.") from None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC)


_PLACED = _Key(
    col(OrderRow.placed_at),
    UtcTime(),
    is_descending=True,
    write=lambda row: row.placed_at.isoformat() if row.placed_at is not None else "",
    read=_moment,
)
_NUMBER = _Key(col(OrderRow.number), OrderNumber(), is_descending=False, write=lambda row: row.number or "", read=str)


def _listed(row: OrderRow) -> ListedOrder:
    return ListedOrder(
        saleor_order_id=row.saleor_order_id,
        number=row.number,
        email=row.email,
        placed_at=row.placed_at,
        status=row.status,
        due=row.due,
        granted=row.granted,
        shortfall=row.shortfall,
        problem=row.problem,
        price=price_of(row.snapshot),
    )


def newest_of_customer(
    session: Session, store_id: int, email: str, *, limit: int, former: Iterable[FormerAddress] = ()
) -> list[ListedOrder]:
    """Find the newest orders of a customer, with those placed at former addresses until the customer was moved from them."""
    queries = [_by_email(_of(store_id), keys_in(session, email))]
    queries += [_by_email(_of(store_id), {one.key}).where(col(OrderRow.placed_at) <= one.until) for one in former]
    found = [row for query in queries for row in session.exec(query.order_by(*_PLACED.order(is_back=False)).limit(limit))]
    found.sort(key=lambda row: (row.placed_at or _BEGINNING, row.id or 0), reverse=True)
    return [_listed(row) for row in found[:limit]]
