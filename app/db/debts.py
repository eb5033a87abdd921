"""Points that customers owe: what refunds are to take back, and could not yet. They follow a customer who is moved."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from app.db.keys import keys_in
from app.db.moves import moves_of, with_former_addresses
from app.db.spend_waking import wake_debts
from app.db.stores import accounts_of
from app.db.tables import OrderRow, SpendReturnRow, SpendRow
from app.db.tables.spend_return import RETURN_IS_OWED
from app.db.waking import wake_short
from app.domain.email import email_key
from app.domain.moved_customers import ANY_ACCOUNT, holder_of


def points_owed(session: Session, store_id: int, email: str) -> int:
    """Add up what is to be taken back from a customer, and could not be yet. These points cannot be spent.

    Two things are taken back: what refunded money had earned, and points given back by a refund that Saleor later reversed. Of a
    customer who was moved, whoever has the points now owes them.
    """
    keys = keys_in(session, email)
    everybody = with_former_addresses(session, store_id, keys)
    orders, payments = _short_orders(session, store_id, everybody), _owed_returns(session, store_id, everybody)
    if not orders and not payments:
        return 0
    accounts = accounts_of(session, store_id)
    current_id = next((id_ for id_, account in accounts.items() if account.is_current), None)
    moves = moves_of(session, accounts, [*(one.email for one in orders), *(one.email for one in payments)])
    of_orders = sum(
        one.shortfall for one in orders if email_key(holder_of(moves, ANY_ACCOUNT, one.email, one.since).email) in keys
    )
    of_payments = sum(
        one.owed
        for one in payments
        if email_key(holder_of(moves, one.account_id, one.email, one.asked_at, and_at=current_id).email) in keys
    )
    return of_orders + of_payments


def wake_debtors(session: Session, store_id: int, email_keys: Collection[str], now: datetime) -> None:
    """Wake the orders and payments that are to take points from customers whose balance has just risen.

    Those of former addresses are woken, too: what was owed there is taken from the new address.
    """
    keys = with_former_addresses(session, store_id, email_keys)
    wake_short(session, store_id, keys, now)
    wake_debts(session, store_id, keys, now)


class _ShortOrder(NamedTuple):
    email: str
    since: datetime
    shortfall: int


class _OwedReturn(NamedTuple):
    email: str
    account_id: int
    asked_at: datetime
    owed: int


def _short_orders(session: Session, store_id: int, keys: Collection[str]) -> list[_ShortOrder]:
    query = select(OrderRow.email, OrderRow.placed_at, OrderRow.created_at, OrderRow.shortfall)
    is_theirs = (col(OrderRow.store_id) == store_id, col(OrderRow.email_key).in_(keys), col(OrderRow.shortfall) > 0)
    return [
        _ShortOrder(email or "", placed_at or created_at, shortfall)
        for email, placed_at, created_at, shortfall in session.exec(query.where(*is_theirs))
    ]


def _owed_returns(session: Session, store_id: int, keys: Collection[str]) -> list[_OwedReturn]:
    left = col(SpendReturnRow.points) - col(SpendReturnRow.taken_again_points) - col(SpendReturnRow.let_go_points)
    query = select(SpendRow.email, SpendRow.account_id, SpendRow.asked_at, left).join(
        SpendReturnRow, col(SpendReturnRow.spend_id) == col(SpendRow.id)
    )
    is_theirs = (col(SpendRow.store_id) == store_id, col(SpendRow.email_key).in_(keys), RETURN_IS_OWED)
    return [_OwedReturn(*row) for row in session.exec(query.where(*is_theirs))]
