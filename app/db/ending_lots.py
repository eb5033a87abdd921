"""Which lots of which customers run out in a time that lies ahead: for whoever tells the customers."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from app.db.points_policies import as_policy
from app.db.tables import PointsCustomerRow, PointsLotRow, PointsPolicyRow


class EndingLot(NamedTuple):
    """A lot that runs out at `ends` if its customer does nothing until then."""

    lot_id: int
    customer_id: int
    email: str
    points: int
    ends: datetime
    announced_at: datetime | None


def ending_lots(session: Session, store_id: int, after: datetime, until: datetime) -> Iterator[EndingLot]:
    """Give a store's lots that run out after one moment and until another, customer by customer.

    No lot runs out before `ends_next` of its customer, so the index of that column finds all of them.
    """
    policies = {
        row.id: as_policy(row) for row in session.exec(select(PointsPolicyRow).where(PointsPolicyRow.store_id == store_id))
    }
    query = (
        select(PointsLotRow, PointsCustomerRow)
        .join(PointsCustomerRow, col(PointsCustomerRow.id) == col(PointsLotRow.customer_id))
        .where(
            PointsCustomerRow.store_id == store_id,
            col(PointsCustomerRow.ends_next) <= until,
            col(PointsLotRow.points_left) > 0,
        )
        .order_by(col(PointsCustomerRow.id), col(PointsLotRow.id))
    )
    for lot, customer in session.exec(query.execution_options(yield_per=500)):
        ends = lot.ends
        if ends is None and customer.active_at is not None:
            ends = policies[lot.policy_id].ends_when_inactive(customer.active_at)
        if ends is not None and after < ends <= until:
            yield EndingLot(lot.id or 0, lot.customer_id, customer.email, lot.points_left, ends, lot.announced_at)
