"""Opt out of a kind of a shop's mails, by the link in one of them."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from app.db.stores import brand_of
from app.db.tables import MailRow, StoreRow
from app.domain.brand import Brand
from app.domain.mails import MailKind
from app.usecases.mailing.outbox import is_declined
from app.usecases.mailing.preferences import DECLINABLE, accept_again, decline
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class OptOutView:
    """What the page behind the link shows."""

    brand: Brand
    kind: MailKind
    is_declined: bool


def opt_out_url(services: Services, reference: UUID) -> str:
    """Give the link that stands in a mail."""
    return f"{services.claim_url_base}/mails/{reference.hex}"


def show_opt_out(services: Services, reference: UUID) -> OptOutView | None:
    """Show what the reader of a mail may opt out of. Changes nothing: programs follow links."""
    with services.database.reading() as session:
        found = _find(session, reference)
        return None if found is None else _view(session, *found)


def opt_out(services: Services, reference: UUID, *, again: bool = False) -> OptOutView | None:
    """Send the reader of a mail no more of its kind; or, `again`, send them once more."""
    with services.database.writing() as session:
        found = _find(session, reference)
        if found is None:
            return None
        mail, store = found
        if again:
            accept_again(session, mail.store_id, mail.email, [MailKind(mail.kind)])
        else:
            decline(session, mail.store_id, mail.email_key, MailKind(mail.kind), services.clock())
        return _view(session, mail, store)


def _find(session: Session, reference: UUID) -> tuple[MailRow, StoreRow] | None:
    query = select(MailRow, StoreRow).join(StoreRow, col(StoreRow.id) == col(MailRow.store_id))
    found = session.exec(query.where(MailRow.reference == reference, col(MailRow.kind).in_(DECLINABLE))).first()
    return None if found is None else (found[0], found[1])


def _view(session: Session, mail: MailRow, store: StoreRow) -> OptOutView:
    kind = MailKind(mail.kind)
    return OptOutView(brand_of(store), kind, is_declined(session, mail.store_id, mail.email_key, kind))
