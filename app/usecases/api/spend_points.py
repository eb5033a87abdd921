"""Spend points at a till: a customer pays with points, and gets them back when goods come back."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

import structlog
from sqlmodel import Session

from app.db.debts import points_owed
from app.db.keys import key_in
from app.db.moves import moves_of
from app.db.stores import accounts_of
from app.db.tables import PointsSpendRow
from app.domain.email import is_erased
from app.domain.moved_customers import holder_of
from app.domain.store import AccountKind
from app.ledger import entries as ledger
from app.ledger import spending
from app.usecases.api.find_caller import Caller
from app.usecases.api.idempotency import IdempotentRequest, Outcome, done_before, keep
from app.usecases.api.items import RefusedItem, SpendState
from app.usecases.services import Services

log = structlog.get_logger()

TOO_FEW = RefusedItem("INSUFFICIENT_POINTS", "The customer has fewer points than that. Nothing was taken.")
UNKNOWN = RefusedItem("NOT_FOUND", "This store has no such spend.")
ERASED = RefusedItem("CUSTOMER_ERASED", "The customer who paid was erased. There is nobody to give the points back to.")


class NewSpend(NamedTuple):
    """Points that a customer wants to pay with. `reference` is what for: the number of a receipt, say."""

    email: str
    points: int
    reference: str = ""


def spend_points(services: Services, caller: Caller, asked: NewSpend, *, once: IdempotentRequest) -> SpendState | RefusedItem:
    """Take the points, or say why not.

    Points that a refund is to take back cannot be spent: they are about to be taken. Raises KeyReused when another request was
    made under the same Idempotency-Key.
    """

    def do(session: Session, now: datetime) -> SpendState | RefusedItem:
        key = key_in(session, asked.email)
        if key not in ledger.find_customers(session, caller.store_id, [key], now):
            # A mistyped address makes no customer.
            return TOO_FEW
        owed = points_owed(session, caller.store_id, asked.email)
        spent = spending.spend(
            session,
            caller.store_id,
            asked.email,
            asked.points,
            request_id=uuid4(),
            now=now,
            owed=owed,
            reference=asked.reference,
            api_key_id=caller.key_id,
        )
        return TOO_FEW if spent is None else _state(spent)

    return _do_once(services, caller, once, do)


def give_back_points(
    services: Services, caller: Caller, spend_id: UUID, points: int | None, *, once: IdempotentRequest
) -> SpendState | RefusedItem:
    """Give back points of a spend, all that are left of it where `points` is None, or say why not.

    Any key of the store will do, so that goods can be returned at another till. They go to whoever holds the customer's points
    by now: customers can be moved. Raises KeyReused when another request was made under the same Idempotency-Key.
    """

    def do(session: Session, now: datetime) -> SpendState | RefusedItem:
        spent = _find(session, caller, spend_id, lock=True)
        if spent is None:
            return UNKNOWN
        left = spent.points - spent.given_back
        if left == 0 or (points or 0) > left:
            return _exceeds(left)
        holder = _holder(session, spent)
        if is_erased(holder):
            return ERASED
        spending.give_back(session, spent, holder, left if points is None else points, now, api_key_id=caller.key_id)
        return _state(spent)

    return _do_once(services, caller, once, do)


def look_up_spend(services: Services, caller: Caller, spend_id: UUID) -> SpendState | None:
    """Tell how a spend stands; None when the store has no such spend."""
    with services.database.reading() as session:
        spent = _find(session, caller, spend_id)
        return None if spent is None else _state(spent)


def _find(session: Session, caller: Caller, spend_id: UUID, *, lock: bool = False) -> PointsSpendRow | None:
    """Find a spend that a key asked for. Points of a reward, or of a payment in Saleor, come back with their code or refund."""
    spent = spending.find_spend(session, caller.store_id, spend_id, lock=lock)
    return spent if spent is not None and spent.api_key_id is not None else None


def _do_once(
    services: Services,
    caller: Caller,
    once: IdempotentRequest,
    do: Callable[[Session, datetime], SpendState | RefusedItem],
) -> SpendState | RefusedItem:
    now = services.clock()
    with services.database.writing() as session:
        before = done_before(session, services.sealer, caller, once, now)
        if before is not None:
            return _answered(before[0])
        outcome = do(session, now)
        keep(session, services.sealer, caller, once, [outcome], now)
    is_done = isinstance(outcome, SpendState)
    log.info("spend answered", store_id=caller.store_id, done=is_done, code=None if is_done else outcome[0])
    return outcome


def _answered(outcome: Outcome) -> SpendState | RefusedItem:
    if isinstance(outcome, SpendState | RefusedItem):
        return outcome
    raise RuntimeError("another call's outcome under this call's fingerprint")


def _holder(session: Session, spent: PointsSpendRow) -> str:
    email = spending.payer_of(session, spent)
    accounts = accounts_of(session, spent.store_id)
    account_id = next(one for one, account in accounts.items() if account.kind == AccountKind.EMBEDDED)
    return holder_of(moves_of(session, accounts, [email]), account_id, email, spent.created_at).email


def _exceeds(left: int) -> RefusedItem:
    said = f"Only {left} points of this spend are left to give back." if left else "All points of this spend were given back."
    return RefusedItem("EXCEEDS_SPEND", f"{said} Nothing was done.")


def _state(spent: PointsSpendRow) -> SpendState:
    return SpendState(str(spent.request_id), spent.points, spent.given_back, spent.reference, spent.created_at.isoformat())
