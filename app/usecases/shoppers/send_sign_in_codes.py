"""Write the mails that were asked for to sign in, to those who are customers. The worker does it."""

from datetime import datetime

import structlog
from sqlmodel import Session, col, select

from app.db.customer_figures import figures_of
from app.db.keys import key_in, keys_in
from app.db.tables import SignInCodeRow, StoreRow
from app.domain.order_link import wallet_link
from app.domain.signing_in import new_digits, new_secret
from app.sealing import fingerprint
from app.usecases.mailing.outbox import put_sign_in_mail
from app.usecases.services import Services
from app.usecases.shoppers.find_wallet import has_wallet

log = structlog.get_logger()

SENT_AT_ONCE = 50


def send_sign_in_codes(services: Services) -> bool:
    """Look who asked, and write to those who are customers. Tells whether there was anything to do."""
    waiting = select(SignInCodeRow).where(col(SignInCodeRow.typed_sealed).is_not(None)).order_by(col(SignInCodeRow.id))
    with services.database.reading() as session:
        if session.exec(select(SignInCodeRow.id).where(col(SignInCodeRow.typed_sealed).is_not(None)).limit(1)).first() is None:
            return False
    now = services.clock()
    with services.database.writing() as session:
        asked = session.exec(waiting.limit(SENT_AT_ONCE).with_for_update(skip_locked=True)).all()
        sent = [one.store_id for one in asked if _send(services, session, one, now)]
    log.info("sign-in mails written", asked=len(asked), written=len(sent))
    return bool(asked)


def mark_digits(browser_mark: str, digits: str) -> str:
    """Give the text whose keyed mark is kept of a code: the same digits are another's in another browser."""
    return f"digits {browser_mark} {digits}"


def _send(services: Services, session: Session, asked: SignInCodeRow, now: datetime) -> bool:
    typed = services.sealer.open(asked.typed_sealed or "")
    asked.typed_sealed = None
    store = session.get_one(StoreRow, asked.store_id)
    # Whoever waited longer than the code is good for asks again.
    email = _address_of(session, asked.store_id, typed) if has_wallet(store) and now < asked.ends_at else None
    if email is None:
        return False
    digits, link = new_digits(), new_secret()
    asked.email, asked.email_key = email, key_in(session, email)
    asked.code_mark = services.sealer.keyed_mark(mark_digits(asked.browser_mark, digits))
    asked.link_mark = fingerprint(link)
    address = f"{wallet_link(services.claim_url_base, store.slug)}/sign-in/link?key={link}"
    return put_sign_in_mail(session, services, store, email, code=digits, link=address, language=asked.language)


def _address_of(session: Session, store_id: int, typed: str) -> str | None:
    """Give a customer's address as the shop has it; None where nobody of this address is known.

    Never the address as it was typed: ß and ss are alike to `email_key`, but may be two mailboxes. Orders, claims and balances
    are asked, not the list of known customers: that is some seconds behind, and people sign in right after they bought.
    """
    found = figures_of(session, store_id, keys_in(session, typed))
    return next((one.email for one in found.values()), None)
