"""The rows that a replay of lots reads, customer by customer: no more are in memory than one customer has."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Row, bindparam, case, func, select, union_all
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.db.bulk import IsIn
from app.db.points_policies import as_policy
from app.db.tables import (
    PointsCustomerRow,
    PointsEntryRow,
    PointsLotRow,
    PointsLotUseRow,
    PointsPolicyRow,
    PointsSpendRow,
    StoreRow,
)
from app.db.tables.points_entry import EntryKind
from app.domain.lots import Use
from app.ledger.audit import Range
from app.ledger.lot_facts import RecordedPolicy, SourceUse, Spend, StoredLot, Versions

# Rows of each statement that are fetched at once.
_AT_ONCE = 1000
T = TypeVar("T")


class CustomerRows(NamedTuple):
    """A customer's entries; and by their ids the lots that each made, what it used, and what was used by what it gives back."""

    entries: Sequence[Row[Any]]
    lots: dict[int, list[StoredLot]]
    uses: dict[int, list[Use]]
    sources: dict[int, list[SourceUse]]


class Arrival(NamedTuple):
    """What a moved customer brings along: from whom, by which entries, and what they used of that customer's lots."""

    giver_id: int
    first_entry_id: int
    uses: list[SourceUse]


def versions_of(session: Session, store_id: int) -> Versions:
    """Load all versions of a store's policy."""
    of_store = select(PointsPolicyRow).where(col(PointsPolicyRow.store_id) == store_id).order_by(col(PointsPolicyRow.id))
    rows = session.scalars(of_store).all()
    versions = tuple(RecordedPolicy(row.id or 0, as_policy(row), row.in_force_from) for row in rows)
    return Versions(versions, session.get_one(StoreRow, store_id).time_zone)


def rows_of_customers(session: Session, store_id: int, within: Range) -> Iterator[CustomerRows]:
    """Give the rows of those customers of a range that have entries. All statements must see the same moment."""
    values = {"store_id": store_id, "after": within.after, "until": within.until}

    def stream(query: Any) -> Iterator[tuple[int, Iterator[Row[Any]]]]:
        return groupby(session.execute(query.execution_options(yield_per=_AT_ONCE), values), key=attrgetter("of_customer"))

    beside = [_Beside(stream(query)) for query in (_LOTS, _USES, _SOURCES)]
    for customer_id, entries in stream(_OF_RANGE):
        lots, uses, sources = (one.of(customer_id) for one in beside)
        yield CustomerRows(
            list(entries),
            _by_entry(lots, lambda row: StoredLot._make(row[2:])),
            _by_entry(uses, lambda row: Use._make(row[3:])),
            _by_entry(sources, lambda row: SourceUse._make(row[3:])),
        )


def arrival_by(session: Session, entry_id: int, customer_id: int, move_id: int) -> Arrival | None:
    """Find what the entry of a moved customer brings along. None where it is the one that gives."""
    of_move = select(col(PointsEntryRow.customer_id), col(PointsEntryRow.id)).where(col(PointsEntryRow.move_id) == move_id)
    halves = session.execute(of_move.order_by(col(PointsEntryRow.id))).all()
    gives = [row for row in halves if row.customer_id != customer_id and row.id < entry_id]
    if not gives or halves[0].customer_id == customer_id:
        return None
    uses = session.execute(_USED_BY, {"entry_id": gives[-1].id})
    return Arrival(halves[0].customer_id, gives[0].id, [SourceUse(*row) for row in uses])


def given_back_elsewhere(session: Session, spend_ids: Sequence[int], customer_id: int) -> dict[int, list[tuple[int, int]]]:
    """Find what other customers got back of spends: by spend, the ids of the entries and their points."""
    found = defaultdict[int, list[tuple[int, int]]](list)
    if spend_ids:
        query = select(col(PointsEntryRow.spend_id), col(PointsEntryRow.id), col(PointsEntryRow.amount)).where(
            IsIn(col(PointsEntryRow.spend_id), "spends", spend_ids),
            col(PointsEntryRow.kind) == EntryKind.GIVE_BACK.value,
            col(PointsEntryRow.customer_id) != customer_id,
        )
        for spend_id, entry_id, points in session.execute(query):
            found[spend_id].append((entry_id, points))
    return found


def entries_before(session: Session, customer_id: int, entry_id: int) -> tuple[Sequence[Row[Any]], set[int]]:
    """Give a customer's entries before another one, and which of them made lots."""
    is_before = (col(PointsEntryRow.customer_id) == customer_id, col(PointsEntryRow.id) < entry_id)
    made = select(col(PointsLotRow.entry_id)).join(PointsEntryRow, col(PointsEntryRow.id) == col(PointsLotRow.entry_id))
    return session.execute(_ENTRIES.where(*is_before)).all(), set(session.scalars(made.where(*is_before)))


def spend_of(row: Row[Any]) -> Spend | None:
    """Give the payment that an entry is a part of."""
    return None if row.payer is None else Spend(row.spend_id, row.payer, row.spend_points, row.spent_at)


class _Beside:
    """Rows in the order of customers, given customer by customer. Not every customer has any."""

    def __init__(self, groups: Iterator[tuple[int, Iterator[Row[Any]]]]) -> None:
        self._groups = groups
        self._next = self._take()

    def of(self, customer_id: int) -> list[Row[Any]]:
        """Give a customer's rows. Customers are asked for in their order."""
        if self._next is None or self._next[0] != customer_id:
            return []
        rows, self._next = self._next[1], self._take()
        return rows

    def _take(self) -> tuple[int, list[Row[Any]]] | None:
        group = next(self._groups, None)
        return None if group is None else (group[0], list(group[1]))


def _by_entry(rows: Iterable[Row[Any]], as_value: Callable[[Row[Any]], T]) -> dict[int, list[T]]:
    found = defaultdict[int, list[T]](list)
    for row in rows:
        found[row.of_entry].append(as_value(row))
    return found


def _back_before(is_of_the_same: Callable[[Any], Any]) -> Any:
    before = aliased(PointsEntryRow)
    is_before = (is_of_the_same(before), col(before.amount) > 0, col(before.id) < col(PointsEntryRow.id))
    return select(func.coalesce(func.sum(col(before.amount)), 0)).where(*is_before).scalar_subquery()


_GIVES_BACK = (col(PointsEntryRow.kind) == EntryKind.GIVE_BACK.value, col(PointsEntryRow.spend_id).is_not(None))
_GIVES_AGAIN = (col(PointsEntryRow.amount) > 0, col(PointsEntryRow.undoes_id).is_not(None))
# Entries, each with its customer as stored, its spend, and how much of the same had come back before.
_ENTRIES: Any = (
    select(
        col(PointsEntryRow.customer_id).label("of_customer"),
        col(PointsEntryRow.id),
        col(PointsEntryRow.kind),
        col(PointsEntryRow.amount),
        col(PointsEntryRow.created_at),
        col(PointsEntryRow.undoes_id),
        col(PointsEntryRow.move_id),
        col(PointsEntryRow.spend_id),
        col(PointsSpendRow.customer_id).label("payer"),
        col(PointsSpendRow.points).label("spend_points"),
        col(PointsSpendRow.created_at).label("spent_at"),
        case(
            (_GIVES_BACK[0], _back_before(lambda before: col(before.spend_id) == col(PointsEntryRow.spend_id))),
            (
                _GIVES_AGAIN[0] & _GIVES_AGAIN[1],
                _back_before(lambda before: col(before.undoes_id) == col(PointsEntryRow.undoes_id)),
            ),
            else_=0,
        ).label("back_before"),
        col(PointsCustomerRow.earned_at),
        col(PointsCustomerRow.active_at),
        col(PointsCustomerRow.ends_next),
    )
    .join(PointsCustomerRow, col(PointsCustomerRow.id) == col(PointsEntryRow.customer_id))
    .outerjoin(PointsSpendRow, col(PointsSpendRow.id) == col(PointsEntryRow.spend_id))
    .order_by(col(PointsEntryRow.customer_id), col(PointsEntryRow.id))
)
_IS_IN_RANGE = (
    col(PointsEntryRow.customer_id) > bindparam("after"),
    col(PointsEntryRow.customer_id) <= bindparam("until"),
    col(PointsCustomerRow.store_id) == bindparam("store_id"),
)
_OF_RANGE = _ENTRIES.where(*_IS_IN_RANGE)


def _beside_entries(*columns: Any) -> Any:
    return (
        select(col(PointsEntryRow.customer_id).label("of_customer"), col(PointsEntryRow.id).label("of_entry"), *columns)
        .select_from(PointsEntryRow)
        .join(PointsCustomerRow, col(PointsCustomerRow.id) == col(PointsEntryRow.customer_id))
        .where(*_IS_IN_RANGE)
    )


# The order of the columns is that of StoredLot, of Use and of SourceUse.
_LOTS = (
    _beside_entries(
        col(PointsLotRow.id),
        col(PointsLotRow.customer_id),
        col(PointsLotRow.origin_id),
        col(PointsLotRow.policy_id),
        col(PointsLotRow.ends),
        col(PointsLotRow.points),
    )
    .join(PointsLotRow, col(PointsLotRow.entry_id) == col(PointsEntryRow.id))
    .order_by(col(PointsEntryRow.customer_id), col(PointsEntryRow.id), col(PointsLotRow.id))
)
_USES = (
    _beside_entries(col(PointsLotUseRow.id), col(PointsLotUseRow.lot_id), col(PointsLotUseRow.points))
    .join(PointsLotUseRow, col(PointsLotUseRow.entry_id) == col(PointsEntryRow.id))
    .order_by(col(PointsEntryRow.customer_id), col(PointsEntryRow.id), col(PointsLotUseRow.id))
)
_SOURCE = (
    col(PointsLotRow.id),
    col(PointsLotRow.customer_id),
    col(PointsLotRow.origin_id),
    col(PointsLotRow.policy_id),
    col(PointsLotRow.ends),
    (-col(PointsLotUseRow.points)).label("points"),
)
_USED_BY = (
    select(*_SOURCE)
    .join(PointsLotUseRow, col(PointsLotUseRow.lot_id) == col(PointsLotRow.id))
    .where(col(PointsLotUseRow.entry_id) == bindparam("entry_id"), col(PointsLotUseRow.points) < 0)
    .order_by(col(PointsLotUseRow.id))
)


def _sources(is_source: Callable[[Any], Any], *gives: Any) -> Any:
    source = aliased(PointsEntryRow)
    return (
        _beside_entries(col(PointsLotUseRow.id).label("use_id"), *_SOURCE, (-col(source.amount)).label("taken"))
        .join(source, is_source(source))
        .join(PointsLotUseRow, col(PointsLotUseRow.entry_id) == col(source.id))
        .join(PointsLotRow, col(PointsLotRow.id) == col(PointsLotUseRow.lot_id))
        .where(*gives, col(PointsLotUseRow.points) < 0)
    )


_GIVING = union_all(
    _sources(
        lambda source: (col(source.spend_id) == col(PointsEntryRow.spend_id)) & (col(source.kind) == EntryKind.SPEND.value),
        *_GIVES_BACK,
    ),
    _sources(lambda source: col(source.id) == col(PointsEntryRow.undoes_id), *_GIVES_AGAIN),
).subquery()
_SOURCES = select(_GIVING).order_by(_GIVING.c.of_customer, _GIVING.c.of_entry, _GIVING.c.use_id)
