"""Ask for a mail that signs in to the wallet.

Nothing here looks whether the address is a customer's. So whoever asks learns nothing, neither from the answer nor from the time
that it takes. The worker looks, and writes to customers only (`send_sign_in_codes`).
"""

from datetime import datetime

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from app.db.tables import SignInCodeRow
from app.domain.email import email_key
from app.domain.moments import CLOCKS_AGREE_WITHIN
from app.domain.signing_in import CODE_LASTS, DAY, HOUR, AskedFor, may_ask, new_secret
from app.sealing import fingerprint
from app.usecases.services import Services


def ask_for_code(services: Services, store_id: int, email: str, *, language: str) -> str:
    """Note that somebody asked, and give what their browser keeps: digits are taken from that browser only.

    Beyond the limits of an address nothing is noted, and nobody is told so.
    """
    now, browser = services.clock(), new_secret()
    mark = address_mark(services, store_id, email)
    asked = SignInCodeRow(
        store_id=store_id,
        browser_mark=fingerprint(browser),
        email_mark=mark,
        typed_sealed=services.sealer.seal_short(email.strip()),
        language=language,
        asked_at=now,
        ends_at=now + CODE_LASTS,
    )
    with services.database.writing() as session:
        one_at_a_time(session, mark)
        if may_ask(_asked(session, store_id, mark, now)):
            session.add(asked)
    return browser


def address_mark(services: Services, store_id: int, email: str) -> str:
    """Give the mark under which what is asked and typed for an address is counted."""
    return services.sealer.keyed_mark(f"sign in {store_id} {email_key(email)}")


def one_at_a_time(session: Session, mark: str) -> None:
    """Wait for who asks or types for the same address, until the end of the transaction: what is counted stays so until then.

    SQLite writes one after the other anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        halves = {"first": _signed(mark[:8]), "second": _signed(mark[8:16])}
        session.execute(text("SELECT pg_advisory_xact_lock(:first, :second)"), halves)


def _signed(eight_hex_digits: str) -> int:
    return int(eight_hex_digits, 16) - 2**31


def _asked(session: Session, store_id: int, mark: str, now: datetime) -> AskedFor:
    def since(moment: datetime) -> int:
        query = select(func.count(col(SignInCodeRow.id))).where(
            SignInCodeRow.store_id == store_id,
            SignInCodeRow.email_mark == mark,
            SignInCodeRow.asked_at > moment,
            # What a clock that was ahead has written locks nobody out.
            SignInCodeRow.asked_at <= now + CLOCKS_AGREE_WITHIN,
        )
        return session.exec(query).one()

    return AskedFor(in_hour=since(now - HOUR), in_day=since(now - DAY))
