"""What the app tells Saleor by itself: problems under Extensions, and notes in an order's history."""

from datetime import timedelta

from app.usecases.operating.housekeeping import do_housekeeping
from app.usecases.settling.sweep_orders import sweep_orders
from tests.standins import faults
from tests.standins.saleor.apps import Problem
from tests.test_merchant.calls import Desk
from tests.world import World

MUTATIONS = ("AppProblemCreate", "AppProblemDismiss")


def problems(world: World) -> dict[str, Problem]:
    """Give what stands under Extensions after a round of the housekeeper."""
    do_housekeeping(world.services)
    [app] = [app for app in world.saleor.apps.installed.values() if not app.is_removed]
    return app.problems


def asked(world: World) -> int:
    return sum(world.saleor.counts[name] for name in MUTATIONS)


def stuck_order(world: World) -> str:
    order_id = world.saleor.shop.place_paid_order("60", email="")
    world.deliver()
    return order_id


def test_a_shop_without_problems_tells_of_none_and_asks_nothing(desk: Desk) -> None:
    assert problems(desk.world) == {}
    assert asked(desk.world) == 0


def test_orders_that_need_a_person_are_told_with_their_number_and_taken_back_once_mended(desk: Desk) -> None:
    world = desk.world
    order_id = stuck_order(world)
    one = {key: problem.message for key, problem in problems(world).items()}
    other_id = stuck_order(world)
    two = {key: (problem.message, problem.count) for key, problem in problems(world).items()}
    for stuck in (order_id, other_id):
        world.saleor.shop.change_email(stuck, "shopper@example.com")
    world.deliver()

    assert one == {"points-orders": "Orders that need a person: 1. Open Saleor Points to see what to do."}
    assert two == {"points-orders": ("Orders that need a person: 2. Open Saleor Points to see what to do.", 1)}
    assert problems(world) == {}


def test_what_has_not_changed_is_told_once(desk: Desk) -> None:
    stuck_order(desk.world)

    problems(desk.world)
    before = asked(desk.world)
    problems(desk.world)

    assert (before, asked(desk.world)) == (1, 1)


def test_a_provider_that_is_away_or_refuses_the_key_is_told_and_taken_back(coggins_world: World) -> None:
    world = coggins_world
    assert world.coggins is not None
    world.coggins.faults.always(faults.status(401))
    world.saleor.shop.place_paid_order("60")
    world.deliver()
    told = problems(world)
    world.coggins.faults.clear()
    world.clock.advance(minutes=10)
    world.settle()

    assert list(told) == ["points-provider-key"]
    assert problems(world) == {}


def test_a_failing_sweep_is_told(desk: Desk) -> None:
    world = desk.world
    world.saleor.shop.place_order("60")
    world.saleor.faults.always(faults.graphql_errors(), on="NewestChange")
    list(sweep_orders(world.services, timedelta(minutes=5)))

    assert list(problems(world)) == ["points-sweep"]


def test_a_saleor_that_knows_no_app_problems_is_asked_again_only_after_an_hour(desk: Desk) -> None:
    world = desk.world
    stuck_order(world)
    for name in MUTATIONS:
        world.saleor.faults.always(faults.graphql_errors("Cannot query field", 400), on=name)
    for _ in range(3):
        problems(world)
    refused = asked(world)
    world.saleor.mend()
    world.clock.advance(minutes=61)

    assert refused == 1
    assert list(problems(world)) == ["points-orders"]


def test_an_older_saleor_is_never_asked(desk: Desk) -> None:
    desk.world.change_store(saleor_version="3.21")
    stuck_order(desk.world)

    assert problems(desk.world) == {}
    assert asked(desk.world) == 0


def test_a_reinstalled_app_tells_its_problems_again(desk: Desk) -> None:
    world = desk.world
    stuck_order(world)
    problems(world)
    world.saleor.apps.uninstall(desk.app_id)
    world.deliver()
    world.install()

    assert list(problems(world)) == ["points-orders"]


def test_an_order_gets_one_note_for_each_change_of_its_points(desk: Desk) -> None:
    world = desk.world
    world.change_store(order_notes=True)
    order_id = world.saleor.shop.place_paid_order("60")
    world.deliver()
    world.claim(order_id)
    world.settle()
    world.saleor.till.refund(order_id, "15")
    world.deliver()
    world.deliver()

    assert world.saleor.shop.notes == [
        (order_id, "Points: 60 points wait to be claimed by the order's link."),
        (order_id, "Points: 60 points were claimed."),
        (order_id, "Points: 15 points were taken back from the customer's balance."),
    ]


def test_our_own_note_wakes_nothing(desk: Desk) -> None:
    world = desk.world
    world.change_store(order_notes=True)
    order_id = world.saleor.shop.place_paid_order("60")
    world.deliver()
    wakes = world.order(order_id).wakes

    world.saleor.deliveries.deliver()
    world.clock.advance(minutes=10)
    list(sweep_orders(world.services, timedelta(minutes=5)))

    assert world.order(order_id).wakes == wakes
    assert len(world.saleor.shop.notes) == 1


def test_without_the_setting_no_note_is_written(desk: Desk) -> None:
    desk.world.saleor.shop.place_paid_order("60")
    desk.world.deliver()

    assert desk.world.saleor.shop.notes == []


def test_a_note_that_saleor_does_not_take_changes_nothing_else(desk: Desk) -> None:
    world = desk.world
    world.change_store(order_notes=True)
    world.saleor.faults.always(faults.permission_denied("orderNoteAdd"), on="OrderNote")
    order_id = world.saleor.shop.place_paid_order("60")
    world.deliver()

    assert world.order(order_id).granted == 60
    assert world.order(order_id).problem is None
