"""Tell staff apart by Saleor's id. An address can change, and the person stays the same."""

from datetime import datetime

from sqlmodel import Session, col, select

from app.db.dialects import insert_into
from app.db.tables import StaffUserRow


def note_staff_user(session: Session, store_id: int, user_id: str, email: str, now: datetime) -> None:
    """Keep that this user of the store's Saleor has this address."""
    known = insert_into(session.get_bind().dialect.name, StaffUserRow).values(
        store_id=store_id, user_id=user_id, email=email, seen_at=now
    )
    session.execute(known.on_conflict_do_nothing())


def addresses_of_staff(session: Session, store_id: int, email: str) -> set[str]:
    """Give all addresses that the person with this address is known to have had, this one included.

    An address that two users had, one after the other, makes them one person here: nobody gets round a limit by it.
    """
    ids = select(StaffUserRow.user_id).where(StaffUserRow.store_id == store_id, StaffUserRow.email == email)
    theirs = select(StaffUserRow.email).where(StaffUserRow.store_id == store_id, col(StaffUserRow.user_id).in_(ids))
    return {email, *session.exec(theirs)}
