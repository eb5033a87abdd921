"""Sign in to the wallet, with the digits or the link of a mail."""

from datetime import datetime

import structlog
from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from app.db.tables import SignInCodeRow, WalletSessionRow
from app.domain.moments import CLOCKS_AGREE_WITHIN, holds
from app.domain.signing_in import (
    CODE_LASTS,
    DAY,
    HOUR,
    SESSION_LASTS,
    SESSIONS_MAX,
    TRIES_MAX,
    Wrong,
    as_digits,
    new_secret,
    takes_digits,
)
from app.sealing import fingerprint
from app.usecases.services import Services
from app.usecases.shoppers.ask_for_code import one_at_a_time
from app.usecases.shoppers.send_sign_in_codes import mark_digits

log = structlog.get_logger()

# Compared where there is no code, so that no address takes another time than others.
_NO_MARK = "0" * 64


def sign_in_with_digits(services: Services, store_id: int, browser: str, typed: str) -> str | None:
    """Sign in with the code that this browser asked for; gives the session's token, or None where it is not the code.

    A wrong code counts, for the code, its address and its store. It costs the same whether the address is a customer's or not.
    """
    now, browser_mark = services.clock(), fingerprint(browser)
    digits = as_digits(typed)
    with services.database.writing() as session:
        query = select(SignInCodeRow).where(SignInCodeRow.store_id == store_id, SignInCodeRow.browser_mark == browser_mark)
        code = session.exec(query.with_for_update()).first()
        one_at_a_time(session, code.email_mark if code is not None else _NO_MARK)
        is_taken = takes_digits(_wrong(session, store_id, code, now))
        mark = code.code_mark if code is not None and code.code_mark is not None else _NO_MARK
        is_right = services.sealer.is_marked(mark_digits(browser_mark, digits), mark)
        if code is None or not _is_open(code, now) or not is_taken or not digits:
            return None
        if not is_right or code.used_at is not None:
            code.tries += 1
            return None
        return _sign_in(session, code, now)


def sign_in_with_link(services: Services, store_id: int, key: str) -> str | None:
    """Sign in with the link of a mail; gives the session's token, or None where it was used, is over, or is none."""
    now = services.clock()
    with services.database.writing() as session:
        code = _of_link(session, store_id, key, lock=True)
        if code is None or not _is_open(code, now) or code.used_at is not None:
            return None
        return _sign_in(session, code, now)


def is_good_link(services: Services, store_id: int, key: str) -> bool:
    """Tell whether a link can sign in now. Uses nothing up: mail scanners open links."""
    now = services.clock()
    with services.database.reading() as session:
        code = _of_link(session, store_id, key)
        return code is not None and _is_open(code, now) and code.used_at is None


def _of_link(session: Session, store_id: int, key: str, *, lock: bool = False) -> SignInCodeRow | None:
    query = select(SignInCodeRow).where(SignInCodeRow.store_id == store_id, SignInCodeRow.link_mark == fingerprint(key))
    return session.exec(query.with_for_update() if lock else query).first()


def _is_open(code: SignInCodeRow, now: datetime) -> bool:
    return holds(code.ends_at, now, longest=CODE_LASTS + CLOCKS_AGREE_WITHIN)


def _wrong(session: Session, store_id: int, code: SignInCodeRow | None, now: datetime) -> Wrong:
    """Count the wrong digits. Tries are counted by when their code was asked for: at most ten minutes before."""
    tried = select(func.coalesce(func.sum(SignInCodeRow.tries), 0)).where(
        SignInCodeRow.store_id == store_id, SignInCodeRow.asked_at <= now + CLOCKS_AGREE_WITHIN
    )
    mark = code.email_mark if code is not None else _NO_MARK
    of_address = tried.where(SignInCodeRow.email_mark == mark, SignInCodeRow.asked_at > now - DAY)
    of_store = tried.where(SignInCodeRow.asked_at > now - HOUR)
    with_code = code.tries if code is not None else TRIES_MAX
    return Wrong(with_code, int(session.exec(of_address).one()), int(session.exec(of_store).one()))


def _sign_in(session: Session, code: SignInCodeRow, now: datetime) -> str:
    """Open a session, and end all other codes of the address. Of very many sessions the oldest end."""
    theirs = (SignInCodeRow.store_id == code.store_id, SignInCodeRow.email_mark == code.email_mark)
    code.used_at = now
    # Whoever signs in with another of them at this moment has it locked, and does so.
    others = select(SignInCodeRow).where(*theirs, col(SignInCodeRow.email).is_not(None), col(SignInCodeRow.used_at).is_(None))
    for other in session.exec(others.with_for_update(skip_locked=True)):
        other.used_at = now
    email, key, token = code.email or "", code.email_key or "", new_secret()
    opened = WalletSessionRow(
        store_id=code.store_id,
        token_mark=fingerprint(token),
        email=email,
        email_key=key,
        made_at=now,
        ends_at=now + SESSION_LASTS,
    )
    session.add(opened)
    session.flush()
    of_customer = (WalletSessionRow.store_id == code.store_id, WalletSessionRow.email_key == key)
    newest = select(WalletSessionRow.id).where(*of_customer).order_by(col(WalletSessionRow.id).desc()).limit(SESSIONS_MAX)
    session.execute(delete(WalletSessionRow).where(*of_customer, col(WalletSessionRow.id).not_in(newest)))  # type: ignore[arg-type]  # conditions
    log.info("signed in to the wallet", store_id=code.store_id)
    return token
