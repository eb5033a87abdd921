"""Look up a customer for the merchant: the balance as the provider has it now, and what this store did about it."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from app.db.books import lane_of
from app.db.keys import keys_in
from app.db.rows import as_value
from app.db.stores import accounts_of
from app.db.tables import AdjustmentRow, MovementRow, OrderRow, StoreRow
from app.domain.claim import Balance
from app.domain.email import is_typed_well
from app.domain.store import AccountKind
from app.errors import BadRequest
from app.providers.protocol import Absent, NotSent, held
from app.usecases.merchants.history import ShownAdjustment, ShownMovement
from app.usecases.merchants.list_orders import ListedOrder, newest_of_customer
from app.usecases.moving.balances_now import balances_now
from app.usecases.services import Services

LISTED_MAX = 50


@dataclass(frozen=True, slots=True)
class CustomerView:
    """What is known of a customer. `balance` is None where the provider did not tell; `trouble` is its sentence then.

    `is_known` tells whether the provider knows the address at all.
    """

    email: str
    balance: Balance | None
    is_known: bool
    trouble: str
    account_kind: AccountKind
    orders: tuple[ListedOrder, ...]
    movements: tuple[tuple[ShownMovement, str | None, str | None], ...]
    adjustments: tuple[ShownAdjustment, ...]


def look_up_customer(services: Services, store_id: int, email: str) -> CustomerView:
    """Look up a customer by e-mail. Five queries and one call to the provider.

    Raises BadRequest when it is no e-mail address.
    """
    if not is_typed_well(email):
        raise BadRequest("This is not an e-mail address.")
    email = email.strip()
    with services.database.reading() as session:
        store = session.get_one(StoreRow, store_id)
        accounts = accounts_of(session, store_id)
        orders = newest_of_customer(session, store_id, email, limit=LISTED_MAX)
        movements = _movements(session, store_id, [lane_of(session, account, email) for account in accounts.values()])
        adjustments = _adjustments(session, store_id, email)
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
        orders=tuple(orders),
        movements=tuple(movements),
        adjustments=tuple(adjustments),
    )


def _movements(session: Session, store_id: int, lanes: list[str]) -> list[tuple[ShownMovement, str | None, str | None]]:
    """Find the newest movements of a customer, each with its order's id and number. Other stores may share the account."""
    query = (
        select(MovementRow, OrderRow.saleor_order_id, OrderRow.number)
        .outerjoin(OrderRow, col(OrderRow.id) == col(MovementRow.order_id))
        .where(col(MovementRow.lane).in_(lanes), MovementRow.store_id == store_id)
        .order_by(col(MovementRow.planned_at).desc())
    )
    found = session.exec(query.limit(LISTED_MAX))
    return [(as_value(ShownMovement, row), order_id, number) for row, order_id, number in found]


def _adjustments(session: Session, store_id: int, email: str) -> list[ShownAdjustment]:
    query = select(AdjustmentRow).where(
        AdjustmentRow.store_id == store_id, col(AdjustmentRow.email_key).in_(keys_in(session, email))
    )
    found = session.exec(query.order_by(col(AdjustmentRow.made_at).desc()).limit(LISTED_MAX))
    return [as_value(ShownAdjustment, row) for row in found]
