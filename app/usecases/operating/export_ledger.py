"""Export the ledger of a store, row by row, so that a shop can move out."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import case, func, select
from sqlmodel import col

from app.db.stores import find_store_by_slug
from app.db.tables import PointsClaimRow, PointsCustomerRow, PointsEntryRow, PointsLotRow, PointsPolicyRow, PointsSpendRow
from app.db.tables.points_claim import PointsClaimState
from app.errors import BadRequest
from app.usecases.services import Services

# Rows fetched at once: memory does not grow with the ledger.
ROWS_AT_ONCE = 2000


def count_rows(services: Services, slug: str, what: str) -> int:
    """Count the rows that an export would give.

    Raises BadRequest when there is no such store.
    """
    with services.database.reading() as session:
        query = EXPORTS[what](_store_id(services, slug), services.clock())
        return int(session.execute(select(func.count()).select_from(query.order_by(None).subquery())).scalar_one())


def export_rows(services: Services, slug: str, what: str) -> Iterator[tuple[Any, ...]]:
    """Give the names of the columns, then the rows as they stand in one moment. `what` is one of EXPORTS.

    Raises BadRequest when there is no such store.
    """
    query = EXPORTS[what](_store_id(services, slug), services.clock())
    with services.database.reading() as session:
        rows = session.execute(query.execution_options(yield_per=ROWS_AT_ONCE))
        yield tuple(rows.keys())
        for row in rows:
            yield tuple(row)


def _balances(store_id: int, _now: datetime) -> Any:
    return (
        select(
            col(PointsCustomerRow.email),
            col(PointsCustomerRow.available),
            col(PointsCustomerRow.used),
            col(PointsCustomerRow.customer_type),
        )
        .where(col(PointsCustomerRow.store_id) == store_id)
        .order_by(col(PointsCustomerRow.id))
    )


def _claims(store_id: int, now: datetime) -> Any:
    is_past = (col(PointsClaimRow.state) == PointsClaimState.OPEN) & (col(PointsClaimRow.expires_at) <= now)
    return (
        select(
            col(PointsClaimRow.id),
            case((is_past, PointsClaimState.EXPIRED.value), else_=col(PointsClaimRow.state)).label("state"),
            col(PointsClaimRow.amount),
            col(PointsClaimRow.email),
            col(PointsClaimRow.customer_type),
            col(PointsClaimRow.created_at),
            col(PointsClaimRow.expires_at),
            col(PointsClaimRow.taken_at),
            col(PointsCustomerRow.email).label("taken_by"),
        )
        .outerjoin(PointsCustomerRow, col(PointsCustomerRow.id) == col(PointsClaimRow.customer_id))
        .where(col(PointsClaimRow.store_id) == store_id)
        .order_by(col(PointsClaimRow.id))
    )


def _entries(store_id: int, _now: datetime) -> Any:
    return (
        select(
            col(PointsEntryRow.id),
            col(PointsCustomerRow.email),
            col(PointsEntryRow.kind),
            col(PointsEntryRow.amount),
            col(PointsEntryRow.used),
            col(PointsEntryRow.available_after),
            col(PointsEntryRow.used_after),
            col(PointsEntryRow.claim_id),
            col(PointsEntryRow.created_at),
            col(PointsEntryRow.spend_id),
        )
        .join(PointsCustomerRow, col(PointsCustomerRow.id) == col(PointsEntryRow.customer_id))
        .where(col(PointsCustomerRow.store_id) == store_id)
        .order_by(col(PointsEntryRow.id))
    )


def _spends(store_id: int, _now: datetime) -> Any:
    return (
        select(
            col(PointsSpendRow.id),
            col(PointsCustomerRow.email),
            col(PointsSpendRow.points),
            col(PointsSpendRow.given_back),
            col(PointsSpendRow.reference),
            col(PointsSpendRow.created_at),
        )
        .join(PointsCustomerRow, col(PointsCustomerRow.id) == col(PointsSpendRow.customer_id))
        .where(col(PointsSpendRow.store_id) == store_id)
        .order_by(col(PointsSpendRow.id))
    )


def _lots(store_id: int, _now: datetime) -> Any:
    return (
        select(
            col(PointsLotRow.id),
            col(PointsCustomerRow.email),
            col(PointsLotRow.points),
            col(PointsLotRow.points_left),
            col(PointsLotRow.ends),
            col(PointsPolicyRow.months).label("months_after_activity"),
            col(PointsCustomerRow.active_at),
            col(PointsLotRow.entry_id),
            col(PointsLotRow.origin_id),
        )
        .join(PointsCustomerRow, col(PointsCustomerRow.id) == col(PointsLotRow.customer_id))
        .outerjoin(PointsPolicyRow, (col(PointsPolicyRow.id) == col(PointsLotRow.policy_id)) & col(PointsLotRow.ends).is_(None))
        .where(col(PointsCustomerRow.store_id) == store_id)
        .order_by(col(PointsLotRow.id))
    )


EXPORTS: Mapping[str, Callable[[int, datetime], Any]] = MappingProxyType(
    {"balances": _balances, "claims": _claims, "entries": _entries, "spends": _spends, "lots": _lots}
)


def _store_id(services: Services, slug: str) -> int:
    with services.database.reading() as session:
        store = find_store_by_slug(session, slug)
    if store is None or store.id is None:
        raise BadRequest(f"There is no store {slug}.")
    return store.id
