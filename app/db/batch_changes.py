"""What batches keep of a person."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from app.db.keys import keys_in
from app.db.tables import BatchChangeRow
from app.logs import blotted


def changes_in_batches(session: Session, store_id: int, email: str, *, lock: bool = False) -> Sequence[BatchChangeRow]:
    """Find the changes of a customer in batches."""
    theirs = (BatchChangeRow.store_id == store_id, col(BatchChangeRow.email_key).in_(keys_in(session, email)))
    query = select(BatchChangeRow).where(*theirs).order_by(col(BatchChangeRow.id))
    return session.exec(query.with_for_update() if lock else query).all()


def forget_in_batches(changes: Sequence[BatchChangeRow], nobody: str) -> None:
    """Take a person's address out of batches. A worker refuses what is not made yet: there is nobody to change any more."""
    for change in changes:
        change.email = change.email_key = nobody
        change.refusal = blotted(change.refusal) if change.refusal is not None else None
