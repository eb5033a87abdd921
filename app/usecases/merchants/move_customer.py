"""Move a customer from one address to another: a typing error, a new address, or two accounts that are one person.

Balance, waiting claims and history follow, and so does what later refunds take back.
"""

from dataclasses import dataclass

import structlog
from sqlalchemy import text
from sqlmodel import Session, col, or_, select

from app.db.books import lane_of
from app.db.form_tokens import FormToken, is_first
from app.db.keys import key_in
from app.db.logbook import write_log
from app.db.moves import orders_with_points_of
from app.db.stores import accounts_of, find_store_by_slug
from app.db.tables import AccountRow, ClaimRow, CustomerMoveRow, OrderRow, PointsClaimRow, PointsCustomerRow, StoreRow
from app.db.tables.customer_move import UNDER_WAY, MoveState
from app.db.tables.points_claim import PointsClaimState
from app.db.waking import wake
from app.domain.bounds import EMAIL_LENGTH_MAX
from app.domain.claim import ClaimState
from app.domain.email import is_erased, is_typed_well
from app.domain.moments import holds
from app.domain.retry import PAUSE_LONGEST
from app.domain.store import AccountKind
from app.errors import BadRequest
from app.ledger.customer_moves import move_balance
from app.providers.embedded import state_of
from app.usecases.services import Services

log = structlog.get_logger()

REASON_LENGTH_MAX = 1024
# Held while a move is asked for: of two that name the same customer, the second sees the first. Any number will do.
_MOVES_LOCK = 7_346_313


@dataclass(frozen=True, slots=True)
class CustomerMove:
    """What a move takes along, or took: points, claims that wait with their points, and orders."""

    from_email: str
    to_email: str
    state: MoveState
    points: int
    claims: int
    waiting: int
    orders: int


@dataclass(frozen=True, slots=True)
class _Both:
    """The two customers of a move, as they stand in the tables."""

    store: StoreRow
    account: AccountRow
    accounts: dict[int, AccountRow]
    from_key: str
    to_key: str
    customer: PointsCustomerRow | None
    points_claims: list[PointsClaimRow]
    orders: list[OrderRow]


def preview_move(services: Services, store_slug: str, from_email: str, to_email: str) -> CustomerMove:
    """Tell what a move would take along.

    Raises BadRequest where the move is not possible, with a sentence that says why.
    """
    with services.database.reading() as session:
        both = _both(services, session, store_slug, from_email.strip(), to_email.strip(), lock=False)
        return _told(services, both, from_email, to_email, MoveState.TAKING)


def move_customer(
    services: Services,
    store_slug: str,
    from_email: str,
    to_email: str,
    *,
    reason: str,
    who: str,
    once: FormToken | None = None,
) -> CustomerMove | None:
    """Move a customer, all in one transaction with embedded points. None where the form was sent before.

    Raises BadRequest where the move is not possible, or there is no reason.
    """
    from_email, to_email = from_email.strip(), to_email.strip()
    if not 0 < len(reason.strip()) <= REASON_LENGTH_MAX or not 0 < len(who.strip()) <= 256:
        raise BadRequest("Say why, and who you are: both stay with the move.")
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, services.clock()):
            return None
        if not services.database.is_sqlite:
            session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MOVES_LOCK})
        both = _both(services, session, store_slug, from_email, to_email, lock=True)
        now = services.clock()
        move = CustomerMoveRow(
            store_id=both.store.id or 0,
            account_id=both.account.id or 0,
            from_email=from_email,
            from_key=both.from_key,
            to_email=to_email,
            to_key=both.to_key,
            state=MoveState.DONE,
            reason=reason.strip(),
            made_by=who.strip(),
            made_at=now,
            moved_at=now,
        )
        session.add(move)
        session.flush()
        told = _told(services, both, from_email, to_email, MoveState.DONE)
        _rebind_claims(session, both, to_email)
        move.points = move_balance(session, move.store_id, both.from_key, both.to_key, to_email, move_id=move.id or 0, now=now)
        # What comes to the old address from now on is not moved; both customers are locked until the end.
        move.moved_at = services.clock()
        session.flush()
        for order in both.orders:
            wake(session, order.id or 0, now)
        said = f"A customer was moved to another address: {move.points} points and {told.orders} orders. {reason.strip()}"
        write_log(session, move.store_id, "customer_moved", said, now=now, made_by=who)
    log.info("customer moved", store=store_slug, points=told.points, orders=told.orders)
    return told


def _both(services: Services, session: Session, store_slug: str, from_email: str, to_email: str, *, lock: bool) -> _Both:
    """Find, and lock, what a move concerns: orders, then claims. Raises BadRequest where it is not possible."""
    store = find_store_by_slug(session, store_slug)
    accounts = accounts_of(session, store.id or 0) if store is not None else {}
    account = next((one for one in accounts.values() if one.is_current), None)
    if store is None or account is None:
        raise BadRequest(f"There is no store {store_slug}.")
    if is_erased(from_email) or is_erased(to_email):
        raise BadRequest("This customer was erased. Nothing of an erased customer can be moved.")
    if not is_typed_well(to_email) or not 0 < len(from_email) <= EMAIL_LENGTH_MAX:
        raise BadRequest("This is not an e-mail address.")
    from_key, to_key = key_in(session, from_email), key_in(session, to_email)
    if from_key == to_key:
        raise BadRequest("Both addresses are the same customer already.")
    if account.kind != AccountKind.EMBEDDED:
        raise BadRequest("Customers cannot be moved while the points are kept at Coggins.")
    if holds(account.paused_until, services.clock(), longest=PAUSE_LONGEST):
        raise BadRequest("The points provider does not answer now. Nothing was moved; try again when it does.")
    _require_no_other_move(session, store.id or 0, {from_key, to_key})
    orders = orders_with_points_of(session, store.id or 0, accounts, {from_key}, lock=lock)
    claims = select(PointsClaimRow).where(
        PointsClaimRow.store_id == store.id,
        PointsClaimRow.email_key == from_key,
        PointsClaimRow.state == PointsClaimState.OPEN,
    )
    claims = claims.order_by(col(PointsClaimRow.id))
    points_claims = session.exec(claims.with_for_update().execution_options(populate_existing=True) if lock else claims).all()
    is_it = (PointsCustomerRow.store_id == store.id, PointsCustomerRow.email_key == from_key)
    customer = session.exec(select(PointsCustomerRow).where(*is_it)).first()
    has_balance = customer is not None and (customer.available != 0 or customer.used != 0)
    if not has_balance and not points_claims and not orders:
        raise BadRequest("Nothing is kept of this customer, so there is nothing to move. Check the address.")
    return _Both(store, account, accounts, from_key, to_key, customer, list(points_claims), orders)


def _require_no_other_move(session: Session, store_id: int, keys: set[str]) -> None:
    query = select(CustomerMoveRow.id).where(
        CustomerMoveRow.store_id == store_id,
        col(CustomerMoveRow.state).in_(UNDER_WAY),
        or_(col(CustomerMoveRow.from_key).in_(keys), col(CustomerMoveRow.to_key).in_(keys)),
    )
    if session.exec(query).first() is not None:
        raise BadRequest("One of these customers is being moved already. Try again when that is done.")


def _rebind_claims(session: Session, both: _Both, to_email: str) -> None:
    """Let the claims that wait for the old address wait for the new one. Their links stay as they are."""
    marks = [claim.token_mark for claim in both.points_claims]
    for claim in both.points_claims:
        claim.email, claim.email_key = to_email, both.to_key
    for mine in session.exec(select(ClaimRow).where(col(ClaimRow.token_mark).in_(marks)).with_for_update()):
        mine.email = to_email
        mine.lane = lane_of(session, both.accounts[mine.account_id], to_email)
    session.flush()


def _told(services: Services, both: _Both, from_email: str, to_email: str, state: MoveState) -> CustomerMove:
    now = services.clock()
    waiting = [claim for claim in both.points_claims if state_of(claim, now) is ClaimState.OPEN]
    return CustomerMove(
        from_email=from_email,
        to_email=to_email,
        state=state,
        points=both.customer.available if both.customer is not None else 0,
        claims=len(waiting),
        waiting=sum(claim.amount for claim in waiting),
        orders=len(both.orders),
    )
