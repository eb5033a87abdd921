"""What happens in the shops: orders and their money. What a shop does not allow is passed over."""

from collections.abc import Callable
from decimal import Decimal

from tests.simulation.drawing import EMAILS, ORDERS_MAX
from tests.simulation.expected import kept
from tests.simulation.shops import Shop
from tests.simulation.steps import CARD_IN_PART, CARD_IN_WHOLE, Kind, Step
from tests.simulation.world import Play, World
from tests.standins.saleor import Item, StandInSaleor
from tests.standins.saleor.goods import CameBack
from tests.standins.saleor.orders import UNCONFIRMED, Order

CENT = Decimal("0.01")
OVER = frozenset({"CANCELED", "EXPIRED"})


def _place(world: World, step: Step) -> None:
    if len(world.orders) >= ORDERS_MAX:
        return
    home = world.shop(step.shop)
    shop, gross = home.saleor.shop, (Decimal(step.share) / 8).quantize(CENT)
    email = EMAILS[step.email]
    if step.email == 0:
        shop.register_customer(email)
    shipping = Decimal("4.90") if step.order % 2 else Decimal(0)
    items = [Item(gross, (gross / Decimal("1.2")).quantize(CENT), quantity=1 + step.order)]
    if step.how == 6:
        items.append(Item("25", kind="GIFT_CARD", name="Gift card"))
    total = sum((Decimal(item.gross) for item in items), shipping)
    if step.how in {1, 2}:
        order_id = shop.place_order(*items, email=email, shipping=shipping)
    elif step.how == 3:
        order_id = shop.place_paid_order(*items, email=email, shipping=shipping, auto_confirm=False)
    elif step.how in {4, 5, CARD_IN_PART, CARD_IN_WHOLE}:
        gift_card = total if step.how in {5, CARD_IN_WHOLE} else (total / 2).quantize(CENT)
        order_id = shop.place_paid_order(
            *items, email=email, shipping=shipping, gift_card=gift_card, auto_confirm=step.how in {4, 5}
        )
    elif step.how == 7:
        order_id = shop.place_paid_order(
            *items, email=email, shipping=shipping, charged=(total / 2).quantize(CENT), auto_confirm=False
        )
    else:
        order_id = shop.place_paid_order(*items, email=email, shipping=shipping)
    _add(world, home, order_id)
    world.send_events(step.fates)


def _in_shop(change: Callable[[StandInSaleor, Step, Order], object]) -> Play:
    """Change an order; what the shop does not allow is passed over."""

    def play(world: World, step: Step) -> None:
        order = chosen(world, step)
        if order is None:
            return
        try:
            change(world.homes[order.id].saleor, step, order)
        except ValueError:
            return
        finally:
            world.send_events(step.fates)

    return play


def chosen(world: World, step: Step) -> Order | None:
    if not world.orders:
        return None
    return world.order(world.orders[step.order % len(world.orders)])


def _part(whole: Decimal, share: int) -> Decimal:
    part = (whole * share / 1000).quantize(CENT)
    if part <= 0:
        raise ValueError("nothing to move")
    return part


def _charge(saleor: StandInSaleor, step: Step, order: Order) -> None:
    missing = order.total.gross - order.charged
    if order.status not in OVER:
        saleor.till.charge(order.id, _part(missing, step.share), is_separate=step.how == 0)


def _mark_paid(saleor: StandInSaleor, step: Step, order: Order) -> None:
    if order.status not in OVER:
        saleor.till.mark_as_paid(order.id, flow="PAYMENT" if step.how < 2 else "TRANSACTION")


def _refund(saleor: StandInSaleor, step: Step, order: Order) -> None:
    saleor.till.refund(order.id, _part(_held(order), step.share))


def _held(order: Order) -> Decimal:
    """What can be given back by one payment."""
    if order.payments:
        return order.payments[0].charged
    return max((min(part.charged, kept(part)) for part in order.transactions if part.app is None), default=Decimal(0))


def _request_refund(saleor: StandInSaleor, step: Step, order: Order) -> None:
    if not order.refund_pending:
        saleor.till.request_refund(order.id, _part(_held(order), step.share))


def _reverse_refund(saleor: StandInSaleor, step: Step, order: Order) -> None:
    back = _part(order.refunded, step.share)
    cards = [part for part in order.transactions if part.app is None]
    if cards and cards[0].refunded >= back:
        saleor.till.reverse_refund(order.id, back)


def _charge_back(saleor: StandInSaleor, step: Step, order: Order) -> None:
    # What was reported without lowering the charge and what was charged back cannot be told apart afterwards.
    if order.transactions and all(part.charged == kept(part) for part in order.transactions):
        saleor.till.charge_back(order.id, _part(_held(order), step.share))


def _report_refund(saleor: StandInSaleor, step: Step, order: Order) -> None:
    if len(order.transactions) == 1 and all(event.type != "CHARGE_BACK" for event in order.transactions[0].events):
        saleor.till.report_refund_without_lowering_charge(order.id, _part(_held(order), step.share))


def _grant_refund(saleor: StandInSaleor, step: Step, order: Order) -> None:
    saleor.till.grant_refund(order.id, _part(order.total.gross, step.share))


def _cancel(saleor: StandInSaleor, step: Step, order: Order) -> None:
    saleor.shop.cancel(order.id)


def _expire(saleor: StandInSaleor, step: Step, order: Order) -> None:
    if order.status == UNCONFIRMED and not order.charged:
        saleor.shop.expire(order.id)


def _email(saleor: StandInSaleor, step: Step, order: Order) -> None:
    saleor.shop.change_email(order.id, EMAILS[step.email])


def _edit(saleor: StandInSaleor, step: Step, order: Order) -> None:
    saleor.shop.edit_lines(order.id, (Decimal(step.share) / 8).quantize(CENT) + 1)


def _edited(change: Callable[[StandInSaleor, Step, Order], object]) -> Play:
    """Edit an order's lines. The recalculation forgets what gift cards paid: note whether the app had read it before."""

    def play(world: World, step: Step) -> None:
        order = chosen(world, step)
        if order is not None and order.gift_card and not order.is_card_forgotten and world.has_read(order.id):
            world.truth.cards_read.add(order.id)
        _in_shop(change)(world, step)

    return play


def _fulfill(saleor: StandInSaleor, step: Step, order: Order) -> None:
    if order.status not in OVER:
        saleor.goods.fulfill(order.id, quantity=1 if step.how < 3 else None)


def _return(saleor: StandInSaleor, step: Step, order: Order) -> None:
    if order.status not in OVER:
        status: CameBack = "REFUNDED_AND_RETURNED" if step.how in {2, 5} else "RETURNED"
        saleor.goods.return_products(order.id, quantity=1 if step.how < 3 else None, status=status)


def _swap(saleor: StandInSaleor, step: Step, order: Order) -> None:
    """Sell a gift card in the place of goods, or goods with less tax in them, for the same money."""
    gross = order.subtotal.gross
    if step.how % 2:
        part = _part(gross, step.share)
        saleor.shop.edit_lines(order.id, Item(gross - part), Item(part, kind="GIFT_CARD", name="Gift card"))
    else:
        saleor.shop.edit_lines(order.id, Item(gross, _part(gross, 600 + step.share // 3)))


def _exchange(world: World, step: Step) -> None:
    """Replace goods of an order; staff say that the new one is paid, or the shopper pays, or nobody does."""
    order = chosen(world, step)
    if order is None or order.status in OVER or len(world.orders) >= ORDERS_MAX:
        return
    home = world.homes[order.id]
    try:
        replacing = home.saleor.goods.exchange(order.id, quantity=1 if step.how < 3 else None)
    except ValueError:
        return
    _add(world, home, replacing)
    total = home.saleor.book[replacing].total.gross
    if total > 0 and step.how in {0, 3, 6}:
        home.saleor.till.mark_as_paid(replacing)
    elif total > 0 and step.how in {1, 4}:
        home.saleor.till.mark_as_paid(replacing, flow="PAYMENT")
    elif total > 0 and step.how in {2, 5}:
        home.saleor.till.charge(replacing, _part(total, step.share))
        if step.share < 1000 and home.saleor.book[replacing].charged < total:
            home.saleor.till.record_payment(replacing, total - home.saleor.book[replacing].charged)
    world.send_events(step.fates)


def _draft(world: World, step: Step) -> None:
    if len(world.orders) + len(world.drafts) >= ORDERS_MAX:
        return
    home = world.shop(step.shop)
    world.drafts.append(home.saleor.shop.place_draft((Decimal(step.share) / 8).quantize(CENT), email=EMAILS[step.email]))
    world.homes[world.drafts[-1]] = home


def _place_draft(world: World, step: Step) -> None:
    if not world.drafts or len(world.orders) >= ORDERS_MAX:
        return
    draft = world.drafts.pop(0)
    home = world.homes[draft]
    home.saleor.shop.complete_draft(draft)
    _add(world, home, draft)
    if step.how:
        home.saleor.till.mark_as_paid(draft)
    world.send_events(step.fates)


def _add(world: World, home: Shop, order_id: str) -> None:
    world.orders.append(order_id)
    world.homes[order_id] = home
    world.counts["orders"] += 1


def _note(saleor: StandInSaleor, step: Step, order: Order) -> None:
    saleor.shop.add_note(order.id)


def _wipe(world: World, step: Step) -> None:
    order = chosen(world, step)
    if order is not None:
        world.homes[order.id].saleor.shop.update_metadata(order.id, {"points_amount": "", "points_status": "golden"})
        world.send_events(step.fates)


def _delete_variant(saleor: StandInSaleor, step: Step, order: Order) -> None:
    # An order that replaces goods of which none were left has no lines.
    if order.lines:
        saleor.shop.delete_variant(order.id)


IN_SHOP: dict[Kind, Play] = {
    Kind.PLACE: _place,
    Kind.CHARGE: _in_shop(_charge),
    Kind.MARK_PAID: _in_shop(_mark_paid),
    Kind.REFUND: _in_shop(_refund),
    Kind.REQUEST_REFUND: _in_shop(_request_refund),
    Kind.REFUND_SUCCEEDED: _in_shop(lambda saleor, _, order: saleor.till.refund_succeeded(order.id)),
    Kind.REFUND_FAILED: _in_shop(lambda saleor, _, order: saleor.till.refund_failed(order.id)),
    Kind.REVERSE_REFUND: _in_shop(_reverse_refund),
    Kind.REPORT_REFUND: _in_shop(_report_refund),
    Kind.CHARGE_BACK: _in_shop(_charge_back),
    Kind.GRANT_REFUND: _in_shop(_grant_refund),
    Kind.CANCEL: _in_shop(_cancel),
    Kind.EXPIRE: _in_shop(_expire),
    Kind.EMAIL: _in_shop(_email),
    Kind.EDIT: _edited(_edit),
    Kind.FULFILL: _in_shop(_fulfill),
    Kind.RETURN: _in_shop(_return),
    Kind.NOTE: _in_shop(_note),
    Kind.WIPE: _wipe,
    Kind.DELETE_VARIANT: _in_shop(_delete_variant),
    Kind.SWAP: _edited(_swap),
    Kind.EXCHANGE: _exchange,
    Kind.DRAFT: _draft,
    Kind.PLACE_DRAFT: _place_draft,
}
