"""Take a few mails whose time has come, under a lease; and end those that nobody may send any more."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from app.db.moment_conditions import is_free
from app.db.tables import MailRow, MailServerRow, StoreRow
from app.domain.mails import MANNERS, MailState, Urgency
from app.domain.moments import CLOCKS_AGREE_WITHIN, holds
from app.domain.retry import PAUSE_LONGEST
from app.domain.store import StoreState
from app.usecases.mailing.following_moves import follow_moves
from app.usecases.mailing.preferences import ended
from app.usecases.services import Services

# So many mails go over one connection.
BATCH = 50
_OVERDUE_MAX = 500
# Longer than one mail may take, and prolonged for each.
LEASE = timedelta(minutes=2)
LEASE_LONGEST = LEASE + CLOCKS_AGREE_WITHIN
ONLY_ONCE = tuple(kind.value for kind, manner in MANNERS.items() if not manner.comes_again)
ANSWER_LOST = "The mail server's answer was lost. It may have arrived, and must not come twice: it is not sent again."
TOO_LATE = "It could not be sent in time."


@dataclass(frozen=True, slots=True)
class TakenMails:
    """Mails in hand, and their stores, by id."""

    lease_token: str
    mails: list[MailRow]
    stores: dict[int, StoreRow]


def take_mails(services: Services, urgency: Urgency) -> TakenMails | None:
    """Take up to fifty mails; None where none waits, or the mail server is not asked at present."""
    now, token = services.clock(), uuid4().hex
    with services.database.reading() as session:
        if _is_paused(session, now) or session.exec(_waiting(now, urgency).limit(1)).first() is None:
            return None
    with services.database.writing() as session:
        mails = list(session.exec(_waiting(now, urgency).limit(BATCH).with_for_update(of=MailRow, skip_locked=True)))
        left = []
        for mail in mails:
            if mail.state == MailState.SENDING and mail.kind in ONLY_ONCE:
                # Whoever had it in hand died between handing it over and writing the answer down.
                _end(mail, MailState.UNSURE, now, ANSWER_LOST)
            elif mail.deadline <= now:
                _end(mail, MailState.LATE, now, mail.problem or TOO_LATE)
            else:
                mail.lease_token, mail.lease_until = token, now + LEASE
                left.append(mail)
        follow_moves(session, left)
        stores = {mail.store_id: session.get_one(StoreRow, mail.store_id) for mail in left}
    return TakenMails(token, left, stores)


def end_overdue(services: Services) -> bool:
    """End mails whose time is over, also those of shops that send none at present. Tells whether more may be left."""
    now = services.clock()
    overdue = (
        select(MailRow.id)
        .where(
            col(MailRow.send_at).is_not(None),
            MailRow.deadline <= now,
            is_free(col(MailRow.lease_until), now, now + LEASE_LONGEST),
        )
        .order_by(col(MailRow.deadline))
        .limit(_OVERDUE_MAX)
    )
    with services.database.reading() as session:
        if session.exec(overdue.limit(1)).first() is None:
            return False
    with services.database.writing() as session:
        ids = session.exec(overdue.with_for_update(skip_locked=True)).all()
        is_unsure = (col(MailRow.state) == MailState.SENDING, col(MailRow.kind).in_(ONLY_ONCE))
        chosen = update(MailRow).where(col(MailRow.id).in_(ids))
        session.execute(chosen.where(*is_unsure).values(ended(MailState.UNSURE, now, problem=ANSWER_LOST)))
        late = ended(MailState.LATE, now) | {"problem": _said_or(TOO_LATE)}
        session.execute(chosen.where(col(MailRow.ended_at).is_(None)).values(late))
    return len(ids) >= _OVERDUE_MAX


def begin_sending(services: Services, mail: MailRow, token: str) -> bool:
    """Note, right before a mail is handed over, that it is. False where it is not ours any more."""
    now = services.clock()
    with services.database.writing() as session:
        noted = session.execute(
            update(MailRow)
            .where(col(MailRow.id) == mail.id, col(MailRow.lease_token) == token)
            .values(state=MailState.SENDING, lease_until=now + LEASE)
            .returning(col(MailRow.id))
        )
        return noted.first() is not None


def let_go(services: Services, token: str) -> None:
    """Give back all mails of a lease, just as they were."""
    values: dict[str, Any] = {"state": MailState.WAITING, "lease_token": None, "lease_until": None}
    # Only what is not over is leased. Said once more, so that the index of those serves it: the others are kept for long.
    is_leased = (col(MailRow.send_at).is_not(None), col(MailRow.lease_token) == token)
    with services.database.writing() as session:
        session.execute(update(MailRow).where(*is_leased).values(values))


def _said_or(sentence: str) -> Any:
    return func.coalesce(col(MailRow.problem), sentence)


def _end(mail: MailRow, state: MailState, now: datetime, problem: str) -> None:
    for name, value in ended(state, now, problem=problem).items():
        setattr(mail, name, value)


def _is_paused(session: Session, now: datetime) -> bool:
    server = session.get(MailServerRow, 1)
    return server is not None and holds(server.paused_until, now, longest=PAUSE_LONGEST)


def _waiting(now: datetime, urgency: Urgency) -> Any:
    return (
        select(MailRow)
        .join(StoreRow, col(StoreRow.id) == col(MailRow.store_id))
        .where(
            MailRow.urgency == urgency,
            col(MailRow.send_at) <= now,
            is_free(col(MailRow.lease_until), now, now + LEASE_LONGEST),
            StoreRow.state == StoreState.ACTIVE,
            is_free(col(StoreRow.mail_paused_until), now, now + PAUSE_LONGEST),
        )
        .order_by(col(MailRow.send_at), col(MailRow.id))
    )
