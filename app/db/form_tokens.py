"""Doing once what a form asks for, however often it is sent."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlmodel import Session, col

from app.db.dialects import insert_into
from app.db.tables import MerchantActionRow
from app.errors import BadRequest

_TOKEN = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class FormToken:
    """The token of one form, as the merchant's page made it, and who sent it."""

    token: str
    store_id: int
    made_by: str


def new_token() -> str:
    """Make the token of a form."""
    return uuid4().hex


def as_once(token: str, *, store_id: int, made_by: str) -> FormToken:
    """Check the token that a form carries.

    Raises BadRequest when it is none that a page of ours made.
    """
    if not _TOKEN.fullmatch(token):
        raise BadRequest("This form is not complete. Open the page again and send it once more.")
    return FormToken(token, store_id, made_by)


def is_first(session: Session, once: FormToken, now: datetime) -> bool:
    """Note, in the transaction of what is about to be done, that it is done; False when it was done before.

    Two requests with one token wait for each other here: the second sees the first's row, or none where the first failed.
    """
    note = (
        insert_into(session.get_bind().dialect.name, MerchantActionRow)
        .values(token=once.token, store_id=once.store_id, made_by=once.made_by, made_at=now)
        .on_conflict_do_nothing()
        .returning(col(MerchantActionRow.token))
    )
    return session.execute(note).first() is not None
