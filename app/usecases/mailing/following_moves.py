"""Mails about waiting points and about codes go to where staff moved the customer since they were written."""

from collections import defaultdict
from collections.abc import Iterable

from sqlmodel import Session

from app.db.moves import moves_of
from app.db.stores import accounts_of
from app.db.tables import MailRow
from app.domain.email import email_key
from app.domain.mails import MailKind
from app.domain.moved_customers import holder_of
from app.usecases.mailing.outbox import is_test

# The others are about the address itself: a code to sign in with it.
FOLLOWING = frozenset({MailKind.POINTS_READY, MailKind.REMINDER, MailKind.REWARD_CODE})


def follow_moves(session: Session, mails: Iterable[MailRow]) -> None:
    """Give locked mails the addresses of today. Two queries for each store that has some."""
    by_store: dict[int, list[MailRow]] = defaultdict(list)
    for mail in mails:
        if mail.kind in FOLLOWING and not is_test(mail):
            by_store[mail.store_id].append(mail)
    for store_id, theirs in sorted(by_store.items()):
        accounts = accounts_of(session, store_id)
        moves = moves_of(session, accounts, [mail.email for mail in theirs])
        current = next((account.id for account in accounts.values() if account.is_current), None)
        for mail in theirs if moves and current is not None else ():
            mail.email = holder_of(moves, current or 0, mail.email, mail.written_at).email
            mail.email_key = email_key(mail.email)
