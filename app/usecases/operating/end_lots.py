"""Write what ran out of customers' points. Nothing depends on when this runs: whoever looks before it sees the same balance."""

from datetime import datetime

from sqlmodel import Session, col, select

from app.db.bulk import IsIn
from app.db.tables import PointsCustomerRow
from app.ledger.lot_books import write_ended
from app.usecases.services import Services

# Customers of one transaction: on SQLite nobody else writes meanwhile.
BATCH = 500


def end_lots(services: Services) -> bool:
    """Write what ran out of up to 500 customers of one store, and tell whether there were any."""
    now = services.clock()
    with services.database.reading() as session:
        due = session.execute(
            select(col(PointsCustomerRow.store_id), col(PointsCustomerRow.id))
            .where(col(PointsCustomerRow.ends_next) <= now)
            .order_by(col(PointsCustomerRow.ends_next), col(PointsCustomerRow.id))
            .limit(BATCH)
        ).all()
    if not due:
        return False
    store_id = due[0].store_id
    with services.database.writing() as session:
        _end(session, store_id, [row.id for row in due if row.store_id == store_id], now)
    return True


def _end(session: Session, store_id: int, customer_ids: list[int], now: datetime) -> None:
    """Lock the customers in the order of their ids, as everybody does, and write what ran out and is not written yet."""
    query = (
        select(col(PointsCustomerRow.id), col(PointsCustomerRow.available), col(PointsCustomerRow.used))
        .where(IsIn(col(PointsCustomerRow.id), "customer_ids", customer_ids))
        .order_by(col(PointsCustomerRow.id))
        .with_for_update(key_share=True)
    )
    write_ended(session, store_id, {id_: (available, used) for id_, available, used in session.execute(query)}, now)
