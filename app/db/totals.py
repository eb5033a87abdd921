"""Running totals: what a store's rows add up to, for the cost of a few rows.

The database appends a change for each balance, claim and order that changes (migration 0018). `fold_changes` adds them to the
totals later. A total is what is stored, and the changes that are not added yet.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, delete, func, literal, select, union_all, update
from sqlmodel import Session

from app.db.bulk import IsIn, RowParameters
from app.db.dialects import insert_into
from app.db.tables import RunningTotalRow, TotalChangeRow
from app.db.tables.order import PROBLEMS_OF_PEOPLE
from app.db.tables.running_total import TotalKind

# So many changes are added in one transaction: on SQLite nobody else writes meanwhile.
FOLDED_MAX = 5000
_KEY = ("store_id", "kind", "part")
_TOTALS: Any = RunningTotalRow.__table__  # type: ignore[attr-defined]  # every table model has it
_CHANGES: Any = TotalChangeRow.__table__  # type: ignore[attr-defined]  # every table model has it


@dataclass(frozen=True, slots=True)
class Totals:
    """What a store's rows add up to at one moment. `orders_by_problem` has the codes that any order has.

    `claimable_points` are those of claims that nobody has taken and whose time is not over, marked or not.
    """

    balances: int
    claimable_points: int
    orders_by_problem: Mapping[str, int]

    @property
    def orders_for_people(self) -> int:
        """The orders with a problem that does not end by itself."""
        return count_for_people(self.orders_by_problem)


def totals_of(session: Session, store_id: int, now: datetime) -> Totals:
    """Add up what a store's pages show. One query: it sees each change once, wherever it stands."""
    both = union_all(*(_of_store(table, store_id) for table in (_TOTALS, _CHANGES))).subquery()
    parts = session.execute(select(both.c.kind, both.c.part, func.sum(both.c.amount)).group_by(both.c.kind, both.c.part)).all()
    is_over = part_of_moment(now)
    return Totals(
        balances=sum(int(amount) for kind, _, amount in parts if kind == TotalKind.BALANCES),
        claimable_points=sum(
            int(amount) for kind, part, amount in parts if kind == TotalKind.OPEN_CLAIMS and (not part or part > is_over)
        ),
        orders_by_problem={part: int(amount) for kind, part, amount in parts if kind == TotalKind.PROBLEMS and amount},
    )


def orders_by_problem(session: Session) -> dict[int, dict[str, int]]:
    """Count the orders of each store that have a problem, by its code."""
    of_each = (
        select(table.c.store_id, table.c.part, table.c.amount).where(table.c.kind == TotalKind.PROBLEMS)
        for table in (_TOTALS, _CHANGES)
    )
    both = union_all(*of_each).subquery()
    counted: dict[int, dict[str, int]] = defaultdict(dict)
    for store_id, code, orders in session.execute(
        select(both.c.store_id, both.c.part, func.sum(both.c.amount)).group_by(both.c.store_id, both.c.part)
    ):
        if orders:
            counted[store_id][code] = int(orders)
    return dict(counted)


def count_for_people(orders: Mapping[str, int]) -> int:
    """Count the orders with a problem that does not end by itself, of orders counted by their problems' codes."""
    return sum(orders.get(code, 0) for code in PROBLEMS_OF_PEOPLE)


def _of_store(table: Any, store_id: int) -> Select[Any]:
    return select(table.c.kind, table.c.part, table.c.amount).where(table.c.store_id == store_id)


def part_of_moment(moment: datetime) -> str:
    """Write a moment as the part of a total: alike on both databases, and in the order of time."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"


def fold_changes(session: Session, *, limit: int = FOLDED_MAX) -> int:
    """Add the oldest changes to their totals, and give how many there were. Where two do this, the second waits."""
    changes = session.execute(_OLDEST.limit(limit)).all()
    if not changes:
        return 0
    sums: Counter[tuple[int, str, str]] = Counter()
    for change in changes:
        sums[change.store_id, change.kind, change.part] += change.amount
    # In one order, as everybody does who locks several rows.
    rows = [
        {"new_store_id": store_id, "new_kind": kind, "new_part": part, "new_amount": amount}
        for (store_id, kind, part), amount in sorted(sums.items())
    ]
    connection = session.connection()
    each, *statements = _folding(connection.dialect.name)
    for statement in statements:
        each.run(connection, statement, rows)
    connection.execute(_ADDED, {"ids": [change.id for change in changes]})
    return len(changes)


_OLDEST = select(_CHANGES).order_by(_CHANGES.c.id).with_for_update()
_ADDED = delete(_CHANGES).where(IsIn(_CHANGES.c.id, "ids"))


@cache
def _folding(dialect: str) -> tuple[RowParameters, Any, Any, Any]:
    """Build the statements: have a row for each total, add to it, delete those that are nothing now, like a day gone by.

    An upsert would not do: a row of less than nothing is refused, before anybody asks whether there is one to add it to.
    """
    each = RowParameters(dialect, **{f"new_{name}": _TOTALS.c[name].type for name in (*_KEY, "amount")})
    is_one = [_TOTALS.c[name] == each[f"new_{name}"] for name in _KEY]
    names = [*_KEY, "amount"]
    new = [*(each[f"new_{name}"] for name in _KEY), literal(0)]
    made = insert_into(dialect, _TOTALS).from_select(names, select(*new), include_defaults=False).on_conflict_do_nothing()
    added = update(_TOTALS).where(*is_one).values(amount=_TOTALS.c.amount + each["new_amount"])
    return each, made, added, delete(_TOTALS).where(*is_one, _TOTALS.c.amount == 0)
