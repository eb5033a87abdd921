"""Write a mail of the outbox as it is to go, unless nobody needs it any more."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from app.db.stores import brand_of
from app.db.tables import MailAddressRow, MailRow, MailTextRow, StoreRow
from app.domain.email import is_erased
from app.domain.mails import MANNERS, MailKind
from app.languages import Speech
from app.mail.letter import Heading, Sheet
from app.mail.passage import OwnWords
from app.mail.rendering import Frame, render_mail, speech_of
from app.usecases.mailing.ending_values import values_of_ending
from app.usecases.mailing.opting_out import opt_out_url
from app.usecases.mailing.order_mails import values_of_order
from app.usecases.mailing.outbox import IS_TEST, is_declined, is_on
from app.usecases.mailing.preferences import chosen_language
from app.usecases.mailing.reward_mails import values_of_reward
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class NotWanted:
    """Why a mail is not sent any more."""

    why: str


SWITCHED_OFF = NotWanted("These mails were switched off before it was sent.")
OVER = NotWanted("It was over before the mail was sent: claimed, used or taken back.")
DECLINED = NotWanted("The customer does not want these mails.")
STOPPED = NotWanted("Mails to this address came back.")


def write_mail(services: Services, store: StoreRow, mail: MailRow) -> tuple[Heading, Sheet] | NotWanted:
    """Write a mail with what is true now."""
    kind = MailKind(mail.kind)
    with services.database.reading() as session:
        stored: dict[str, object] = json.loads(services.sealer.open(mail.values_sealed or ""))
        is_test = IS_TEST in stored
        refused = None if is_test else _why_not(session, services, store, mail)
        if refused is not None:
            return refused
        values = sample_values(services, store, kind) if is_test else _values(session, services, store, mail, stored)
        if values is None:
            return OVER
        speech = speech_of(mail.language) if is_test else _speech(session, store.id or 0, mail)
        own = own_words(session, store.id or 0, kind, speech.language)
    url = opt_out_url(services, mail.reference) if MANNERS[kind].can_be_declined else None
    frame = Frame(brand_of(store), logo_url(services, store), url, is_test)
    heading = Heading(
        sender=store.mail_sender or "",
        sender_name=store.name,
        receiver=mail.email,
        reference=mail.reference,
        at=services.clock(),
        reply_to=store.mail_reply_to,
        more=_unsubscribe(url),
    )
    return heading, render_mail(kind, values, frame, speech, own)


def own_words(session: Session, store_id: int, kind: MailKind, language: str) -> OwnWords:
    """Give a shop's own words of a kind, in a language."""
    row = session.get(MailTextRow, (store_id, kind.value, language))
    return OwnWords() if row is None else OwnWords(row.subject or "", row.paragraph or "")


def logo_url(services: Services, store: StoreRow) -> str | None:
    """Give where a mail's reader finds the shop's logo."""
    return f"{services.claim_url_base}/brand/{store.slug}/{store.logo_mark}.png" if store.logo_mark else None


def _speech(session: Session, store_id: int, mail: MailRow) -> Speech:
    """Use the language that the customer chose, else that of the mail's reason.

    Where both are the same language, the country of the reason stays: numbers and days are written as there.
    """
    of_reason, chosen = speech_of(mail.language), chosen_language(session, store_id, mail.email_key)
    return of_reason if chosen in {None, of_reason.language} else speech_of(chosen or "")


def _why_not(session: Session, services: Services, store: StoreRow, mail: MailRow) -> NotWanted | None:
    kind = MailKind(mail.kind)
    if is_erased(mail.email):
        # The customer was moved, and erased at the new address.
        return OVER
    if not is_on(session, services, session.get_one(StoreRow, store.id), kind):
        return SWITCHED_OFF
    if is_declined(session, store.id or 0, mail.email_key, kind):
        return DECLINED
    address = session.get(MailAddressRow, (store.id, mail.email_key))
    return STOPPED if address is not None and address.stopped_at is not None else None


def _values(
    session: Session, services: Services, store: StoreRow, mail: MailRow, stored: Mapping[str, object]
) -> Mapping[str, object] | None:
    """Give what a mail says, as it is now; None where that is over: a claim was taken, a code was used."""
    kind = MailKind(mail.kind)
    if kind in {MailKind.POINTS_READY, MailKind.REMINDER}:
        return values_of_order(session, services, store, stored.get("order_id"))
    if kind is MailKind.REWARD_CODE:
        return values_of_reward(session, services, stored.get("redemption_id"))
    if kind is MailKind.POINTS_END:
        return values_of_ending(session, services, store, mail.email, stored.get("until"))
    return stored


def sample_values(services: Services, store: StoreRow, kind: MailKind) -> Mapping[str, object]:
    """Give made-up values for a preview or a test."""
    last_day, later = ((services.clock() + timedelta(days=days)).date().isoformat() for days in (30, 33))
    order: dict[str, object] = {"points": 250, "order": "1234", "last_day": last_day, "link": services.claim_url_base}
    codes: dict[MailKind, dict[str, object]] = {
        MailKind.SIGN_IN: {"code": "482913", "link": services.claim_url_base},
        MailKind.REWARD_CODE: {"code": "TEST-CODE-ONLY", "reward": "10.00", "last_day": last_day},
        MailKind.POINTS_END: {
            "points": 250,
            "days": [{"day": last_day, "points": 200}, {"day": later, "points": 50}],
            "link": services.claim_url_base if store.hosted_wallet else None,
        },
    }
    return codes.get(kind, order)


def _unsubscribe(url: str | None) -> Mapping[str, str]:
    """Let mail programs show a button (RFC 8058): it posts, so that a scanner which follows links opts nobody out."""
    return {} if url is None else {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
