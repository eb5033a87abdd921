"""The two customers of a move: find and lock them, and refuse a move that is not possible, with a sentence that says why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, or_, select

from app.db.keys import key_in
from app.db.lanes import lane_of
from app.db.movements import is_open
from app.db.moves import orders_with_points_of
from app.db.stores import accounts_of, find_store_by_slug
from app.db.tables import AccountRow, ClaimRow, CustomerMoveRow, MovementRow, OrderRow, PointsClaimRow, StoreRow
from app.db.tables.customer_move import UNDER_WAY
from app.db.tables.points_claim import PointsClaimState
from app.domain.bounds import EMAIL_LENGTH_MAX, POINTS_MAX
from app.domain.claim import NO_POINTS, Balance, ClaimState
from app.domain.email import is_erased, is_typed_well
from app.domain.moments import holds
from app.domain.retry import PAUSE_LONGEST
from app.domain.settlement import INSTANT_KINDS
from app.domain.store import AccountKind
from app.errors import BadRequest
from app.providers.embedded import state_of
from app.providers.protocol import Absent, NotSent, held
from app.usecases.moving.balances_now import balances_now
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class CustomerMove:
    """What a move takes along, or took: points, claims that wait, with their points, and orders.

    `shown` are claims at Coggins whose links are out: they stay with the old address.
    """

    from_email: str
    to_email: str
    is_embedded: bool
    points: int
    claims: int
    waiting: int
    shown: int
    orders: int


@dataclass(frozen=True, slots=True)
class TwoCustomers:
    """The two customers of a move, as they stand in the tables. `others` are orders of the new address alone."""

    store: StoreRow
    account: AccountRow
    accounts: dict[int, AccountRow]
    from_email: str
    to_email: str
    from_key: str
    to_key: str
    balance: Balance
    points_claims: list[PointsClaimRow]
    claims: list[ClaimRow]
    orders: list[OrderRow]
    others: list[OrderRow]

    @property
    def is_embedded(self) -> bool:
        return self.account.kind == AccountKind.EMBEDDED


def balance_to_move(services: Services, store_slug: str, from_email: str, to_email: str) -> Balance:
    """Look up the balance of the old address, which must be known before anything is moved.

    Raises BadRequest where the addresses are of one customer, the balance is not known now, or it is a debt at Coggins.
    """
    with services.database.reading() as session:
        store, accounts, account = _store_and_accounts(session, store_slug)
        _check_addresses(session, from_email.strip(), to_email.strip())
    del accounts
    if account.kind != AccountKind.EMBEDDED and holds(account.paused_until, services.clock(), longest=PAUSE_LONGEST):
        raise BadRequest("The points provider is not asked for now. Nothing was moved; try again when it serves again.")
    found = balances_now(services, services.provider_of(store, account), [from_email.strip()])
    judged = found if isinstance(found, NotSent) else found[from_email.strip()]
    if isinstance(judged, NotSent) or judged is Absent.DOUBTFUL:
        raise BadRequest("The points provider does not tell this customer's balance now. Nothing was moved; try again later.")
    balance = held(judged)
    if account.kind != AccountKind.EMBEDDED and not 0 <= balance.available <= POINTS_MAX:
        raise BadRequest("A balance below zero cannot be moved at this points provider. Nothing was moved.")
    return balance


def _store_and_accounts(session: Session, store_slug: str) -> tuple[StoreRow, dict[int, AccountRow], AccountRow]:
    store = find_store_by_slug(session, store_slug)
    accounts = accounts_of(session, store.id or 0) if store is not None else {}
    account = next((one for one in accounts.values() if one.is_current), None)
    if store is None or account is None:
        raise BadRequest(f"There is no store {store_slug}.")
    return store, accounts, account


def _check_addresses(session: Session, from_email: str, to_email: str) -> tuple[str, str]:
    if is_erased(from_email) or is_erased(to_email):
        raise BadRequest("This customer was erased. Nothing of an erased customer can be moved.")
    if not is_typed_well(to_email) or not 0 < len(from_email) <= EMAIL_LENGTH_MAX:
        raise BadRequest("This is not an e-mail address.")
    from_key, to_key = key_in(session, from_email), key_in(session, to_email)
    if from_key == to_key:
        raise BadRequest("Both addresses are the same customer already.")
    return from_key, to_key


def find_two_customers(
    session: Session, store_slug: str, from_email: str, to_email: str, balance: Balance, *, lock: bool
) -> TwoCustomers:
    """Find, and lock, what a move concerns: orders, then claims. Raises BadRequest where it is not possible."""
    from_email, to_email = from_email.strip(), to_email.strip()
    store, accounts, account = _store_and_accounts(session, store_slug)
    from_key, to_key = _check_addresses(session, from_email, to_email)
    store_id = store.id or 0
    _require_no_other_move(session, store_id, {from_key, to_key})
    if account.kind != AccountKind.EMBEDDED and lock:
        _require_nothing_under_way(session, lane_of(session, account, from_email))
    all_orders = orders_with_points_of(session, store_id, accounts, {from_key, to_key}, lock=lock)
    theirs = {order.id for order in orders_with_points_of(session, store_id, accounts, {from_key})}
    is_waiting = (PointsClaimRow.email_key == from_key, PointsClaimRow.state == PointsClaimState.OPEN)
    points_claims = _ordered(session, select(PointsClaimRow).where(PointsClaimRow.store_id == store_id, *is_waiting), lock=lock)
    lanes = [lane_of(session, one, from_email) for one in accounts.values()]
    is_live = col(ClaimRow.state).in_((ClaimState.OPEN, ClaimState.SHOWN))
    claims = _ordered(session, select(ClaimRow).where(col(ClaimRow.lane).in_(lanes), is_live), lock=lock)
    if balance == NO_POINTS and not points_claims and not theirs:
        raise BadRequest("Nothing is known of this customer, so there is nothing to move. Check the address.")
    return TwoCustomers(
        store=store,
        account=account,
        accounts=accounts,
        from_email=from_email,
        to_email=to_email,
        from_key=from_key,
        to_key=to_key,
        balance=balance,
        points_claims=points_claims,
        claims=[claim for claim in claims if claim.order_id in {order.id for order in all_orders}],
        orders=[order for order in all_orders if order.id in theirs],
        others=[order for order in all_orders if order.id not in theirs],
    )


def _ordered(session: Session, query: object, *, lock: bool) -> list:  # type: ignore[type-arg]  # rows of whichever table
    [entity] = [description["entity"] for description in query.column_descriptions]  # type: ignore[attr-defined]  # a select
    ordered = query.order_by(entity.id)  # type: ignore[attr-defined]
    return list(session.exec(ordered.with_for_update().execution_options(populate_existing=True) if lock else ordered))


def _require_nothing_under_way(session: Session, lane: str) -> None:
    is_instant = col(MovementRow.kind).in_(INSTANT_KINDS)
    query: Any = select(MovementRow.id).where(MovementRow.lane == lane, is_instant, is_open())  # type: ignore[arg-type]  # a condition
    if session.exec(query).first() is not None:
        raise BadRequest("Another change of this customer's points is under way. Nothing was moved; try again in a moment.")


def _require_no_other_move(session: Session, store_id: int, keys: set[str]) -> None:
    query = select(CustomerMoveRow.id).where(
        CustomerMoveRow.store_id == store_id,
        col(CustomerMoveRow.state).in_(UNDER_WAY),
        or_(col(CustomerMoveRow.from_key).in_(keys), col(CustomerMoveRow.to_key).in_(keys)),
    )
    if session.exec(query).first() is not None:
        raise BadRequest("One of these customers is being moved already. Try again when that is done.")


def takes_along(both: TwoCustomers, now: datetime) -> CustomerMove:
    """Tell what a move takes along."""
    if both.is_embedded:
        waiting = [claim.amount for claim in both.points_claims if state_of(claim, now) is ClaimState.OPEN]
    else:
        waiting = [claim.points for claim in both.claims if claim.state == ClaimState.OPEN]
    return CustomerMove(
        from_email=both.from_email,
        to_email=both.to_email,
        is_embedded=both.is_embedded,
        points=both.balance.available,
        claims=len(waiting),
        waiting=sum(waiting),
        shown=sum(1 for claim in both.claims if claim.state == ClaimState.SHOWN),
        orders=len(both.orders),
    )
