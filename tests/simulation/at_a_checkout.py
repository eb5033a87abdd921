"""What happens at checkouts: shoppers pay with points, go on, leave, or complete; staff and Saleor ask for points back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import requests
from sqlalchemy import bindparam
from sqlmodel import col, select

from app.db.tables import OrderRow, PointsCustomerRow, SpendRow
from app.domain.spending import OVER
from app.errors import BadRequest
from app.usecases.spending.release_spend import open_payments, release_spend
from tests.simulation.drawing import EMAILS, ORDERS_MAX
from tests.simulation.shops import Shop
from tests.simulation.steps import Kind, SpendSetup, Step
from tests.simulation.world import Play, PointsPayment, Violation, World
from tests.standins.saleor.action_requests import EVENTS, ActionRequest
from tests.standins.saleor.checkouts import Checkout
from tests.standins.saleor.orders import new_id
from tests.standins.saleor.payments import Transaction
from tests.standins.saleor.refusals import Refusal

CENT = Decimal("0.01")
# Variants of a payment: the app's answer is lost, somebody else calls, nobody is signed in, another e-mail stands on it.
LOST, STRANGER, NOBODY, OTHER_EMAIL = frozenset({1, 2}), 3, 4, 5
# Variants of completing: the merchant has to confirm the order.
TO_CONFIRM = frozenset({6, 7})
# Saleor's worker builds what it sends when it sends it, or has built it when it was asked for.
BUILT_LATE = 5
# So long does Saleor wait for an answer.
SALEOR_WAITS = timedelta(seconds=18)
ORDERS_OF_CHECKOUTS_MAX = 6
_OVER = frozenset({"CANCELED", "EXPIRED", "DRAFT"})
_HELD = select(col(SpendRow.amount_units), col(SpendRow.returned_units)).where(
    col(SpendRow.store_id) == bindparam("store_id"),
    (col(SpendRow.saleor_checkout_id) == bindparam("source_id")) | (col(SpendRow.saleor_order_id) == bindparam("source_id")),
    col(SpendRow.stage).not_in(OVER),
)
_OWING = select(col(OrderRow.id), col(PointsCustomerRow.available), col(OrderRow.wakes), col(OrderRow.look_at)).where(
    col(OrderRow.store_id) == bindparam("store_id"),
    col(OrderRow.shortfall) > 0,
    col(PointsCustomerRow.store_id) == col(OrderRow.store_id),
    col(PointsCustomerRow.email_key) == col(OrderRow.email_key),
)


def _pay(world: World, step: Step) -> None:
    """Put something into a cart, and pay a part of it with points, or as much as may be."""
    home, email = world.shop(step.shop), EMAILS[step.email]
    if not email or world.is_away(home.service):
        return
    other = EMAILS[(step.email + 1) % 3]
    for one in (email, other):
        home.saleor.shop.register_customer(one)
    price = (Decimal(step.share) / 8).quantize(CENT) + 1
    shipping = Decimal("4.90") if step.order % 3 == 0 else Decimal(0)
    on_it = other if step.how == OTHER_EMAIL else None
    checkout_id = home.saleor.checkouts.create(price, user=email, email=on_it, shipping=shipping)
    payer = {STRANGER: other, NOBODY: None}.get(step.how, email)
    asked = None if step.order % 2 else (price / 2).quantize(CENT)
    _begin(world, step, PointsPayment(home, checkout_id, f"payment {len(world.truth.payments)}", email, payer, asked))


def _pay_more(world: World, step: Step) -> None:
    """Pay more of a checkout that points pay already."""
    old = chosen(world, step, is_at_checkout)
    if old is not None and old.payer == old.user and not world.is_away(old.shop.service):
        asked = None if step.share % 2 else (Decimal(step.share) / 20).quantize(CENT) + CENT
        _begin(world, step, replace(old, key=f"payment {len(world.truth.payments)}", asked=asked, transaction_id=""))


def _pay_order(world: World, step: Step) -> None:
    """Pay the rest of an order, or a part of it."""
    unpaid = [order for order in map(world.order, world.orders) if order.status not in _OVER and order.charged < order.owed]
    if not unpaid:
        return
    order = unpaid[step.order % len(unpaid)]
    home = world.homes[order.id]
    if order.customer is None or order.payments or world.is_away(home.service):
        return
    asked = None if step.share % 2 else (Decimal(step.share) / 20).quantize(CENT) + CENT
    email = order.customer.email
    _begin(world, step, PointsPayment(home, order.id, f"payment {len(world.truth.payments)}", email, email, asked))


def _pay_again(world: World, step: Step) -> None:
    """Let the storefront make the same call again, as it does after an answer that was lost."""
    payment = chosen(world, step, lambda one: bool(one.transaction_id))
    if payment is not None and not world.is_away(payment.shop.service):
        _ask(world, step, payment)


def _begin(world: World, step: Step, payment: PointsPayment) -> None:
    world.truth.payments.append(payment)
    _ask(world, step, payment)


def _ask(world: World, step: Step, payment: PointsPayment) -> None:
    saleor = payment.shop.saleor
    found = None if payment.payer is None else saleor.shop.customer_with(payment.payer)
    by = None if found is None else {"__typename": "User", "id": found.id, "email": found.email}
    app = saleor.apps.installed[payment.shop.app_id]
    try:
        most = max(_held(world, payment), saleor.payments.source(payment.source_id).total.gross)
    except Refusal:
        # It was a checkout, and is an order by now: Saleor finds it by the order's id alone.
        return
    with _asked(world, payment.shop, step):
        try:
            session = saleor.payments.initialize(payment.source_id, app.identifier, payment.asked, key=payment.key, by=by)
        except Refusal:
            return
    payment.transaction_id = session.transaction.id
    world.counts["payments booked"] += session.event.type == "CHARGE_SUCCESS"
    if _held(world, payment) > most:
        raise Violation(f"points pay {_held(world, payment)} of {most}")
    world.send_events(step.fates)


def _held(world: World, payment: PointsPayment) -> Decimal:
    """Add up what the books hold of a checkout or an order."""
    found = world.rig.ground.look(_HELD, store_id=payment.shop.store_id, source_id=payment.source_id)
    return Decimal(sum(amount - returned for amount, returned in found)) * CENT


def _complete(world: World, step: Step) -> None:
    """Pay the rest by card, and complete the checkout."""
    payment = chosen(world, step, is_at_checkout)
    if payment is None or len(world.orders) >= ORDERS_MAX + ORDERS_OF_CHECKOUTS_MAX:
        return
    checkouts = payment.shop.saleor.checkouts
    if checkouts[payment.source_id].due:
        checkouts.change(payment.source_id, lambda old: _with_card(old, world))
    order_id = checkouts.complete(payment.source_id, auto_confirm=step.how not in TO_CONFIRM)
    world.orders.append(order_id)
    world.homes[order_id] = payment.shop
    world.counts["orders"] += 1
    world.counts["checkouts completed"] += 1
    world.send_events(step.fates)


def _with_card(checkout: Checkout, world: World) -> Checkout:
    card = Transaction(new_id("TransactionItem")).charge(checkout.due, world.clock.now)
    return replace(checkout, transactions=(*checkout.transactions, card))


def _shrink(world: World, step: Step) -> None:
    """Take goods out of the cart after it was paid."""
    payment = chosen(world, step, is_at_checkout)
    if payment is not None:
        payment.shop.saleor.checkouts.change_lines(payment.source_id, 1 + step.share // 100)


def _refund(world: World, step: Step) -> None:
    """Ask for points back, as staff do; Saleor's worker sends it later."""
    payment = chosen(world, step, lambda one: _charged(one) > 0)
    if payment is None:
        return
    amount = None if step.how < 2 else (_charged(payment) * step.share / 1000).quantize(CENT)
    if amount != 0:
        _request(world, payment, amount)
        if step.how == 7:
            # A second click.
            _request(world, payment, amount)


def _request(world: World, payment: PointsPayment, amount: Decimal | None) -> None:
    with suppress(Refusal):
        payment.shop.saleor.requests.ask(payment.transaction_id, amount=amount)
        world.counts["refunds of points asked for"] += 1


def _release_funds(world: World, step: Step) -> None:
    """Let Saleor ask for what paid checkouts that are six hours old."""
    saleor = world.shop(step.shop).saleor
    saleor.checkouts.release_funds.add("default-channel")
    with suppress(Refusal):
        world.counts["old checkouts released"] += len(saleor.requests.release_expired())


def _send(world: World, step: Step) -> None:
    home = world.shop(step.shop)
    if not world.is_away(home.service):
        send_requests(world, home, step)


def send_requests(world: World, home: Shop, step: Step) -> None:
    """Let Saleor's worker send what was asked for, and again what was answered 5xx."""
    owing = _owing(world, home)
    with _asked(world, home, step):
        home.saleor.requests.retry_failed()
        if step.how >= BUILT_LATE:
            for request in home.saleor.requests.queued:
                _build_anew(home, request)
        home.saleor.requests.deliver()
    for order_id, (available, wakes, look_at) in _owing(world, home).items():
        if order_id in owing and available > owing[order_id][0] and wakes == owing[order_id][1] and look_at > world.clock.now:
            raise Violation("points came back to a customer who owes some, and nobody looks at that order")
    world.send_events(step.fates)


def _owing(world: World, home: Shop) -> dict[int, tuple[int, int, datetime]]:
    """Give the orders that wait for points of a customer: what is there, how often each was woken, and when it is looked at."""
    found = world.rig.ground.look(_OWING, store_id=home.store_id)
    return {order_id: (available, wakes, look_at) for order_id, available, wakes, look_at in found if look_at is not None}


def _build_anew(home: Shop, request: ActionRequest) -> None:
    requests_of = home.saleor.requests
    about = requests_of._about(home.saleor.payments[request.transaction_id], request.kind, request.event.amount)
    request.body = requests_of.asking.body_of(request.app, request.webhook, EVENTS[request.kind], about, None)


@contextmanager
def _asked(world: World, home: Shop, step: Step) -> Iterator[None]:
    """Carry what Saleor asks the app: with the step's mishaps, and perhaps the answer is lost on its way back."""

    def call(method: str, url: str, *, headers: dict[str, str], body: bytes | None = None, **_: Any) -> requests.Response:
        began = world.clock.now
        answer = world.call_web(method, url, headers, body, step.mishaps)
        if answer is None or step.how in LOST or world.clock.now - began > SALEOR_WAITS:
            raise requests.ConnectionError("no answer in time")
        return answer

    asking = home.saleor.payments.asking
    before: Callable[..., requests.Response] = asking.call
    asking.call = call
    try:
        yield
    finally:
        asking.call = before


def _release_spend(world: World, step: Step) -> None:
    """Let staff give a payment back before its time."""

    def release(services: Any) -> None:
        shop = world.shop(step.shop)
        found = open_payments(services, shop.slug)
        if found:
            with suppress(BadRequest):
                release_spend(services, shop.slug, found[step.order % len(found)].id, who="Ann")
                world.counts["payments released by staff"] += 1

    world.as_staff(release)


def _spend_rule(world: World, step: Step) -> None:
    if world.setup.spend_rule is None:
        return
    old = world.setup.spend_rule
    variants = (
        replace(old, points_per_unit=Decimal(step.share) / 100),
        replace(old, greatest_share=Decimal("0.5"), return_on_cancel=False),
        replace(old, least_points=20, hold_hours=1),
        SpendSetup(),
    )
    world.add_spend_rule(world.shop(step.shop), variants[step.how % len(variants)])


def is_at_checkout(payment: PointsPayment) -> bool:
    """Tell whether what it pays is still a cart."""
    checkouts = payment.shop.saleor.checkouts
    return payment.source_id in checkouts and checkouts[payment.source_id].order_id is None


def _charged(payment: PointsPayment) -> Decimal:
    return payment.shop.saleor.payments[payment.transaction_id].charged if payment.transaction_id else Decimal(0)


def chosen(world: World, step: Step, is_fit: Callable[[PointsPayment], bool]) -> PointsPayment | None:
    """Choose one of a shop's payments that are fit."""
    mine = [payment for payment in world.truth.payments if payment.shop is world.shop(step.shop) and is_fit(payment)]
    return mine[step.order % len(mine)] if mine else None


AT_A_CHECKOUT: dict[Kind, Play] = {
    Kind.PAY: _pay,
    Kind.PAY_AGAIN: _pay_again,
    Kind.PAY_MORE: _pay_more,
    Kind.PAY_ORDER: _pay_order,
    Kind.COMPLETE: _complete,
    Kind.SHRINK: _shrink,
    Kind.REFUND_POINTS: _refund,
    Kind.RELEASE_FUNDS: _release_funds,
    Kind.SEND_REQUESTS: _send,
    Kind.RELEASE_SPEND: _release_spend,
    Kind.SPEND_RULE: _spend_rule,
}
