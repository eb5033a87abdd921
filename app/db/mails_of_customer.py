"""What is kept of the mails to a customer."""

from collections.abc import Collection, Sequence

from sqlalchemy import delete
from sqlmodel import Session, col, select

from app.db.tables import MailAddressRow, MailRefusalRow, MailRow


def mails_of(session: Session, store_id: int, keys: Collection[str]) -> Sequence[MailRow]:
    """Find the mails to a customer, oldest first."""
    query = select(MailRow).where(MailRow.store_id == store_id, col(MailRow.email_key).in_(keys))
    return session.exec(query.order_by(col(MailRow.id))).all()


def wishes_of(session: Session, store_id: int, keys: Collection[str]) -> Sequence[MailAddressRow | MailRefusalRow]:
    """Find what a customer wants of a shop's mails."""
    addresses = select(MailAddressRow).where(MailAddressRow.store_id == store_id, col(MailAddressRow.email_key).in_(keys))
    refusals = select(MailRefusalRow).where(MailRefusalRow.store_id == store_id, col(MailRefusalRow.email_key).in_(keys))
    return [*session.exec(addresses), *session.exec(refusals)]


def forget_mails(session: Session, store_id: int, keys: Collection[str]) -> None:
    """Take the mails to a customer out of the outbox, those that wait, too, and forget what the customer wanted of them."""
    for table in (MailRow, MailAddressRow, MailRefusalRow):
        session.execute(delete(table).where(col(table.store_id) == store_id, col(table.email_key).in_(keys)))
