"""Who else has points of an order. Its address was corrected after they were given; the points can be moved to the new one."""

from sqlmodel import Session

from app.db.books import Books, position_of
from app.db.moves import moves_of
from app.db.stores import accounts_of
from app.db.tables import OrderRow
from app.domain.email import email_key, is_erased
from app.domain.moved_customers import held_now


def find_other_holders(session: Session, order: OrderRow, books: Books) -> list[str]:
    """Find the addresses that have points of an order now, other than the order's own. Erased customers are left out."""
    if not order.email or order.id is None or order.erased_at is not None:
        return []
    position = position_of(books, ())
    accounts = accounts_of(session, order.store_id)
    moves = moves_of(session, accounts, {grant.email for grant in position.grants} | {order.email})
    held, _ = held_now(position, moves)
    current = {account_id for account_id, account in accounts.items() if account.is_current}
    holders = {
        email_key(grant.email): grant.email
        for grant in held.grants
        if grant.email and grant.is_in_balance and grant.points > grant.undone and grant.account_id in current
    }
    own = email_key(order.email)
    if any(key == own for _, key in moves):
        return []
    return sorted(email for key, email in holders.items() if key != own and not is_erased(email))
