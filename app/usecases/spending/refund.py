"""Saleor asks for money of a payment by points back: a request of staff, or its own for a checkout that was left."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import structlog
from sqlmodel import Session

from app.db.spend_values import returns_of, spends_of_transaction
from app.db.tables import SpendReturnRow, SpendRow, StoreRow
from app.domain.booked_payment import EventKind, PaymentEvent
from app.domain.settlement import CauseKind
from app.domain.spend_steps import COMPARE_AFTER
from app.domain.spending import ReturnReason, SpendStage, as_amount, minor_units
from app.errors import BadRequest
from app.saleor.payment_parsing import ActionRequest, parse_action_request
from app.usecases.moving.engine_run import Run, open_accounts
from app.usecases.operating.verify_delivery import Delivery
from app.usecases.services import Services
from app.usecases.spending.giving_back import credit, write_return

log = structlog.get_logger()

REFUND_EVENT = "TransactionRefundRequested"
NOTHING_LEFT = "All that points paid here went back already."
NOT_OURS = "Saleor Points knows no payment by points of this transaction."
NOT_BOOKED = "Saleor has not booked this payment by points."
# What references of refusals are made in. It never changes.
_REFUSALS = UUID("5b0f5c3e-6f0e-4d0b-9d53-2f7c8a1e4b96")


@dataclass(frozen=True, slots=True)
class Refunded:
    """What the answer says: the return's reference and amount; or why nothing goes back, under a reference of its own."""

    reference: str = ""
    amount: str = ""
    refusal: str = ""


def refund(services: Services, delivery: Delivery) -> Refunded:
    """Give back what a request asks for, and at most what is left. The same request again is answered the same.

    The return, and the customer's points, are written in one transaction. Raises BadRequest when the delivery is no request.
    """
    if delivery.type != REFUND_EVENT:
        raise BadRequest("This address takes requests to refund a payment.")
    request = _read(delivery.body)
    now = services.clock()
    with services.database.writing() as session:
        store = session.get_one(StoreRow, delivery.signer.store_id)
        refunded = _refund(services, session, store, request, now)
    log.info("refund answered", store_id=delivery.signer.store_id, done=not refunded.refusal, reason=refunded.refusal or None)
    return refunded


def _refund(services: Services, session: Session, store: StoreRow, request: ActionRequest, now: datetime) -> Refunded:
    spends = spends_of_transaction(session, store.id or 0, request.transaction_id, lock=True)
    booked = [one for one in spends if request.booked.holds(EventKind.CHARGE_SUCCESS, str(one.reference))]
    if not booked:
        return _refused(request, NOT_BOOKED if spends else NOT_OURS)
    returns = [row for rows in returns_of(session, [one.id or 0 for one in spends]).values() for row in rows]
    event_id = _own_event(request, returns)
    if event_id is None:
        return _same_again(request, spends, returns)
    spend = next((one for one in booked if one.amount_units > one.returned_units), None)
    if spend is None or spend.currency != request.currency or request.amount <= 0:
        return _refused(request, NOTHING_LEFT)
    units = min(minor_units(request.amount, spend.currency), spend.amount_units - spend.returned_units)
    back = write_return(session, spend, ReturnReason.REFUND, units, now, request_event_id=event_id)
    _confirm(spend, request)
    session.flush()
    run = Run(services, open_accounts(services, session, store), services.causes[CauseKind.SPEND])
    credit(session, run, spend, back, now)
    # Its answer may be lost. So it is compared with Saleor's books soon.
    spend.look_at = now + COMPARE_AFTER
    return _as_refunded(spend, back)


def _own_event(request: ActionRequest, returns: list[SpendReturnRow]) -> str | None:
    """Find the request that this delivery is for: it does not say. The oldest of its amount that no return has taken."""
    taken = {row.request_event_id for row in returns}
    for event in reversed(request.booked.events):
        if _is_open(event) and event.amount == request.amount and event.id not in taken:
            return event.id
    return None


def _same_again(request: ActionRequest, spends: list[SpendRow], returns: list[SpendReturnRow]) -> Refunded:
    asked = {event.id for event in request.booked.events if event.amount == request.amount}
    answered = [row for row in returns if row.request_event_id in asked]
    if not answered:
        return _refused(request, NOTHING_LEFT)
    last = max(answered, key=lambda row: row.id or 0)
    if last.cancelled_at is not None:
        return _refused(request, NOTHING_LEFT)
    return _as_refunded(next(one for one in spends if one.id == last.spend_id), last)


def _refused(request: ActionRequest, refusal: str) -> Refunded:
    """Refuse under a reference made of the request and its amount, so the same request again is answered the same.

    Saleor takes two failures without a reference for the same one, and reports it where their amounts differ. The newest open
    request of the amount is this one, as nearly as can be told; others have the same amount, so no harm is done.
    """
    events = request.booked.events
    own = next((event.id for event in events if _is_open(event) and event.amount == request.amount), "")
    name = f"{request.transaction_id} {own} {request.amount.normalize()}"
    return Refunded(reference=str(uuid5(_REFUSALS, name)), refusal=refusal)


def _is_open(event: PaymentEvent) -> bool:
    return event.kind == EventKind.REFUND_REQUEST and not event.reference


def _confirm(spend: SpendRow, request: ActionRequest) -> None:
    """Note that Saleor has booked the charge: it asks for it back. Whoever is checking that has nothing to decide any more."""
    order = request.booked.order
    if spend.stage in {SpendStage.TAKEN, SpendStage.CHECKING, SpendStage.CONFIRMED}:
        spend.stage = SpendStage.ON_ORDER if order is not None else SpendStage.CONFIRMED
    if order is not None:
        spend.saleor_order_id = order.id
    spend.confirmed_at = spend.confirmed_at or spend.taken_at
    spend.lease_token = spend.lease_until = None


def _as_refunded(spend: SpendRow, back: SpendReturnRow) -> Refunded:
    return Refunded(reference=str(back.reference), amount=str(as_amount(back.amount_units, spend.currency)))


def _read(body: Mapping[str, Any]) -> ActionRequest:
    try:
        request = parse_action_request(body)
        minor_units(request.amount, request.currency)
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError):
        raise BadRequest("The request is not of the form that Saleor Points subscribed to.") from None
    return request
