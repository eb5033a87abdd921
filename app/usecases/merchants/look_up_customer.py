"""Look up a customer for the merchant: the balance as the provider has it now, and what this store did about it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, not_, or_
from sqlmodel import Session, col, select

from app.db.former_addresses import FormerAddress, former_addresses
from app.db.keys import keys_in
from app.db.lanes import lane_of, lane_under
from app.db.rows import as_value
from app.db.staff_takings import really_taken
from app.db.stores import accounts_of
from app.db.tables import (
    AccountRow,
    AdjustmentRow,
    ClaimRow,
    MovementRow,
    OrderRow,
    PointsClaimRow,
    StoreRow,
)
from app.db.waiting_claims import points_waiting, points_waiting_of_programs
from app.domain.claim import Balance
from app.domain.email import email_key
from app.domain.settlement import MovementState
from app.domain.store import AccountKind, DebtPolicy
from app.ledger.balance_history import HistoryPage, history_of_customer
from app.providers.protocol import Absent, NotSent, held
from app.usecases.merchants.customer_address import check_address
from app.usecases.merchants.history import ShownAdjustment, ShownMovement
from app.usecases.merchants.list_orders import ListedOrder, newest_of_customer
from app.usecases.merchants.shown_payments import ShownPayment, payments_of_customer
from app.usecases.moving.balances_now import balances_now
from app.usecases.services import Services

LISTED_MAX = 50
HISTORY_PAGE = 50


@dataclass(frozen=True, slots=True)
class CustomerView:
    """What is known of a customer. `balance` is None where the provider did not tell; `trouble` is its sentence then.

    `former` are the addresses from which staff moved the customer to this one. What happened there until then is listed too.

    `is_known` tells whether the provider knows the address at all. `history` is the ledger's, of embedded points; None where the
    points are kept elsewhere. Beside a history, `movements` are only those that it does not have: movements at earlier accounts,
    and those that did not happen.
    `has_floor` tells that the balance never falls below zero. `taken` is what each taking by staff really took, by its id.
    `waiting` are the points of the claim links that can still be taken, as far as they are known to be this customer's.
    """

    email: str
    balance: Balance | None
    is_known: bool
    trouble: str
    account_kind: AccountKind
    has_floor: bool
    orders: tuple[ListedOrder, ...]
    waiting: int
    history: HistoryPage | None
    movements: tuple[tuple[ShownMovement, str | None, str | None], ...]
    adjustments: tuple[ShownAdjustment, ...]
    taken: Mapping[int, int]
    payments: tuple[ShownPayment, ...] = ()
    former: tuple[FormerAddress, ...] = ()

    def former_email(self, email: str | None) -> str:
        """Give an address where it is one that the customer had before; else nothing."""
        key = email_key(email or "")
        return next((one.email for one in self.former if one.key == key), "")


def look_up_customer(
    services: Services, store_id: int, email: str, *, before: int | None = None, after: int | None = None
) -> CustomerView:
    """Look up a customer by e-mail; the provider is called once. `before` and `after` page the history.

    Raises BadRequest when it is no e-mail address, and no order has it.
    """
    email = email.strip()
    with services.database.reading() as session:
        check_address(session, store_id, email)
        store = session.get_one(StoreRow, store_id)
        accounts = accounts_of(session, store_id)
        former = former_addresses(session, store_id, email)
        orders = newest_of_customer(session, store_id, email, limit=LISTED_MAX, former=former)
        history = _history(session, store_id, email, accounts.values(), before=before, after=after)
        movements = _movements(session, store_id, email, accounts.values(), former, has_ledger=history is not None)
        waiting = _waiting(session, store_id, email, accounts.values(), services.clock())
        adjustments, taken = _adjustments(session, store_id, email, former)
        payments = payments_of_customer(session, store_id, email, former)
    account = next(account for account in accounts.values() if account.is_current)
    found = balances_now(services, services.provider_of(store, account), [email])
    judged = found if isinstance(found, NotSent) else found[email]
    is_known, balance, trouble = isinstance(judged, Balance), None, ""
    if isinstance(judged, NotSent):
        trouble = judged.reason
    elif judged is Absent.DOUBTFUL:
        trouble = "The points provider says that it does not know this customer, although it did before."
    else:
        balance = held(judged)
    return CustomerView(
        email=email,
        balance=balance,
        is_known=is_known,
        trouble=trouble,
        account_kind=AccountKind(account.kind),
        has_floor=store.debt_policy == DebtPolicy.FLOOR,
        orders=tuple(orders),
        waiting=waiting,
        history=history,
        movements=tuple(movements),
        adjustments=tuple(adjustments),
        taken=taken,
        payments=payments,
        former=former,
    )


def _history(
    session: Session, store_id: int, email: str, accounts: Iterable[AccountRow], *, before: int | None, after: int | None
) -> HistoryPage | None:
    if not any(account.is_current and account.kind == AccountKind.EMBEDDED for account in accounts):
        return None
    return history_of_customer(session, store_id, email, size=HISTORY_PAGE, before=before, after=after)


def _waiting(session: Session, store_id: int, email: str, accounts: Iterable[AccountRow], now: datetime) -> int:
    """Add up the open claims of the customer's orders, and those that programs made for this address."""
    lanes = [lane_of(session, account, email) for account in accounts]
    theirs = (PointsClaimRow.store_id == store_id, col(PointsClaimRow.email_key).in_(keys_in(session, email)))
    return points_waiting(session, col(ClaimRow.lane).in_(lanes)) + points_waiting_of_programs(session, now, *theirs)


def _movements(
    session: Session,
    store_id: int,
    email: str,
    accounts: Collection[AccountRow],
    former: Collection[FormerAddress],
    *,
    has_ledger: bool,
) -> list[tuple[ShownMovement, str | None, str | None]]:
    """Find the newest movements of a customer, each with its order's id and number. Other stores may share the account.

    Where the history is shown, the movements that are in it are left out.
    """
    is_theirs: list[ColumnElement[bool]] = [col(MovementRow.lane).in_([lane_of(session, account, email) for account in accounts])]
    for one in former:
        lanes = [lane_under(account.lane_mark, one.key) for account in accounts]
        is_theirs.append(and_(col(MovementRow.lane).in_(lanes), col(MovementRow.planned_at) <= one.until))
    embedded = [account.id for account in accounts if account.kind == AccountKind.EMBEDDED] if has_ledger else []
    is_in_ledger = and_(col(MovementRow.account_id).in_(embedded), col(MovementRow.state) == MovementState.ACCEPTED)
    query = (
        select(MovementRow, OrderRow.saleor_order_id, OrderRow.number)
        .outerjoin(OrderRow, col(OrderRow.id) == col(MovementRow.order_id))
        .where(or_(*is_theirs), MovementRow.store_id == store_id, not_(is_in_ledger))
        .order_by(col(MovementRow.planned_at).desc())
    )
    found = session.exec(query.limit(LISTED_MAX))
    return [(as_value(ShownMovement, row), order_id, number) for row, order_id, number in found]


def _adjustments(
    session: Session, store_id: int, email: str, former: Iterable[FormerAddress]
) -> tuple[list[ShownAdjustment], dict[int, int]]:
    is_theirs: list[ColumnElement[bool]] = [col(AdjustmentRow.email_key).in_(keys_in(session, email))]
    is_theirs += [and_(col(AdjustmentRow.email_key) == one.key, col(AdjustmentRow.made_at) <= one.until) for one in former]
    query = select(AdjustmentRow).where(AdjustmentRow.store_id == store_id, or_(*is_theirs))
    found = session.exec(query.order_by(col(AdjustmentRow.made_at).desc()).limit(LISTED_MAX)).all()
    return [as_value(ShownAdjustment, row) for row in found], really_taken(session, store_id, found)
