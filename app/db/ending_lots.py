"""Which lots of which customers run out in a time that lies ahead: for whoever tells the customers."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import tuple_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from app.db.bulk import IsIn
from app.db.points_policies import as_policy
from app.db.tables import PointsCustomerRow, PointsEntryRow, PointsLotRow, PointsPolicyRow
from app.db.tables.points_entry import EntryKind
from app.domain.ending_notices import EndingLot


class LookedTo(NamedTuple):
    """How far a look at customers has come: the last one's next end, and id."""

    ends_next: datetime
    customer_id: int


def ending_customers(session: Session, store_id: int, until: datetime, *, after: LookedTo | None, limit: int) -> list[LookedTo]:
    """Find a store's next customers of whom something may run out until a moment, those whose next end is soonest first.

    No lot runs out before `ends_next` of its customer.
    """
    place = (col(PointsCustomerRow.ends_next), col(PointsCustomerRow.id))
    # An expression, so that no database takes the index of the store's customers: it would sort all of them for each look.
    is_theirs = col(PointsCustomerRow.store_id) + 0 == store_id
    query = select(*place).where(is_theirs, col(PointsCustomerRow.ends_next) <= until)
    if after is not None:
        query = query.where(tuple_(*place) > after)
    return [LookedTo(*row) for row in session.execute(query.order_by(*place).limit(limit))]


def ending_lots(
    session: Session, store_id: int, customer_ids: Collection[int], after: datetime, until: datetime
) -> list[EndingLot]:
    """Give the lots of customers that run out after one moment and until another, customer by customer."""
    policies = {
        row.id: as_policy(row) for row in session.exec(select(PointsPolicyRow).where(PointsPolicyRow.store_id == store_id))
    }
    maker, origin = aliased(PointsEntryRow), aliased(PointsEntryRow)
    query = (
        select(PointsLotRow, PointsCustomerRow, maker.kind, maker.created_at, origin.created_at)  # type: ignore[call-overload]  # five
        .join(PointsCustomerRow, col(PointsCustomerRow.id) == col(PointsLotRow.customer_id))
        .join(maker, col(maker.id) == col(PointsLotRow.entry_id))
        .join(origin, col(origin.id) == col(PointsLotRow.origin_id))
        .where(IsIn(col(PointsLotRow.customer_id), "customer_ids", list(customer_ids)), col(PointsLotRow.points_left) > 0)
        .order_by(col(PointsCustomerRow.id), col(PointsLotRow.id))
    )
    found = []
    for lot, customer, kind, made_at, came_at in session.exec(query):
        # A lot that was moved here keeps the end that it had.
        ends, since = lot.ends, came_at if kind == EntryKind.MOVE else made_at
        if ends is None and customer.active_at is not None:
            ends, since = policies[lot.policy_id].ends_when_inactive(customer.active_at), customer.active_at
        if ends is not None and after < ends <= until:
            found.append(EndingLot(lot.customer_id, customer.email, lot.origin_id, lot.points_left, since, ends))
    return found
