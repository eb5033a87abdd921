"""Mails about points and about codes go to whoever has these today: staff may have moved the customer."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session, col, select

from app.db.moves import moves_of
from app.db.snapshots import stored_order
from app.db.stores import accounts_of
from app.db.tables import MailRow, OrderRow, PointsCustomerRow, RedemptionRow
from app.domain.arithmetic_versions import placed_at, version_of
from app.domain.email import email_key, is_erased
from app.domain.mails import MailKind
from app.domain.moved_customers import ANY_ACCOUNT, holder_of
from app.usecases.mailing.ending_values import customer_of
from app.usecases.mailing.outbox import is_test

ABOUT_ORDERS = frozenset({MailKind.POINTS_READY, MailKind.REMINDER})


class _Origin(NamedTuple):
    """Whose the order, the reward or the points were at first, and since when."""

    email: str
    since: datetime


def follow_moves(session: Session, mails: Iterable[MailRow]) -> None:
    """Give locked mails the addresses of today. Codes to sign in stay with the address that asked for them.

    The address is worked out from the order, the reward or the points each time, never from the last try's: a customer who
    had that address before, and was moved away, is somebody else.
    """
    by_store: dict[int, list[MailRow]] = defaultdict(list)
    for mail in mails:
        if not is_test(mail):
            by_store[mail.store_id].append(mail)
    for store_id, theirs in sorted(by_store.items()):
        origins = _origins_of_orders(session, theirs) | _origins_of_rewards(session, theirs) | _origins_of_points(session, theirs)
        accounts = accounts_of(session, store_id)
        moves = moves_of(session, accounts, [origin.email for origin in origins.values()])
        for mail in theirs:
            origin = origins.get((mail.kind, mail.about))
            if origin is None:
                continue
            today = [holder_of(moves, account_id, *origin).email for account_id in (ANY_ACCOUNT, *accounts)]
            # Of a customer who was erased at the new address, the old one is not written to either.
            mail.email = next(filter(is_erased, today), today[0])
            mail.email_key = email_key(mail.email)


def _origins_of_orders(session: Session, mails: Sequence[MailRow]) -> dict[tuple[str, str], _Origin]:
    about = [mail for mail in mails if mail.kind in ABOUT_ORDERS]
    if not about:
        return {}
    query = select(OrderRow).where(col(OrderRow.id).in_({int(mail.about) for mail in about}))
    found = {str(row.id): _Origin(row.email.strip(), _placed(row)) for row in session.exec(query) if row.email}
    return {(mail.kind, mail.about): found[mail.about] for mail in about if mail.about in found}


def _placed(row: OrderRow) -> datetime:
    order = stored_order(row)
    if order is None:
        return row.placed_at or row.created_at
    return placed_at(order, version_of(row.arithmetic, is_settled=row.because is not None))


def _origins_of_rewards(session: Session, mails: Sequence[MailRow]) -> dict[tuple[str, str], _Origin]:
    about = {UUID(mail.about) for mail in mails if mail.kind == MailKind.REWARD_CODE}
    if not about:
        return {}
    query = select(RedemptionRow).where(col(RedemptionRow.reference).in_(about))
    return {(MailKind.REWARD_CODE.value, row.reference.hex): _Origin(row.email, row.asked_at) for row in session.exec(query)}


def _origins_of_points(session: Session, mails: Sequence[MailRow]) -> dict[tuple[str, str], _Origin]:
    """Find whose points a mail about their end was written of. The row of a customer who is moved stays, and is empty."""
    customers = {mail.about: customer_of(mail.about) for mail in mails if mail.kind == MailKind.POINTS_END}
    if not customers:
        return {}
    query = select(PointsCustomerRow).where(col(PointsCustomerRow.id).in_(set(customers.values())))
    emails = {row.id: row.email for row in session.exec(query)}
    return {
        (mail.kind, mail.about): _Origin(emails[customers[mail.about]], mail.written_at)
        for mail in mails
        if mail.about in customers
    }
