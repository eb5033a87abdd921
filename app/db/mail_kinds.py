"""Which stores send mails of the app's own."""

from sqlalchemy import Exists, exists
from sqlmodel import col

from app.db.tables import MailKindRow, StoreRow


def sends_mails() -> Exists:
    """Tell of the store in a query whether any kind of mail is switched on."""
    return exists().where(col(MailKindRow.store_id) == col(StoreRow.id), col(MailKindRow.is_on))
