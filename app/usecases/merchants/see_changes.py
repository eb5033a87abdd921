"""See what became of changes that staff asked for."""

from collections.abc import Collection
from uuid import UUID

from sqlmodel import col, select

from app.db.rows import as_value
from app.db.tables import MovementRow
from app.domain.settlement import CauseKind
from app.usecases.merchants.history import ShownMovement
from app.usecases.services import Services


def see_changes(services: Services, store_id: int, ids: Collection[UUID]) -> list[ShownMovement]:
    """See changes of customers' points in a store, by e-mail. What is none of them is left out."""
    is_theirs = (MovementRow.store_id == store_id, MovementRow.cause_kind == CauseKind.CUSTOMER)
    query = select(MovementRow).where(*is_theirs, col(MovementRow.id).in_(ids)).order_by(col(MovementRow.email))
    with services.database.reading() as session:
        return [as_value(ShownMovement, row) for row in session.exec(query)]
