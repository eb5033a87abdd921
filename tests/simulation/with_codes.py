"""What happens with rewards: customers take them, use their codes in orders, give them back; staff and Saleor interfere."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, func
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import col, select

from app.db.columns import UtcTime
from app.db.tables import RedemptionReturnRow, RedemptionRow
from app.domain.rewards import Wish
from app.errors import AppError, BadRequest
from app.sealing import fingerprint
from app.usecases.api.idempotency import IdempotentRequest, mark_of
from app.usecases.api.reward_once import RewardOnce
from app.usecases.rewards.redeem import RewardWish, redeem
from app.usecases.rewards.see_redemption import Redemption
from app.usecases.rewards.settle_deleted import settle_deleted
from app.usecases.rewards.withdraw import release_redemption, withdraw
from app.usecases.services import Services
from tests.simulation.at_a_till import till_of
from tests.simulation.drawing import EMAILS, ORDERS_MAX
from tests.simulation.rig import WEBS
from tests.simulation.steps import Kind, Step
from tests.simulation.world import Play, RewardTaken, Violation, World
from tests.standins.saleor.checkouts import Checkout
from tests.standins.saleor.gift_cards import GiftCard
from tests.standins.saleor.orders import Order, new_id
from tests.standins.saleor.payments import Transaction
from tests.standins.saleor.refusals import Refusal

CENT = Decimal("0.01")
OVER = frozenset({"CANCELED", "EXPIRED"})
ORDERS_WITH_CODES_MAX = 6
# Variants of taking a reward: it is a voucher's code; the app's answer is lost on its way.
VOUCHER, LOST = frozenset({5, 6, 7}), frozenset({1, 7})
# A checkout is being completed for three minutes at most.
COMPLETES_FOR = timedelta(seconds=179)
_ENDED = (
    select(func.coalesce(col(RedemptionReturnRow.written_at), col(RedemptionRow.ended_at), type_=UtcTime()))
    .select_from(RedemptionRow)
    .join(RedemptionReturnRow, col(RedemptionReturnRow.redemption_id) == col(RedemptionRow.id), isouter=True)
    .where(col(RedemptionRow.code_mark) == bindparam("mark"))
)
_FAULTS = (OperationalError, InterfaceError, PoolTimeout)


def _redeem(world: World, step: Step) -> None:
    home, email = world.shop(step.shop), EMAILS[step.email]
    if not email or world.setup.rewards is None:
        return
    if step.share % 3:
        home.saleor.shop.register_customer(email)
    reward_id = home.voucher_reward if step.how in VOUCHER else home.card_reward
    taken = RewardTaken(home, reward_id, email, f"reward {len(world.truth.rewards)}")
    world.truth.rewards.append(taken)
    _ask(world, step, taken)


def _redeem_again(world: World, step: Step) -> None:
    """Let the storefront make the same call again, as it does after an answer that was lost."""
    taken = _chosen(world, step, lambda _: True)
    if taken is not None:
        _ask(world, replace(step, how=0), taken)


def _ask(world: World, step: Step, taken: RewardTaken) -> None:
    till = till_of(world, taken.shop.store_id)
    asked = RewardWish(taken.shop.store_id, taken.reward_id, taken.email, Wish(currency="USD"))

    def ask(services: Services) -> object:
        key = IdempotentRequest(taken.key, f"{taken.email} {taken.reward_id}")
        once = RewardOnce(services.sealer, till.store_id, mark_of(till, key), key.body_mark)
        return redeem(services, asked, once=once)

    answer = _served(world, step, ask)
    if not isinstance(answer, Redemption) or step.how in LOST:
        return
    if taken.reference not in {None, answer.reference}:
        raise Violation("the same request brought two rewards")
    world.counts["rewards taken"] += taken.reference is None
    taken.reference = answer.reference
    if answer.code:
        if answer.code not in {*taken.shop.codes(), *world.truth.deleted_cards} and taken.shop.has_voucher:
            raise Violation("a code was shown that Saleor does not have")
        taken.code = answer.code


def _served(world: World, step: Step, job: Callable[[Services], object]) -> object:
    """Let a web process do what it was asked for. What it refuses, or cannot do now, is passed over."""

    def serve(services: Services) -> object:
        try:
            return job(services)
        except _FAULTS:
            world.counts["steps failed by the database"] += 1
        except AppError:
            world.counts["rewards refused or put off"] += 1
        return None

    return world.work(WEBS, step.mishaps, serve)


def _withdraw(world: World, step: Step) -> None:
    """Let the customer give it back, or staff take it back."""
    taken = _chosen(world, step, lambda one: one.reference is not None)
    if taken is None or taken.reference is None:
        return
    reference, shop = taken.reference, taken.shop
    if step.how % 2:
        number = world.rig.ground.look(select(col(RedemptionRow.id)).where(col(RedemptionRow.reference) == reference))[0][0]
        _served(world, step, lambda services: release_redemption(services, shop.slug, number, who="Ann"))
    else:
        _served(world, step, lambda services: withdraw(services, shop.store_id, reference, who="the customer"))
    world.counts["rewards given back"] += 1


def _use_code(world: World, step: Step) -> None:
    """Type the code into a cart: also one that is cheaper than what the code is worth."""
    taken = _chosen(world, step, lambda one: bool(one.code))
    if taken is None:
        return
    price = (Decimal(step.share) / (100 if step.how % 2 else 8)).quantize(CENT) + CENT
    saleor = taken.shop.saleor
    user = saleor.shop.customer_with(taken.email)
    checkout_id = saleor.checkouts.create(price, user=None if user is None else taken.email, email=taken.email)
    with suppress(Refusal):
        saleor.codes.add(checkout_id, taken.code)
        taken.carts.append(checkout_id)


def _check_out(world: World, step: Step) -> None:
    """Complete the cart. What is to happen meanwhile happens after Saleor has looked at the code, and before it takes it."""
    taken = _chosen(world, step, lambda one: bool(_open_carts(one)))
    if taken is None or len(world.orders) >= ORDERS_MAX + ORDERS_WITH_CODES_MAX:
        return
    checkout_id = _open_carts(taken)[-1]
    order_id = _completed(world, taken, checkout_id, step)
    if order_id is None and step.how % 2:
        # The shopper takes out the code, which is good no more, and pays the whole.
        taken.shop.saleor.codes.remove(checkout_id, taken.code)
        order_id = _completed(world, taken, checkout_id, replace(step, mishaps=()))
    if order_id is not None and order_id not in world.homes:
        world.orders.append(order_id)
        world.homes[order_id] = taken.shop
        world.counts["orders"] += 1
        world.counts["orders with codes"] += 1
    world.send_events(step.fates)


def _completed(world: World, taken: RewardTaken, checkout_id: str, step: Step) -> str | None:
    checkouts, began = taken.shop.saleor.checkouts, world.clock.now

    def meanwhile() -> None:
        for mishap in step.mishaps:
            for nested in mishap.meanwhile:
                world.play(nested)
        # Longer than its lock holds it takes nothing.
        world.clock.now = min(world.clock.now, began + COMPLETES_FOR)

    if checkouts[checkout_id].due:
        checkouts.change(checkout_id, lambda old: _with_card(old, world))
    try:
        return checkouts.complete(checkout_id, meanwhile)
    except Refusal:
        return None


def _with_card(checkout: Checkout, world: World) -> Checkout:
    card = Transaction(new_id("TransactionItem")).charge(checkout.due, world.clock.now)
    return replace(checkout, transactions=(*checkout.transactions, card))


def _open_carts(taken: RewardTaken) -> list[str]:
    return [cart for cart in taken.carts if taken.shop.saleor.checkouts[cart].order_id is None]


def _put_back(world: World, step: Step) -> None:
    """Let a refund put a part of what an order took back onto the gift card."""
    taken = _chosen(world, step, lambda one: bool(one.code and _used(one)))
    if taken is None:
        return
    card = taken.shop.saleor.codes.cards.with_code(taken.code)
    order_id, used = next(iter(_used(taken).items()))
    if gave_money_back(world.order(order_id)):
        # Its points came back by then. Saleor puts money onto a card only where the card paid as a transaction: those give none.
        return
    amount = (used * step.share / 1000).quantize(CENT)
    if card is not None and amount:
        taken.shop.saleor.codes.cards.refund(card.id, order_id, amount)


def gave_money_back(order: Order) -> bool:
    """Tell whether an order was cancelled, or ever refunded."""
    refunds = [event for part in order.transactions for event in part.events if event.type.startswith("REFUND")]
    return order.status in OVER or bool(refunds) or any(payment.refunded for payment in order.payments)


def _used(taken: RewardTaken) -> dict[str, Decimal]:
    card = taken.shop.saleor.codes.cards.with_code(taken.code)
    return {} if card is None else used_by_orders(card)


def used_by_orders(card: GiftCard, until: Any = None) -> dict[str, Decimal]:
    """Add up what orders took from a card, less what was put back, by its own events up to a moment."""
    used: dict[str, Decimal] = {}
    for event in card.events:
        if event.order_id is not None and (until is None or event.date <= until):
            moved = (event.old_current or Decimal(0)) - (event.current or Decimal(0))
            used[event.order_id] = used.get(event.order_id, Decimal(0)) + moved
    return {order_id: amount for order_id, amount in used.items() if amount > 0}


def by_rewards(world: World, order_id: str) -> tuple[Decimal, Decimal]:
    """Tell what gift cards paid of an order that were taken for points, as their own events say; and what of it deleted ones.

    What is put back onto a card after its reward has ended changes nothing any more.
    """
    cards = [card for shop in world.shops if shop.card_reward for card in shop.saleor.codes.cards.all()]
    paid = sum((_used_by(world, card, order_id) for card in cards), Decimal(0))
    deleted = sum((_used_by(world, card, order_id) for card in world.truth.deleted_cards.values()), Decimal(0))
    return paid + deleted, deleted


def _used_by(world: World, card: GiftCard, order_id: str) -> Decimal:
    ended = world.rig.ground.look(_ENDED, mark=fingerprint(card.code))
    return used_by_orders(card, ended[0][0] if ended else None).get(order_id, Decimal(0))


def _delete_card(world: World, step: Step) -> None:
    taken = _chosen(world, step, lambda one: bool(one.code))
    card = taken.shop.saleor.codes.cards.with_code(taken.code) if taken is not None else None
    if taken is not None and card is not None:
        world.truth.deleted_cards[card.code] = taken.shop.saleor.codes.cards.delete(card.id)


def _change_voucher(world: World, step: Step) -> None:
    """Let its codes be good many times, or once again; seldom it is deleted."""
    home = world.shop(step.shop)
    if not home.has_voucher:
        return
    vouchers = home.saleor.codes.vouchers
    if step.how == 0 and step.share % 2:
        vouchers.delete(home.voucher_id)
        return
    with suppress(Refusal):
        vouchers.change(home.voucher_id, is_single_use=not vouchers[home.voucher_id].is_single_use)


def _permit(world: World, step: Step) -> None:
    if world.setup.rewards is not None:
        world.shop(step.shop).permit_codes(is_allowed=step.how % 2 == 1)


def _settle_reward(world: World, step: Step) -> None:
    world.as_staff(lambda services: settle_rewards(world, services, gives_back=step.how % 2 == 0))


def settle_rewards(world: World, services: Services, *, gives_back: bool) -> int:
    """Settle what waits because its gift card was deleted, and withdraw codes of a deleted voucher. Gives how many there were."""
    deleted = world.rows("SELECT id, store_id FROM redemption WHERE problem_code = 'deleted'")
    for number, store_id in deleted:
        with suppress(BadRequest):
            settle_deleted(services, world.shops[store_id - 1].slug, number, gives_back=gives_back, why="Because.", who="Ann")
            world.counts["rewards settled by staff"] += 1
    gone = world.rows("SELECT id, store_id FROM redemption WHERE problem_code = 'voucher_gone' AND stage = 'given'")
    for number, store_id in gone:
        with suppress(BadRequest):
            release_redemption(services, world.shops[store_id - 1].slug, number, who="Ann")
    return len(deleted) + len(gone)


def _chosen(world: World, step: Step, is_fit: Callable[[RewardTaken], bool]) -> RewardTaken | None:
    mine = [taken for taken in world.truth.rewards if taken.shop is world.shop(step.shop) and is_fit(taken)]
    return mine[step.order % len(mine)] if mine else None


WITH_CODES: dict[Kind, Play] = {
    Kind.REDEEM: _redeem,
    Kind.REDEEM_AGAIN: _redeem_again,
    Kind.WITHDRAW: _withdraw,
    Kind.USE_CODE: _use_code,
    Kind.CHECK_OUT: _check_out,
    Kind.PUT_BACK: _put_back,
    Kind.DELETE_CARD: _delete_card,
    Kind.CHANGE_VOUCHER: _change_voucher,
    Kind.PERMIT: _permit,
    Kind.SETTLE_REWARD: _settle_reward,
}
