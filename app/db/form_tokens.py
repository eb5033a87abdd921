"""Doing once what a form asks for, however often it is sent."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col

from app.db.dialects import insert_into
from app.db.staff_users import note_staff_user
from app.db.tables import MerchantActionRow


@dataclass(frozen=True, slots=True)
class FormToken:
    """The token of one form, as the merchant's page made it, and who sent it. `user_id` is Saleor's id of the staff user."""

    token: str
    store_id: int
    made_by: str
    user_id: str = ""


def is_first(session: Session, once: FormToken, now: datetime) -> bool:
    """Note, in the transaction of what is about to be done, that it is done; False when it was done before.

    Two requests with one token wait for each other here: the second sees the first's row, or none where the first failed.
    """
    if once.user_id:
        note_staff_user(session, once.store_id, once.user_id, once.made_by, now)
    note = (
        insert_into(session.get_bind().dialect.name, MerchantActionRow)
        .values(token=once.token, store_id=once.store_id, made_by=once.made_by, made_at=now)
        .on_conflict_do_nothing()
        .returning(col(MerchantActionRow.token))
    )
    return session.execute(note).first() is not None
