"""Which mails of a shop a signed-in shopper gets, and in which language."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlmodel import Session

from app.db.tables import StoreRow
from app.domain.email import email_key
from app.domain.mails import MailKind
from app.languages import LANGUAGES
from app.usecases.confirmed_shoppers import SignedIn
from app.usecases.mailing.outbox import is_declined, is_on
from app.usecases.mailing.preferences import DECLINABLE, accept_again, choose_language, chosen_language, decline
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class OwnKind:
    """A kind of mail that the shop sends, and whether this customer gets it."""

    kind: MailKind
    is_wanted: bool


@dataclass(frozen=True, slots=True)
class OwnMails:
    """What a customer gets. `language` is None where each mail has the language of its order, or of the browser."""

    language: str | None
    kinds: tuple[OwnKind, ...]


def see_own_mails(services: Services, shopper: SignedIn) -> OwnMails:
    """See which of the mails that a shop sends a customer gets. Those that nobody can decline are left out."""
    key = email_key(shopper.email)
    with services.database.reading() as session:
        kinds = [
            OwnKind(kind, not is_declined(session, shopper.store_id, key, kind)) for kind in _sent(session, services, shopper)
        ]
        return OwnMails(chosen_language(session, shopper.store_id, key), tuple(kinds))


def change_own_mails(
    services: Services, shopper: SignedIn, *, language: str, shown: Collection[str], wanted: Collection[str]
) -> None:
    """Change it. `shown` are the kinds that the customer was asked about: others stay. No language: the mail's own."""
    key, now = email_key(shopper.email), services.clock()
    with services.database.writing() as session:
        choose_language(session, shopper.store_id, key, language if language in LANGUAGES else None)
        for kind in _sent(session, services, shopper):
            if kind.value not in shown:
                continue
            if kind.value in wanted:
                accept_again(session, shopper.store_id, shopper.email, [kind])
            else:
                decline(session, shopper.store_id, key, kind, now)


def _sent(session: Session, services: Services, shopper: SignedIn) -> list[MailKind]:
    store = session.get_one(StoreRow, shopper.store_id)
    return [kind for kind in DECLINABLE if is_on(session, services, store, kind)]
