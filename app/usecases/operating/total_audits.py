"""Recompute a store's running totals from the rows that they add up."""

from collections import Counter
from typing import Any

from sqlalchemy import Select, cast, func, literal, null, select, union_all
from sqlmodel import Session, SQLModel, col

from app.db.columns import UtcTime
from app.db.tables import OrderRow, PointsClaimRow, PointsCustomerRow, RunningTotalRow, TotalChangeRow
from app.db.tables.points_claim import PointsClaimState
from app.db.tables.running_total import TotalKind
from app.db.totals import part_of_moment

_SENTENCES = {
    TotalKind.BALANCES: "balances: their running total is {total}; the balances of all customers add up to {sum}",
    TotalKind.OPEN_CLAIMS: "open claims until {part}: their running total is {total}; the claims add up to {sum}",
    TotalKind.PROBLEMS: "orders with the problem {part}: their running total is {total}; there are {sum}",
}


def differing_totals(session: Session, store_id: int) -> tuple[int, list[str]]:
    """Count a store's totals, and say of each that differs, how.

    One statement sees all of it as it stands in one moment, so the books may go on being written meanwhile.
    """
    totals: Counter[tuple[str, str]] = Counter()
    sums: Counter[tuple[str, str]] = Counter()
    for kind, part, moment, total, added in session.execute(_totals_and_sums(store_id)):
        key = (kind, part_of_moment(moment) if moment is not None else part)
        totals[key] += int(total)
        sums[key] += int(added)
    return len(totals), [
        _SENTENCES[TotalKind(kind)].format(part=part or "any time", total=totals[kind, part], sum=sums[kind, part])
        for kind, part in sorted(totals)
        if totals[kind, part] != sums[kind, part]
    ]


def _totals_and_sums(store_id: int) -> Any:
    """Ask for kind, part, moment where that is the part, what the running total says, and what the rows add up to."""
    return union_all(
        *(_kept(model, store_id) for model in (RunningTotalRow, TotalChangeRow)),
        _added(TotalKind.BALANCES, func.sum(PointsCustomerRow.available)).where(col(PointsCustomerRow.store_id) == store_id),
        _added(TotalKind.OPEN_CLAIMS, func.sum(PointsClaimRow.amount), moment=col(PointsClaimRow.expires_at))
        .where(col(PointsClaimRow.store_id) == store_id, col(PointsClaimRow.state) == PointsClaimState.OPEN)
        .group_by(col(PointsClaimRow.expires_at)),
        _added(TotalKind.PROBLEMS, func.count(), part=col(OrderRow.problem_code))
        .where(col(OrderRow.store_id) == store_id, col(OrderRow.problem_code).is_not(None))
        .group_by(col(OrderRow.problem_code)),
    )


def _kept(model: type[SQLModel], store_id: int) -> Select[Any]:
    table: Any = model.__table__  # type: ignore[attr-defined]  # every table model has it
    return select(
        table.c.kind,
        table.c.part,
        cast(null(), UtcTime()).label("moment"),
        table.c.amount.label("total"),
        literal(0).label("added"),
    ).where(table.c.store_id == store_id)


def _added(kind: TotalKind, amount: Any, *, part: Any = "", moment: Any = None) -> Select[Any]:
    return select(
        literal(kind.value),
        literal(part) if isinstance(part, str) else part,
        cast(null(), UtcTime()) if moment is None else moment,
        literal(0),
        func.coalesce(amount, 0),
    )
