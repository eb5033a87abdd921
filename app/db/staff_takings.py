"""What came of changes by staff: they may ask for more points than are there, and a provider may refuse a change."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from app.db.bulk import IsIn
from app.db.lanes import lane_under
from app.db.stores import accounts_of
from app.db.tables import AdjustmentRow, GoneRow, MovementRow
from app.domain.settlement import CauseKind, MovementState


def really_taken(session: Session, store_id: int, changes: Sequence[AdjustmentRow]) -> dict[int, int]:
    """Give how many points each taking among some changes by staff really took, by its id, as far as that is known.

    What an order lost is stored with the order, as gone. What a customer lost is in the accepted movement. A refused change of a
    customer took nothing. Three queries, however many changes there are.
    """
    takings = [change for change in changes if change.points < 0]
    of_orders = [change.id or 0 for change in takings if change.order_id is not None]
    of_customers = [change for change in changes if change.order_id is None]
    taken = dict[int, int]()
    if of_orders:
        rows = session.exec(select(GoneRow).where(IsIn(col(GoneRow.adjustment_id), "ids", of_orders)))
        taken |= {row.adjustment_id or 0: row.of_points + row.of_gifts for row in rows}
    if of_customers:
        marks = {account.lane_mark for account in accounts_of(session, store_id).values()}
        lanes = sorted({lane_under(mark, change.email_key or "") for mark in marks for change in of_customers})
        movements = session.exec(
            select(MovementRow).where(
                IsIn(col(MovementRow.lane), "lanes", lanes),
                IsIn(col(MovementRow.cause_id), "ids", [change.id or 0 for change in of_customers]),
                MovementRow.cause_kind == CauseKind.CUSTOMER,
                col(MovementRow.state).in_((MovementState.ACCEPTED, MovementState.REJECTED)),
            )
        )
        for movement in movements:
            if movement.state == MovementState.REJECTED:
                taken[movement.cause_id or 0] = 0
            elif movement.points < 0:
                taken[movement.cause_id or 0] = -movement.points
    return taken
