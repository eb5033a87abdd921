"""A month in a shop with embedded points: what the merchant's pages show."""

from datetime import timedelta
from decimal import Decimal

from app.db.form_tokens import FormToken
from app.usecases.merchants.change_rule import Draft, change_rule
from app.usecases.merchants.check_off import ChecklistStep, check_off
from app.usecases.settling.sweep_orders import sweep_orders
from app.usecases.shoppers.claim_points import take_claim
from tests.standins.saleor import Item
from tests.test_pages.gallery import dress
from tests.test_settling.test_refunds import ADA, spend
from tests.world import World

DAYS = 30
# Orders of a day, and their totals, by turns: enough for a chart with a shape.
BUSY = (2, 1, 3, 2, 4, 3, 1)
TOTALS = ("24.90", "61.50", "128.00", "42.00", "89.90", "310.00", "18.40", "75.00")
SHOPPERS = ("grace@example.com", "linus@example.com", "mary@example.com", "joan@example.com", "alan@example.com")
SHOPPER = "jane.doe@example.com"


def play_month(world: World) -> str:
    """Let a month of orders go by, with claims and refunds. Gives an order that was refunded in part."""
    dress(world)
    _set_rules(world)
    # The first steps are done: the overview shows the month.
    check_off(world.services, ChecklistStep.LINK, FormToken("first steps", world.store().id or 0, "staff@example.com"))
    _short_of_points(world)
    for day in range(DAYS):
        world.clock.advance(days=1)
        for place in range(BUSY[day % len(BUSY)]):
            _order(world, day * 5 + place)
    order_id = _refunded(world)
    list(sweep_orders(world.services, timedelta(minutes=5)))
    world.settle()
    return order_id


def _set_rules(world: World) -> None:
    store_id = world.store().id or 0
    for draft in (Draft(expires_days=60), Draft(channel="japan", points_per_unit=Decimal("0.01"), expires_days=60)):
        change_rule(world.services, store_id, draft, who="staff@example.com")


def _order(world: World, turn: int) -> None:
    order_id = _paid(world, TOTALS[turn % len(TOTALS)], SHOPPERS[turn % len(SHOPPERS)])
    if turn % 3:
        _take(world, order_id)
    if turn % 7 == 0:
        world.saleor.till.refund(order_id, "10.00")
        world.deliver()


def _take(world: World, order_id: str) -> None:
    """Take an order's claim without its page, which limits how often one address may ask."""
    claim = next(claim for claim in world.claims(order_id) if claim.points > 0)
    token = world.services.sealer.open(claim.url_sealed).rsplit("/", 1)[1]
    assert take_claim(world.services, token, world.order(order_id).email or "") is not None


def _short_of_points(world: World) -> None:
    """Spend the points of an order and refund it: the merchant has something to decide."""
    order_id = _paid(world, "80.00", ADA)
    _take(world, order_id)
    spend(world, 80)
    world.saleor.till.refund(order_id, "30.00")
    world.deliver()


def _refunded(world: World) -> str:
    order_id = world.saleor.shop.place_paid_order(
        Item("45.00", name="House blend, 1 kg", quantity=2), Item("15.00", name="Enamel cup"), email=SHOPPER
    )
    world.deliver()
    _take(world, order_id)
    world.clock.advance(hours=3)
    world.saleor.till.refund(order_id, "15.00")
    world.deliver()
    return order_id


def _paid(world: World, total: str, email: str) -> str:
    order_id = world.saleor.shop.place_paid_order(total, email=email)
    world.deliver()
    return order_id
