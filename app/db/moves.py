"""Moves of customers: who was moved where, and which orders have something of a customer."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, col, or_, select

from app.db.bulk import IsIn
from app.db.lanes import lane_under
from app.db.tables import AccountRow, ClaimRow, CustomerMoveRow, MovementRow, OrderRow, PointsClaimRow, PointsCustomerRow
from app.db.tables.customer_move import MoveState
from app.domain.email import email_key, former_key, is_erased
from app.domain.moved_customers import ANY_ACCOUNT, MovedCustomer, MovedCustomers

# Two stores may share one account: what one of them moved is moved for the other.
_FROM_KEYS = (
    select(CustomerMoveRow, AccountRow.lane_mark)
    .join(AccountRow, col(AccountRow.id) == col(CustomerMoveRow.account_id))
    .where(IsIn(col(CustomerMoveRow.from_key), "keys"), col(CustomerMoveRow.moved_at).is_not(None))
    .order_by(col(CustomerMoveRow.moved_at), col(CustomerMoveRow.id))
)

# Built once: it is asked whenever a balance rises.
_FORMER_KEYS = select(CustomerMoveRow.from_key).where(
    CustomerMoveRow.store_id == bindparam("of_store"),
    IsIn(col(CustomerMoveRow.to_key), "keys"),
    col(CustomerMoveRow.moved_at).is_not(None),
)


def moves_of(session: Session, accounts: Mapping[int, AccountRow], emails: Collection[str | None]) -> MovedCustomers:
    """Load the moves of these customers, and the moves that followed them. One query where nobody was moved."""
    marks: dict[str, list[int]] = defaultdict(list)
    for account_id, account in accounts.items():
        marks[account.lane_mark].append(account_id)
    found: dict[tuple[int, str], tuple[MovedCustomer, ...]] = {}
    wanted, known = {email for email in emails if email}, set[str]()
    while wanted:
        keys = {key for email in wanted for key in (email_key(email), former_key(email))} - known
        known |= keys
        wanted = set()
        for move, mark in session.exec(_FROM_KEYS, params={"keys": sorted(keys)}) if keys else ():
            if move.from_email == move.to_email:
                continue  # Two spellings of one address. Both have one key since.
            if mark not in marks:
                continue
            # New points of an erased customer's older orders go where the order says.
            for account_id in marks[mark] if is_erased(move.to_email) else (ANY_ACCOUNT, *marks[mark]):
                one = _moved(move, account_id)
                found[account_id, one.from_key] = (*found.get((account_id, one.from_key), ()), one)
                wanted.add(move.to_email)
    return found


def _moved(move: CustomerMoveRow, account_id: int) -> MovedCustomer:
    if move.moved_at is None:
        raise RuntimeError("a move that did not happen")
    is_in_transit = move.state == MoveState.IN_TRANSIT
    return MovedCustomer(move.id or 0, account_id, email_key(move.from_email), move.to_email, move.moved_at, is_in_transit)


def orders_with_points_of(
    session: Session, store_id: int, accounts: Mapping[int, AccountRow], keys: Collection[str], *, lock: bool = False
) -> list[OrderRow]:
    """Find the orders of a customer, and those whose points the customer has, was given, or may take. Oldest first."""
    everybody = with_former_addresses(session, store_id, keys)
    lanes = [lane_under(account.lane_mark, key) for account in accounts.values() for key in sorted(everybody)]
    of_customers = select(PointsCustomerRow.id).where(
        PointsCustomerRow.store_id == store_id, col(PointsCustomerRow.email_key).in_(everybody)
    )
    marks = select(PointsClaimRow.token_mark).where(col(PointsClaimRow.customer_id).in_(of_customers))
    claims = select(ClaimRow.order_id).where(or_(col(ClaimRow.lane).in_(lanes), col(ClaimRow.token_mark).in_(marks)))
    movements = select(MovementRow.order_id).where(col(MovementRow.lane).in_(lanes), col(MovementRow.order_id).is_not(None))
    ids: set[Any] = {*session.exec(claims), *session.exec(movements)}
    is_theirs = or_(col(OrderRow.email_key).in_(everybody), IsIn(col(OrderRow.id), "order_ids", ids))
    query = select(OrderRow).where(OrderRow.store_id == store_id, is_theirs).order_by(col(OrderRow.id))
    return list(session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query))


def with_former_addresses(session: Session, store_id: int, keys: Collection[str]) -> set[str]:
    """Add the keys of those who were moved to one of these customers, one after the other."""
    found, new = set(keys), set(keys)
    while new:
        asked = {"of_store": store_id, "keys": sorted(new)}
        new = set(session.connection().execute(_FORMER_KEYS, asked).scalars()) - found
        found |= new
    return found
