"""List the moves of customers: who was moved where, by whom, and why."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, or_, select

from app.db.keys import keys_in
from app.db.rows import as_value
from app.db.stores import find_store_by_slug
from app.db.tables import CustomerMoveRow
from app.errors import BadRequest
from app.usecases.services import Services

LISTED_MAX = 200


@dataclass(frozen=True, slots=True)
class ShownMove:
    """One move of a customer."""

    from_email: str
    to_email: str
    state: str
    points: int
    reason: str
    made_by: str
    made_at: datetime
    moved_at: datetime | None
    problem: str | None


def list_moves(services: Services, slug: str) -> list[ShownMove]:
    """List a store's newest moves, newest first.

    Raises BadRequest when there is no such store.
    """
    with services.database.reading() as session:
        store = find_store_by_slug(session, slug)
        if store is None:
            raise BadRequest(f"There is no store {slug}.")
        query = select(CustomerMoveRow).where(CustomerMoveRow.store_id == store.id)
        return _shown(session, query)


def moves_of_customer(services: Services, store_id: int, email: str) -> list[ShownMove]:
    """List the moves from an address, or to it, newest first."""
    with services.database.reading() as session:
        keys = keys_in(session, email)
        is_of = or_(col(CustomerMoveRow.from_key).in_(keys), col(CustomerMoveRow.to_key).in_(keys))
        return _shown(session, select(CustomerMoveRow).where(CustomerMoveRow.store_id == store_id, is_of))


def _shown(session: Session, query: object) -> list[ShownMove]:
    newest = query.order_by(col(CustomerMoveRow.id).desc()).limit(LISTED_MAX)  # type: ignore[attr-defined]  # a select
    return [as_value(ShownMove, row) for row in session.exec(newest)]
