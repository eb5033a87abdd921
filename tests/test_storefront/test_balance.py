"""What a signed-in customer has, what it is worth, and what is on its way."""

from decimal import Decimal
from typing import Any

from app.db.tables import SpendRuleRow
from tests.standins import faults
from tests.standins.coggins import StandInCoggins
from tests.test_storefront.calls import ADA, EVE, Storefront, code_of
from tests.test_web.calls import change_rule
from tests.world import World


def buy(world: World, total: str = "60", email: str = ADA) -> str:
    order_id = world.saleor.shop.place_paid_order(total, email=email)
    world.deliver()
    return order_id


def let_points_pay(world: World, **rule: Any) -> None:
    says: dict[str, Any] = {"points_per_unit": Decimal(100), "in_force_from": world.clock.now, "created_by": "tests"} | rule
    with world.services.database.writing() as session:
        session.add(SpendRuleRow(store_id=world.store().id or 0, **says))


def test_somebody_who_never_had_points_has_none(storefront: Storefront) -> None:
    assert storefront.ask("me").json() == {
        "points": 0,
        "used": 0,
        "owed": 0,
        "claimable": 0,
        "pending": 0,
        "worth": None,
        "nextToRunOut": None,
    }


def test_a_customer_sees_what_waits_and_then_what_was_taken(storefront: Storefront) -> None:
    order_id = buy(storefront.world)

    waiting = storefront.ask("me").json()
    storefront.world.claim(order_id)
    storefront.world.settle()
    taken = storefront.ask("me").json()

    assert (waiting["points"], waiting["claimable"]) == (0, 60)
    assert (taken["points"], taken["claimable"]) == (60, 0 if storefront.world.coggins is None else taken["claimable"])


def test_nobody_else_sees_it(storefront: Storefront) -> None:
    storefront.world.claim(buy(storefront.world))
    buy(storefront.world, "40")

    eve = storefront.ask("me", by=EVE).json()

    assert {name: eve[name] for name in ("points", "used", "owed", "claimable", "pending")} == {
        "points": 0,
        "used": 0,
        "owed": 0,
        "claimable": 0,
        "pending": 0,
    }


def test_an_argument_that_names_a_customer_names_nobody(storefront: Storefront) -> None:
    storefront.world.claim(buy(storefront.world))

    for argument in ("email", "customer", "user_id", "user", "id"):
        assert storefront.ask("me", by=EVE, params={argument: ADA}).json()["points"] == 0


def test_points_are_pending_as_long_as_a_hold_lasts(storefront: Storefront) -> None:
    world = storefront.world
    change_rule(world, hold_days=14)
    order_id = buy(world)

    held = storefront.ask("me").json()
    world.saleor.till.refund(order_id, "20")
    world.deliver()
    refunded = storefront.ask("me").json()
    world.clock.advance(days=15)
    world.settle()
    given = storefront.ask("me").json()

    assert (held["pending"], held["claimable"]) == (60, 0)
    assert refunded["pending"] == 40
    assert (given["pending"], given["claimable"]) == (0, 40)


def test_an_order_that_nobody_paid_is_not_pending(embedded_storefront: Storefront) -> None:
    embedded_storefront.world.saleor.shop.place_order("60", email=ADA)
    embedded_storefront.world.deliver()

    assert embedded_storefront.ask("me").json()["pending"] == 0


def test_points_are_worth_what_they_pay_in_the_channel_that_is_asked_about(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    shop.world.claim(buy(shop.world))
    before = shop.ask("me", params={"channel": "default-channel"}).json()
    let_points_pay(shop.world)

    worth = shop.ask("me", params={"channel": "default-channel"}).json()["worth"]

    assert before["worth"] is None
    assert worth == {"amount": "0.60", "currency": "USD", "channel": "default-channel"}
    assert shop.ask("me").json()["worth"] is None


def test_a_channel_that_is_switched_off_pays_nothing(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    let_points_pay(shop.world, is_active=False)

    assert shop.ask("me", params={"channel": "default-channel"}).json()["worth"] is None


def test_an_unknown_channel_is_said(embedded_storefront: Storefront) -> None:
    answer = embedded_storefront.ask("me", params={"channel": "nowhere"})

    assert (answer.status_code, code_of(answer)) == (400, "BAD_REQUEST")


def test_a_provider_that_does_not_tell_the_balance_is_a_fault_that_a_retry_can_mend(
    coggins_storefront: Storefront, coggins: StandInCoggins
) -> None:
    coggins.faults.always(faults.status(503), on="lookup")

    assert coggins_storefront.ask("me").status_code == 503
