"""What the owner of an address wants of a shop's mails: in which language, and which kinds not at all."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import Session, col

from app.db.dialects import insert_into
from app.db.tables import MailAddressRow, MailRefusalRow, MailRow
from app.domain.email import email_key
from app.domain.mails import MANNERS, OPEN, MailKind, MailState

DECLINABLE = tuple(kind for kind, manner in MANNERS.items() if manner.can_be_declined)


def decline(session: Session, store_id: int, key: str, kind: MailKind, now: datetime) -> None:
    """Send a customer no more mails of a kind. Those that wait are dropped. Doing it again changes nothing."""
    if kind not in DECLINABLE:
        return
    session.execute(
        insert_into(session.get_bind().dialect.name, MailRefusalRow)
        .values(store_id=store_id, email_key=key, kind=kind, refused_at=now)
        .on_conflict_do_nothing()
    )
    session.execute(
        update(MailRow)
        .where(col(MailRow.store_id) == store_id, col(MailRow.email_key) == key, col(MailRow.kind) == kind)
        .where(col(MailRow.state) == MailState.WAITING)
        .values(ended(MailState.DROPPED, now, problem="The customer does not want these mails."))
    )


def accept_again(session: Session, store_id: int, email: str, kinds: Collection[MailKind]) -> None:
    """Send a customer these kinds of mail again."""
    of_customer = (col(MailRefusalRow.store_id) == store_id, col(MailRefusalRow.email_key) == email_key(email))
    session.execute(delete(MailRefusalRow).where(*of_customer, col(MailRefusalRow.kind).in_([kind.value for kind in kinds])))


def chosen_language(session: Session, store_id: int, key: str) -> str | None:
    """Give the language that a customer chose for a shop's mails; None where none was."""
    row = session.get(MailAddressRow, (store_id, key))
    return None if row is None else row.language


def choose_language(session: Session, store_id: int, key: str, language: str | None) -> None:
    """Write to a customer in a language; None: in that of each mail's reason."""
    new = insert_into(session.get_bind().dialect.name, MailAddressRow)
    session.execute(
        new.values(store_id=store_id, email_key=key, language=language).on_conflict_do_update(
            index_elements=["store_id", "email_key"], set_={"language": language}
        )
    )


def ended(state: MailState, now: datetime, *, problem: str | None = None) -> dict[str, object]:
    """Give the values of a mail that is over. What it said is forgotten."""
    if state in OPEN:
        raise ValueError("a mail that is not over")
    return {
        "state": state,
        "ended_at": now,
        "sent_at": now if state is MailState.SENT else None,
        "send_at": None,
        "values_sealed": None,
        "lease_token": None,
        "lease_until": None,
        "problem": problem,
    }
