"""What a checkout or a list of variants earns: the number that is awarded once it is paid, told to anybody, of nobody."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
import requests
from sqlalchemy import update

from app.db.tables import RuleRow
from app.saleor.basket_reads import VariantPrice
from app.usecases.known_prices import KnownPrices
from tests.clock import MovableClock
from tests.standins import faults
from tests.standins.saleor import Item, StandInSaleor
from tests.standins.stories import STORIES
from tests.standins.story import Bought, Story
from tests.test_rewards.conftest import opened
from tests.test_rewards.giving import GivingShop
from tests.test_spending.conftest import give
from tests.test_spending.paying import PayingShop
from tests.test_storefront.calls import ADA, ORIGIN, Storefront, code_of
from tests.world import World, open_world

# What stories change of the rule, as it is without them.
USUAL: Mapping[str, Any] = {
    "points_per_unit": Decimal(1),
    "include_tax": True,
    "include_shipping": False,
    "minimum_total": Decimal(0),
    "maximum_points": None,
    "exclude_gift_cards": False,
    "count_returned": False,
    "points_earn": False,
}
AT_CHECKOUT = [story for story in STORIES if isinstance(story.start, Bought)]


def set_rule(world: World, **rule: Any) -> None:
    with world.services.database.writing() as session:
        session.execute(update(RuleRow).values(**{**USUAL, **rule}))


def of_checkout(shop: Storefront, checkout_id: str, **options: Any) -> requests.Response:
    return shop.ask(f"earns?checkout={quote(checkout_id, safe='')}", by=None, **options)


def of_variants(shop: Storefront, *variants: str, channel: str = "default-channel", **options: Any) -> requests.Response:
    return shop.ask("earns", by=None, params={"variants": ",".join(variants), "channel": channel}, **options)


def awarded(shop: Storefront, checkout_id: str) -> int:
    """Complete a checkout, pay what is left, and tell what the order has brought."""
    saleor = shop.world.saleor
    checkout = saleor.checkouts[checkout_id]
    saleor.checkouts.allow_unpaid.add(checkout.channel.slug)
    order_id = saleor.checkouts.complete(checkout_id)
    if checkout.due:
        saleor.till.charge(order_id, checkout.due)
    shop.world.deliver()
    return shop.world.order(order_id).due


def _cart(saleor: StandInSaleor, story: Story) -> str:
    assert isinstance(story.start, Bought)
    details: dict[str, Any] = {
        name: value for name, value in story.start.details.items() if name not in {"created", "is_registered"}
    }
    return saleor.checkouts.create(*story.start.items, **details)


def test_every_story_earns_at_the_checkout_what_it_earns_once_it_is_paid(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    differ: dict[str, tuple[int, int]] = {}
    for story in AT_CHECKOUT:
        set_rule(shop.world, **story.rule)
        cart = _cart(shop.world.saleor, story)
        # The customers of these stories are many, and their addresses are one.
        shop.world.clock.advance(seconds=1)

        told, brought = of_checkout(shop, cart).json()["points"], awarded(shop, cart)

        if told != brought:
            differ[story.name] = (told, brought)

    assert len(AT_CHECKOUT) > 100
    assert differ == {}


@pytest.mark.parametrize(
    "rule",
    [
        {"include_shipping": True},
        {"include_tax": False},
        {"include_shipping": True, "include_tax": False, "points_per_unit": Decimal("1.5")},
        {"maximum_points": 40},
        {"minimum_total": Decimal(100)},
        {"exclude_gift_cards": True},
        {"is_active": False},
    ],
    ids=str,
)
def test_every_rule_earns_at_the_checkout_what_it_earns_once_it_is_paid(
    embedded_storefront: Storefront, rule: dict[str, Any]
) -> None:
    shop = embedded_storefront
    set_rule(shop.world, **rule)
    gift = Item("40", kind="GIFT_CARD")
    cart = shop.world.saleor.checkouts.create(
        Item("73.80", "60.00"), Item("20", "16.26", quantity=3), gift, shipping="12.30", shipping_net="10", gift_card="30"
    )

    told = of_checkout(shop, cart).json()

    assert told["points"] == awarded(shop, cart)
    assert (told["points"] > 0) is rule.get("is_active", True)


def test_a_voucher_lowers_it(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    saleor = shop.world.saleor
    code = saleor.codes.vouchers[saleor.codes.vouchers.create("Fifteen off", "15")].codes[0].code
    cart = saleor.checkouts.create("60", "40")
    saleor.codes.add(cart, code)

    told = of_checkout(shop, cart).json()["points"]

    assert told == awarded(shop, cart) == 85


@pytest.mark.parametrize(("points_earn", "points"), [(False, 45), (True, 60)])
def test_what_points_have_paid_counts_by_the_rule(embedded_storefront: Storefront, points_earn: bool, points: int) -> None:
    shop = embedded_storefront
    set_rule(shop.world, points_earn=points_earn)
    paying = PayingShop(shop.world)
    paying.open()
    give(shop.world, ADA, 2_000)
    cart = paying.cart("60")
    paying.pay(cart, "15")

    told = of_checkout(shop, cart).json()["points"]

    assert told == awarded(shop, cart) == points


@pytest.mark.parametrize(("points_earn", "points"), [(False, 50), (True, 60)])
def test_what_a_reward_pays_counts_by_the_rule(embedded_storefront: Storefront, points_earn: bool, points: int) -> None:
    shop = embedded_storefront
    set_rule(shop.world, points_earn=points_earn)
    giving = opened(shop.world)
    cart = _with_reward(giving, "60")

    told = of_checkout(shop, cart).json()["points"]
    brought = awarded(shop, cart)
    giving.wait(hours=2)
    shop.world.settle()

    assert told == points
    assert brought in {50, 60}
    assert [order.due for order in shop.world.orders()] == [points]


def _with_reward(shop: GivingShop, *prices: str) -> str:
    redemption = shop.taken(shop.reward())
    cart = shop.world.saleor.checkouts.create(*prices, user=ADA)
    shop.world.saleor.codes.add(cart, redemption.code)
    return cart


def test_a_hold_is_said_and_changes_nothing(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    set_rule(shop.world, hold_days=14)

    answer = of_checkout(shop, shop.world.saleor.checkouts.create("60"))

    assert answer.json() == {"points": 60, "because": "earned", "holdDays": 14}
    assert answer.headers["Cache-Control"] == "no-store"


def test_why_it_earns_nothing_is_said(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    set_rule(shop.world, minimum_total=Decimal(100))

    assert of_checkout(shop, shop.world.saleor.checkouts.create("60")).json()["because"] == "below_minimum"


def test_a_checkout_that_is_an_order_by_now_is_not_there(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    cart = shop.world.saleor.checkouts.create("60")
    awarded(shop, cart)

    answer = of_checkout(shop, cart)

    assert (answer.status_code, code_of(answer)) == (404, "CHECKOUT_NOT_FOUND")


def test_variants_earn_what_a_checkout_with_them_earns(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    juice, card = (
        shop.world.saleor.shop.list_variant("12.30", "10"),
        shop.world.saleor.shop.list_variant("40", kind="GIFT_CARD"),
    )
    cart = shop.world.saleor.checkouts.create(Item("36.90", "30", quantity=3), Item("40", kind="GIFT_CARD"))

    answer = of_variants(shop, f"{juice}:3", card)

    assert answer.json() == of_checkout(shop, cart).json() == {"points": 36, "because": "earned", "holdDays": 0}
    assert of_variants(shop, juice, juice, f"{juice}:1").json()["points"] == 36


def test_it_is_public_and_kept_for_a_minute(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    juice = shop.world.saleor.shop.list_variant("60")

    answers = [of_variants(shop, juice, headers={"Origin": ORIGIN}) for _ in range(3)]
    asked = shop.world.saleor.counts["VariantPrices"]
    set_rule(shop.world, points_per_unit=Decimal(2))
    dearer = of_variants(shop, juice)
    shop.world.clock.advance(seconds=61)
    of_variants(shop, juice)

    assert {answer.headers["Cache-Control"] for answer in answers} == {"public, max-age=60"}
    assert {answer.headers["Vary"] for answer in answers} == {"Origin"}
    assert {answer.headers["Access-Control-Allow-Origin"] for answer in answers} == {ORIGIN}
    assert asked == 1
    assert dearer.json()["points"] == 120, "a new rule counts at once"
    assert shop.world.saleor.counts["VariantPrices"] == 2


def test_what_the_shop_does_not_show_yet_stays_hidden(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    hidden = shop.world.saleor.shop.list_variant("60", published=False)
    unknown = "UHJvZHVjdFZhcmlhbnQ6OTk5"

    answers = [of_variants(shop, one) for one in (hidden, unknown)]

    assert {(answer.status_code, code_of(answer)) for answer in answers} == {(404, "VARIANT_NOT_FOUND")}
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}


def test_a_channel_in_which_it_is_not_sold_is_said(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    juice = shop.world.saleor.shop.list_variant("1980", channel="japan")

    assert code_of(of_variants(shop, juice)) == "VARIANT_NOT_FOUND"
    assert code_of(of_variants(shop, juice, channel="nowhere")) == "VARIANT_NOT_FOUND"
    assert of_variants(shop, juice, channel="japan").json()["points"] == 1980


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?checkout=",
        "?checkout=x",
        "?checkout=T3JkZXI6MQ%3D%3D",
        "?checkout=Q2hlY2tvdXQ6MQ%3D%3D",
        "?checkout=Q2hlY2tvdXQ6MQ%3D%3D&variants=UHJvZHVjdFZhcmlhbnQ6MQ%3D%3D",
        "?variants=UHJvZHVjdFZhcmlhbnQ6MQ%3D%3D",
        "?variants=&channel=default-channel",
        "?variants=x&channel=default-channel",
        "?variants=UHJvZHVjdFZhcmlhbnQ6MQ%3D%3D:0&channel=default-channel",
        "?variants=UHJvZHVjdFZhcmlhbnQ6MQ%3D%3D:-1&channel=default-channel",
        "?variants=UHJvZHVjdFZhcmlhbnQ6MQ%3D%3D:1.5&channel=default-channel",
        "?variants=UHJvZHVjdFZhcmlhbnQ6MQ%3D%3D:99999999999&channel=default-channel",
        f"?variants={','.join(['UHJvZHVjdFZhcmlhbnQ6MQ%3D%3D'] * 51)}&channel=default-channel",
        f"?variants=UHJvZHVjdFZhcmlhbnQ6MQ%3D%3D&channel={'x' * 257}",
    ],
)
def test_what_makes_no_sense_is_said_and_saleor_is_not_asked(embedded_storefront: Storefront, query: str) -> None:
    answer = embedded_storefront.ask(f"earns{query}", by=None)

    assert (answer.status_code, code_of(answer)) == (400, "BAD_REQUEST")
    assert embedded_storefront.world.saleor.counts["CheckoutBasket"] == 0
    assert embedded_storefront.world.saleor.counts["VariantPrices"] == 0


@pytest.mark.parametrize("fault", [faults.status(502), faults.graphql_errors(), faults.not_json()])
def test_a_saleor_that_does_not_answer_is_a_fault_that_a_retry_can_mend(
    embedded_storefront: Storefront, fault: faults.Fault
) -> None:
    shop = embedded_storefront
    cart, juice = shop.world.saleor.checkouts.create("60"), shop.world.saleor.shop.list_variant("60")
    shop.world.saleor.faults.always(fault, on="CheckoutBasket")
    shop.world.saleor.faults.always(fault, on="VariantPrices")

    for answer in (of_checkout(shop, cart), of_variants(shop, juice)):
        assert answer.status_code == 503
        assert "Retry-After" in answer.headers


def test_one_address_may_not_ask_for_ever(fresh_sqlite_url: str, clock: MovableClock, saleor: StandInSaleor) -> None:
    with open_world(fresh_sqlite_url, clock, saleor, STOREFRONT_LIMIT_PER_ADDRESS="5/minute") as world:
        world.install()
        shop = Storefront(world)
        shop.open()
        juice = saleor.shop.list_variant("60")

        statuses = [of_variants(shop, juice).status_code for _ in range(6)]

    assert statuses == [200] * 5 + [429]


def test_no_more_prices_are_remembered_than_may_be(clock: MovableClock) -> None:
    known = KnownPrices(remembered_max=3)
    for number in range(10):
        known.add((1, "default-channel"), {str(number): VariantPrice(Decimal(1), Decimal(1), "USD", earns=True)}, clock())

    assert len(known) == 3
    assert set(known.get((1, "default-channel"), [str(number) for number in range(10)], clock())) == {"7", "8", "9"}
    assert known.get((2, "default-channel"), ["9"], clock()) == {}
