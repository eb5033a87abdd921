"""What is undone of payments by points: shoppers take points off a cart, and Saleor notes that a refund did not happen."""

from contextlib import suppress
from typing import Any

from app.errors import NoPointsOnCheckout, PaymentTooNew
from app.usecases.confirmed_shoppers import SignedIn
from app.usecases.spending.take_points_off import take_points_off
from tests.simulation.at_a_checkout import CENT, chosen, is_at_checkout
from tests.simulation.steps import Kind, Step
from tests.simulation.world import Play, PointsPayment, World
from tests.standins.saleor.orders import Order
from tests.standins.saleor.payments import TransactionEvent

_UNDONE = frozenset({"REFUND_REVERSE", "REFUND_FAILURE"})


def _take_off(world: World, step: Step) -> None:
    """Let the shopper take points off the cart again."""
    payment = chosen(world, step, is_at_checkout)
    if payment is None:
        return
    shopper = SignedIn(payment.shop.store_id, payment.shop.slug, "", payment.user)

    def take(services: Any) -> None:
        with suppress(NoPointsOnCheckout, PaymentTooNew):
            take_points_off(services, shopper, payment.source_id)
            world.counts["points taken off a cart"] += 1

    world.as_staff(take)


def _reverse(world: World, step: Step) -> None:
    """Let Saleor have it that a refund of an order's points did not happen, or a part of it.

    Nobody tells the app of a checkout, or of a payment that another one has followed in its transaction: a person looks then.
    """
    payment = chosen(world, step, _has_refund)
    if payment is None:
        return
    saleor, refunded = payment.shop.saleor, _refunds(payment)[-1]
    kind = "REFUND_FAILURE" if step.how == 0 else "REFUND_REVERSE"
    part = (refunded.amount * step.share / 1000).quantize(CENT)
    amount = part if step.how >= 4 and part > 0 else refunded.amount
    app = saleor.apps.installed[payment.shop.app_id]
    saleor.payments.report(app, payment.transaction_id, kind, refunded.psp_reference, amount)
    world.counts["refunds of points undone"] += 1
    world.send_events(step.fates)


def _has_refund(payment: PointsPayment) -> bool:
    return bool(payment.transaction_id) and bool(_refunds(payment))


def _refunds(payment: PointsPayment) -> list[TransactionEvent]:
    """Give the refunds of an order's only payment in its transaction that stand, the oldest first."""
    payments = payment.shop.saleor.payments
    events = payments[payment.transaction_id].events
    is_one = len({event.psp_reference for event in events if event.type == "CHARGE_SUCCESS"}) == 1
    if not is_one or not isinstance(payments.source_of(payment.transaction_id), Order):
        return []
    undone = {event.psp_reference for event in events if event.type in _UNDONE}
    return [event for event in events if event.type == "REFUND_SUCCESS" and event.psp_reference not in undone]


UNDONE_PAYMENTS: dict[Kind, Play] = {Kind.TAKE_OFF: _take_off, Kind.REVERSE_POINTS: _reverse}
