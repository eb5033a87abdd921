"""An address from which a mail came back: say since when and why, and write to it again."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from app.db.form_tokens import FormToken, is_first
from app.db.logbook import write_log
from app.db.tables import MailAddressRow
from app.domain.email import email_key
from app.errors import BadRequest
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class StoppedAddress:
    """Since when nothing is sent to an address, and what its mail server said."""

    since: datetime
    because: str


def stopped_address(services: Services, store_id: int, email: str) -> StoppedAddress | None:
    """Tell whether a store's mails to a customer were stopped."""
    with services.database.reading() as session:
        row = _stopped(session, store_id, email)
    return None if row is None or row.stopped_at is None else StoppedAddress(row.stopped_at, row.stopped_because or "")


def write_again(services: Services, store_id: int, email: str, *, who: str, once: FormToken | None = None) -> None:
    """Send mails to a customer again. Those that were not sent meanwhile are not sent later.

    The store's log names who did it, and not whom. Raises BadRequest where nothing was stopped.
    """
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return
        row = _stopped(session, store_id, email, lock=True)
        if row is None:
            raise BadRequest("Mails to this address are not stopped.")
        row.stopped_at, row.stopped_because = None, None
        session.add(row)
        sentence = "Mails are sent again to an address from which one came back."
        write_log(session, store_id, "mail_address_tried", sentence, now=now, made_by=who)


def _stopped(session: Session, store_id: int, email: str, *, lock: bool = False) -> MailAddressRow | None:
    query = select(MailAddressRow).where(
        MailAddressRow.store_id == store_id,
        MailAddressRow.email_key == email_key(email),
        col(MailAddressRow.stopped_at).is_not(None),
    )
    return session.exec(query.with_for_update() if lock else query).first()
