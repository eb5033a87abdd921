"""Send mails that wait: one connection for a few of them, no transaction open meanwhile.

Right before a mail is handed over, that is noted and committed. So a worker that dies, or an answer that is lost, leaves a mark:
a code is sent again, and what must not come twice is not.
"""

from collections.abc import Mapping
from random import randrange

import structlog
from sqlmodel import Session, col, select

from app.db.logbook import write_log
from app.db.tables import MailAddressRow, MailRow, StoreRow
from app.domain.log_level import LogLevel
from app.domain.mails import MANNERS, MailKind, MailState, Urgency, pause_after
from app.domain.moments import holds
from app.domain.retry import PAUSE_LONGEST
from app.errors import AppError, MailServerDown, MailServerRefused
from app.logs import innermost_place
from app.mail.courier import Fate, Outcome, Round
from app.mail.letter import NoAddress, write_letter
from app.usecases.mailing.mail_server import note_served, note_trouble, pause_sender, resume_sender
from app.usecases.mailing.preferences import ended
from app.usecases.mailing.taking_mails import ANSWER_LOST, TOO_LATE, TakenMails, begin_sending, let_go, take_mails
from app.usecases.mailing.writing_mails import NotWanted, write_mail
from app.usecases.services import Services

log = structlog.get_logger()

NOT_WRITTEN = "Saleor Points failed to write this mail; its log says where. It is tried again."
NOT_TAKEN = "The mail server did not take it yet:"
NO_SUCH_ADDRESS = "The mail server says that nobody has this address."


def send_mails(services: Services, urgency: Urgency) -> bool:
    """Send a few mails, and tell whether there were any."""
    if services.courier is None:
        return False
    taken = take_mails(services, urgency)
    if taken is None:
        return False
    sent = 0
    try:
        with services.courier.open() as round_:
            for mail in taken.mails:
                if _send(services, taken, mail, round_):
                    sent += 1
                    if sent == 1:
                        # Not before: a server may let us in, and break off at each mail.
                        note_served(services)
            note_served(services)
    except (MailServerDown, MailServerRefused) as error:
        note_trouble(services, error)
    finally:
        let_go(services, taken.lease_token)
    log.info("mails sent", mails=sent, taken=len(taken.mails))
    return True


def _send(services: Services, taken: TakenMails, mail: MailRow, round_: Round) -> bool:
    """Send one mail, and write down what came of it."""
    store, now = taken.stores[mail.store_id], services.clock()
    if mail.deadline <= now:
        _write_end(services, taken, mail, MailState.LATE, mail.problem or TOO_LATE)
        return False
    if holds(store.mail_paused_until, now, longest=PAUSE_LONGEST):
        return False
    try:
        written = write_mail(services, store, mail)
        if isinstance(written, NotWanted):
            _write_end(services, taken, mail, MailState.DROPPED, written.why)
            return False
        letter = write_letter(*written)
    except NoAddress as error:
        _write_end(services, taken, mail, MailState.FAILED, error.message)
        return False
    except (AppError, LookupError, TypeError, ValueError) as error:
        # A defect at this mail must not hold up the others.
        log.error("defect", mail_id=mail.id, kind=type(error).__name__, where=innermost_place(error))  # noqa: TRY400 - an error's text may hold an e-mail
        _put_off(services, taken, mail, NOT_WRITTEN)
        return False
    try:
        outcome = round_.hand_over(letter, lambda: begin_sending(services, mail, taken.lease_token))
    except MailServerDown as error:
        # Should it be this mail that the server cannot bear, the others go before it.
        _put_off(services, taken, mail, f"{NOT_TAKEN} {error.message}")
        raise
    _record(services, taken, mail, store, outcome)
    return outcome.fate is Fate.TAKEN


def _record(services: Services, taken: TakenMails, mail: MailRow, store: StoreRow, outcome: Outcome) -> None:
    kind = MailKind(mail.kind)
    if outcome.fate is Fate.TAKEN:
        if store.mail_problem is not None:
            resume_sender(services, store)
        _write_end(services, taken, mail, MailState.SENT, None)
    elif outcome.fate is Fate.NO_ADDRESS:
        _stop_address(services, taken, mail, outcome.said)
    elif outcome.fate is Fate.REFUSED:
        _write_end(services, taken, mail, MailState.FAILED, f"The mail server refused this mail: {outcome.said}")
    elif outcome.fate is Fate.UNKNOWN and not MANNERS[kind].comes_again:
        _write_end(services, taken, mail, MailState.UNSURE, ANSWER_LOST)
    elif outcome.fate is Fate.SENDER_REFUSED:
        pause_sender(services, store, outcome.said)
    elif outcome.fate is not Fate.NOT_OURS:
        _put_off(services, taken, mail, f"{NOT_TAKEN} {outcome.said}")
    if outcome.fate is not Fate.TAKEN:
        log.warning("mail not sent", store=store.slug, kind=mail.kind, fate=outcome.fate.value)
    if outcome.fate is Fate.UNKNOWN:
        # The connection is gone, and with it the turn of the others.
        raise MailServerDown(f"The mail server broke off: {outcome.said}")


def _write_end(services: Services, taken: TakenMails, mail: MailRow, state: MailState, problem: str | None) -> None:
    now = services.clock()
    with services.database.writing() as session:
        row = _held(session, taken, mail)
        if row is not None:
            _set(row, ended(state, now, problem=problem))


def _stop_address(services: Services, taken: TakenMails, mail: MailRow, said: str) -> None:
    now = services.clock()
    with services.database.writing() as session:
        row = _held(session, taken, mail)
        if row is None:
            return
        _set(row, ended(MailState.FAILED, now, problem=f"{NO_SUCH_ADDRESS} {said}"))
        address = session.get(MailAddressRow, (row.store_id, row.email_key))
        if address is None:
            address = MailAddressRow(store_id=row.store_id, email_key=row.email_key)
            session.add(address)
        address.stopped_at, address.stopped_because = now, said
        sentence = "A mail came back, because nobody has its address. No more mails go there; the customer's page says so."
        write_log(session, row.store_id, "mail_address_stopped", sentence, now=now, level=LogLevel.WARNING)


def _put_off(services: Services, taken: TakenMails, mail: MailRow, problem: str) -> None:
    now = services.clock()
    with services.database.writing() as session:
        row = _held(session, taken, mail)
        if row is None:
            return
        row.failures += 1
        jitter = randrange(100)  # noqa: S311 - spreads load, keeps no secret
        row.send_at = now + pause_after(row.failures, Urgency(row.urgency), jitter=jitter)
        row.state, row.lease_token, row.lease_until = MailState.WAITING, None, None
        row.problem = problem


def _held(session: Session, taken: TakenMails, mail: MailRow) -> MailRow | None:
    query = select(MailRow).where(col(MailRow.id) == mail.id, col(MailRow.lease_token) == taken.lease_token)
    return session.exec(query.with_for_update()).first()


def _set(row: MailRow, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
