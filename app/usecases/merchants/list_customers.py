"""List a store's customers for its merchant: searched, sorted, filtered, and paged by key, so that a million stay quick."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, literal, tuple_
from sqlmodel import Session, col, select

from app.db.bulk import IsIn
from app.db.columns import BigId, SearchWord, UtcTime
from app.db.stores import current_account
from app.db.tables import CustomerWordRow, KnownCustomerRow
from app.domain.search_words import typed_words
from app.domain.store import AccountKind
from app.errors import BadRequest
from app.usecases.merchants.word_conditions import words_begin
from app.usecases.services import Services

PAGE = 50
# Of an export: as many rows are in memory at once.
EXPORT_BATCH = 1000
_ID_MAX = 2**63 - 1
# Where so few pass one of the filters, they are looked at one by one. Otherwise a page is soon full.
_FEW = 1000
# No time zone brings these beyond what a moment can be.
_EARLIEST, _LATEST = date(1900, 1, 1), date(9000, 1, 1)


class CustomerSort(StrEnum):
    """What comes first: the last activity, the largest balance, or the most points that wait."""

    ACTIVITY = "activity"
    BALANCE = "balance"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class CustomerQuestion:
    """What is asked. What is found by `search`, beginnings of words of an address, is sorted by that word.

    `idle_since` is a day of the store: only customers without activity since it began are listed. `before` and `after` are keys
    of a page's ends, as `CustomerPage` gives them.
    """

    search: str = ""
    sort: CustomerSort = CustomerSort.ACTIVITY
    balance_over: int | None = None
    idle_since: date | None = None
    customer_type: str = ""
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class ListedCustomer:
    """One line of the list, as housekeeping added it up last."""

    email: str
    available: int
    waiting: int
    customer_type: str | None
    last_at: datetime


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """One page. `newer` and `older` are the keys of what lies beyond; empty where nothing does.

    `has_balances` is False where the points provider keeps them: then the list knows none.
    """

    customers: tuple[ListedCustomer, ...]
    newer: str = ""
    older: str = ""
    has_balances: bool = True


@dataclass(frozen=True, slots=True)
class _Filter:
    """A filter that is set. An index finds by `condition` who passes, in the order of `column`; the list asks by `in_list`."""

    column: Any
    condition: Any
    in_list: Any


def list_customers(
    services: Services, store_id: int, question: CustomerQuestion, *, time_zone: str, size: int = PAGE
) -> CustomerPage:
    """List one page.

    Raises BadRequest when a key is none that a page of ours gave.
    """
    with services.database.reading() as session:
        account = current_account(session, store_id)
        has_balances = account is None or account.kind == AccountKind.EMBEDDED
        found = _page(session, store_id, question, ZoneInfo(time_zone), size)
    return replace(found, has_balances=has_balances)


def export_customers(
    services: Services, store_id: int, question: CustomerQuestion, *, time_zone: str, batch: int = EXPORT_BATCH
) -> Iterator[ListedCustomer]:
    """Give all customers that a question finds. Each batch is a query of its own: no transaction waits for a slow reader."""
    question = replace(question, before="", after="")
    while True:
        page = list_customers(services, store_id, question, time_zone=time_zone, size=batch)
        yield from page.customers
        if not page.older:
            return
        question = replace(question, before=page.older)


def _page(session: Session, store_id: int, question: CustomerQuestion, zone: ZoneInfo, size: int) -> CustomerPage:
    beginnings = typed_words(question.search)
    if question.search and not beginnings:
        return CustomerPage(())
    is_back = bool(question.after)
    key = question.after or question.before
    column, sa_type, is_descending = (_WORD, SearchWord(), False) if beginnings else _SORTS[question.sort]
    ends = [column, _WORD_ID if beginnings else _ID]
    # The ids first: an index has all that they are chosen by.
    filters = tuple(_filters(question, zone, is_sqlite=session.get_bind().dialect.name == "sqlite"))
    ids = select(ends[1]).where(*_listed_in(store_id), *(one.in_list for one in filters))
    few = _few(session, store_id, filters)
    if few is not None:
        ids = ids.where(IsIn(ends[1], "few", few))
    if beginnings:
        ids = ids.join(KnownCustomerRow, _ID == _WORD_ID).where(*words_begin(store_id, beginnings))
    if key:
        ids = ids.where(_beyond(ends, _parsed(key, sa_type), sa_type, is_below=is_descending is not is_back))
    ordered = [end.desc() for end in ends] if is_descending is not is_back else ends
    chosen = session.execute(ids.add_columns(column.label("sorted_by")).order_by(*ordered).limit(size + 1)).all()
    has_more = len(chosen) > size
    chosen = chosen[:size][::-1] if is_back else chosen[:size]
    if not chosen:
        return CustomerPage(())
    is_found = _ID.in_([customer_id for customer_id, _ in chosen])
    rows = {row.id: row for row in session.exec(select(KnownCustomerRow).where(is_found))}
    return CustomerPage(
        tuple(_listed(rows[customer_id]) for customer_id, _ in chosen if customer_id in rows),
        newer=_key(*chosen[0]) if (has_more if is_back else bool(key)) else "",
        older=_key(*chosen[-1]) if is_back or has_more else "",
    )


_ID: Any = col(KnownCustomerRow.id)
_WORD: Any = col(CustomerWordRow.word)
_WORD_ID: Any = col(CustomerWordRow.customer_id)
_SORTS: dict[CustomerSort, tuple[Any, Any, bool]] = {
    CustomerSort.ACTIVITY: (col(KnownCustomerRow.last_at), UtcTime(), True),
    CustomerSort.BALANCE: (col(KnownCustomerRow.available), BigId(), True),
    CustomerSort.WAITING: (col(KnownCustomerRow.waiting), BigId(), True),
}


def _few(session: Session, store_id: int, filters: Sequence[_Filter]) -> list[int] | None:
    """Give all who pass one of the filters, where they are few.

    Example: nobody has the customer type that is asked for. The index of what the list is sorted by would be read to its end.
    """
    for one in filters:
        passing = select(_ID).where(*_listed_in(store_id), one.condition).order_by(one.column).limit(_FEW + 1)
        found = list(session.exec(passing))
        if len(found) <= _FEW:
            return found
    return None


def _listed_in(store_id: int) -> tuple[Any, ...]:
    # Housekeeping has added up whose last activity is known.
    return KnownCustomerRow.store_id == store_id, col(KnownCustomerRow.last_at).is_not(None)


def _filters(question: CustomerQuestion, zone: ZoneInfo, *, is_sqlite: bool) -> Iterator[_Filter]:
    available, last_at, of_type = (col(getattr(KnownCustomerRow, name)) for name in ("available", "last_at", "customer_type"))
    if question.balance_over is not None:
        yield _Filter(available, available > question.balance_over, available > question.balance_over)
    if question.idle_since is not None:
        midnight = datetime.combine(min(max(question.idle_since, _EARLIEST), _LATEST), time(), tzinfo=zone)
        yield _Filter(last_at, last_at < midnight, last_at < midnight)
    if question.customer_type:
        is_of_type = of_type == question.customer_type
        # SQLite does not know how common a type is, and would sort half of all customers: its planner does not see the column.
        yield _Filter(_ID, is_of_type, func.coalesce(of_type, "") == question.customer_type if is_sqlite else is_of_type)


def _beyond(ends: list[Any], place: tuple[Any, int], sa_type: Any, *, is_below: bool) -> Any:
    here = tuple_(literal(place[0], sa_type), literal(place[1], BigId()))
    return tuple_(*ends) < here if is_below else tuple_(*ends) > here


def _key(customer_id: int, value: Any) -> str:
    return f"{customer_id}~{value.isoformat() if isinstance(value, datetime) else value}"


def _parsed(key: str, sa_type: Any) -> tuple[Any, int]:
    customer_id, _, value = key.partition("~")
    try:
        return _READ[type(sa_type)](value.replace("\0", "")), min(int(customer_id), _ID_MAX)
    except (ValueError, OverflowError):
        raise BadRequest("This page is not there. Open the list again.") from None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC)


_READ: dict[Any, Any] = {SearchWord: str, UtcTime: _moment, BigId: lambda text: max(min(int(text), _ID_MAX), -_ID_MAX)}


def _listed(row: KnownCustomerRow) -> ListedCustomer:
    if row.last_at is None:
        raise ValueError("a customer is listed before they are added up")
    return ListedCustomer(
        email=row.email or row.email_key,
        available=row.available,
        waiting=row.waiting,
        customer_type=row.customer_type,
        last_at=row.last_at,
    )
