"""The sweep finds what nobody told us: deliveries that were lost for good, and changes that send none."""

from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlmodel import select

from app.db.tables import OrderRow
from app.usecases.settling.sweep_orders import sweep_orders
from tests.standins import faults
from tests.test_settling.test_refunds import ADA
from tests.world import World

EVERY = timedelta(minutes=5)


@pytest.fixture
def world(embedded_world: World) -> World:
    return embedded_world


def sweep(world: World) -> int:
    """Let five minutes pass, sweep, and settle what was found."""
    world.clock.advance(minutes=5)
    woken = sum(sweep_orders(world.services, EVERY))
    world.settle()
    return woken


def place_paid(world: World, amount: str = "100") -> str:
    order_id = world.saleor.shop.place_order(amount, email=ADA)
    world.saleor.till.charge(order_id, amount)
    return order_id


def test_an_order_whose_deliveries_were_lost_is_found(world: World) -> None:
    order_id = place_paid(world)
    world.saleor.deliveries.lose()

    assert sweep(world) == 1

    assert world.order(order_id).granted == 100


def test_orders_that_were_told_are_looked_at_by_the_page_and_not_touched(world: World) -> None:
    for _ in range(3):
        place_paid(world)
    world.deliver()
    world.clock.advance(minutes=5)
    statements: list[str] = []
    event.listen(world.services.database.engine, "before_cursor_execute", lambda *details: statements.append(details[2]))

    assert sum(sweep_orders(world.services, EVERY)) == 0

    assert not [statement for statement in statements if statement.startswith("INSERT")]


def test_a_refund_whose_deliveries_were_lost_is_found(world: World) -> None:
    order_id = place_paid(world)
    world.deliver()
    world.saleor.till.refund(order_id, "40")
    world.saleor.deliveries.lose()

    sweep(world)

    assert world.order(order_id).granted == 60


def test_an_order_from_before_the_installation_earns_nothing_and_is_left_as_it_is(saleor_with_history: World) -> None:
    sweep(saleor_with_history)

    # The two minutes of overlap may find the last one; it was created before the store's points began.
    assert [order.granted for order in saleor_with_history.orders()] == [0]
    assert saleor_with_history.saleor.counts["UpdateMetadata"] == 0


@pytest.fixture
def saleor_with_history(world: World) -> World:
    [app_id] = world.saleor.apps.installed
    world.saleor.apps.uninstall(app_id)
    with world.services.database.writing() as session:
        from sqlalchemy import text  # noqa: PLC0415

        for table in ("log_entry", "account", "rule", "store"):
            session.execute(text(f"DELETE FROM {table}"))
    place_paid(world)
    world.saleor.deliveries.lose()
    world.clock.advance(minutes=10)
    world.install()
    return world


def test_what_was_told_is_not_woken_again(world: World) -> None:
    place_paid(world)
    world.deliver()

    assert sweep(world) == 0


def test_our_own_metadata_is_not_chased(world: World) -> None:
    place_paid(world)
    world.deliver()
    sweep(world)
    world.saleor.counts.clear()

    sweep(world)

    assert world.saleor.counts == {"NewestChange": 1, "OrdersPage": 1}


def test_hundreds_of_orders_are_found_page_by_page_and_the_cursor_follows(world: World) -> None:
    for _ in range(250):
        place_paid(world, "1")
    world.saleor.deliveries.lose()
    world.clock.advance(minutes=5)
    begun = world.store().sweep_cursor

    first = next(iter(sweep_orders(world.services, EVERY)))
    after_one_page = world.store().sweep_cursor
    world.settle()
    world.clock.advance(minutes=5)
    rest = sum(sweep_orders(world.services, EVERY))
    world.settle()

    assert (first, rest) == (100, 150)
    assert begun is None or (after_one_page is not None and after_one_page > begun)
    assert {order.granted for order in world.orders()} == {1}
    assert len(world.orders()) == 250


def test_a_store_is_swept_only_as_often_as_it_should_be(world: World) -> None:
    place_paid(world)
    world.saleor.deliveries.lose()
    sweep(world)
    world.saleor.counts.clear()

    world.clock.advance(minutes=4)
    assert list(sweep_orders(world.services, EVERY)) == []

    assert world.saleor.counts == {}


def test_a_saleor_that_is_away_is_paused_and_swept_from_where_it_was_left(world: World) -> None:
    order_id = place_paid(world)
    world.saleor.deliveries.lose()
    world.saleor.faults.once(faults.status(503), on="OrdersPage")

    sweep(world)
    paused_until = world.store().paused_until
    assert paused_until is not None
    assert world.orders() == []

    sweep(world)

    assert world.order(order_id).granted == 100
    assert world.store().problem is None


def test_an_outage_of_an_hour_heals_by_itself(world: World) -> None:
    orders = [place_paid(world) for _ in range(5)]
    world.saleor.deliveries.lose()
    world.saleor.faults.always(faults.status(503))
    for _ in range(12):
        sweep(world)
    assert world.orders() == []

    world.saleor.faults.clear()
    for _ in range(12):
        sweep(world)

    assert [world.order(order_id).granted for order_id in orders] == [100] * 5


def test_an_order_that_breaks_the_list_does_not_stop_what_is_told(world: World) -> None:
    broken = place_paid(world)
    world.saleor.deliveries.lose()
    world.saleor.break_order(broken)

    sweep(world)
    assert "sweep" in (world.store().problem or "")
    told = place_paid(world)
    world.deliver()

    assert world.order(told).granted == 100
    world.saleor.mend()
    sweep(world)
    assert world.order(broken).granted == 100


def test_a_replica_that_lags_behind_the_sweeps_beginning_does_not_make_it_pass_over_an_order(world: World) -> None:
    place_paid(world)
    world.deliver()
    world.clock.advance(minutes=10)
    before = world.clock()
    order_id = place_paid(world)
    world.saleor.deliveries.lose()
    changed_orders = world.services.saleor.orders.changed

    def lagging(*args: object, **options: object) -> object:
        world.saleor.serve_orders_as_of(before)
        return changed_orders(*args, **options)  # type: ignore[arg-type]  # handed on as they come

    world.services.saleor.orders.changed = lagging  # type: ignore[method-assign,assignment]  # another replica answers
    assert sweep(world) == 0
    world.services.saleor.orders.changed = changed_orders  # type: ignore[method-assign]
    world.saleor.mend()

    assert sweep(world) == 1

    assert world.order(order_id).granted == 100


def test_orders_of_a_shop_that_was_empty_at_first_are_found_after_it_installed_the_app_again(world: World) -> None:
    order_id = place_paid(world)
    world.saleor.deliveries.lose()
    app_id = next(iter(world.saleor.apps.installed))
    world.saleor.apps.uninstall(app_id)
    world.saleor.deliveries.deliver()
    world.install()

    sweep(world)

    assert world.order(order_id).granted == 100


OLD_WORDS = {"points_status": "pending", "points_amount": "125", "points_claim_url": "", "points_expires_on": ""}


def test_older_words_that_landed_late_are_found_and_put_right(world: World) -> None:
    order_id = place_paid(world)
    world.deliver()
    right = world.metadata(order_id)
    sweep(world)
    # A call that nobody waits for any more is carried out, minutes after its time-out.
    world.saleor.shop.update_metadata(order_id, OLD_WORDS)
    world.saleor.deliveries.lose()

    assert sweep(world) == 1

    assert world.metadata(order_id) == right
    assert sweep(world) == 0


def test_an_old_link_that_landed_late_is_found_although_all_else_is_the_same(world: World) -> None:
    order_id = place_paid(world)
    world.deliver()
    right = world.metadata(order_id)
    sweep(world)
    world.saleor.shop.update_metadata(order_id, {**right, "points_claim_url": "https://points.example/an-older-link"})
    world.saleor.deliveries.lose()

    sweep(world)

    assert world.metadata(order_id) == right


def test_words_planted_on_an_order_that_has_no_points_are_found(world: World) -> None:
    order_id = world.saleor.shop.place_order("100", email=ADA)
    world.saleor.shop.cancel(order_id)
    world.deliver()
    assert world.metadata(order_id) == {}
    sweep(world)
    world.saleor.shop.update_metadata(order_id, OLD_WORDS)
    world.saleor.deliveries.lose()

    sweep(world)

    assert (world.metadata(order_id)["points_status"], world.metadata(order_id)["points_amount"]) == ("none", "0")


def test_where_no_hash_was_kept_yet_a_sweep_compares_no_metadata(world: World) -> None:
    order_id = place_paid(world)
    world.deliver()
    with world.services.database.writing() as session:
        order = session.exec(select(OrderRow)).one()
        order.metadata_hash = None  # As a version left it that kept none.
        session.add(order)
    world.saleor.shop.update_metadata(order_id, OLD_WORDS)
    world.saleor.deliveries.lose()

    assert sweep(world) == 0


def app_id(world: World) -> str:
    return world.store().app_id or ""


def test_an_app_that_was_switched_on_again_without_a_word_goes_on(world: World) -> None:
    world.saleor.apps.deactivate(app_id(world))
    world.deliver()
    order_id = place_paid(world)
    world.saleor.apps.activate(app_id(world))
    world.saleor.deliveries.lose()
    off = world.store().state

    assert sweep(world) == 1

    assert (off, world.store().state) == ("inactive", "active")
    assert world.order(order_id).granted == 100


def test_an_old_word_that_the_app_was_switched_off_does_not_hold_it_up_for_long(world: World) -> None:
    world.saleor.apps.deactivate(app_id(world))
    [old] = world.saleor.deliveries.deliver()
    world.saleor.apps.activate(app_id(world))
    world.saleor.deliveries.deliver()
    world.saleor.deliveries.resend(old)
    off = world.store().state
    order_id = place_paid(world)
    world.deliver()

    sweep(world)

    assert (off, world.store().state) == ("inactive", "active")
    assert world.order(order_id).granted == 100


@pytest.mark.parametrize("fault", [None, faults.status(502), faults.html()], ids=["refused", "502", "html"])
def test_an_app_that_is_switched_off_stays_so_and_is_asked_once_in_a_while(world: World, fault: faults.Fault | None) -> None:
    world.saleor.apps.deactivate(app_id(world))
    world.deliver()
    if fault is not None:
        world.saleor.faults.always(fault)
    asked = world.saleor.counts["OwnApp"]

    swept = [sweep(world), sum(sweep_orders(world.services, EVERY))]

    assert swept == [0, 0]
    assert (world.store().state, world.store().problem) == ("inactive", None)
    assert world.saleor.counts["OwnApp"] == asked + 1
    assert world.saleor.counts["OrdersPage"] == 0


def test_a_removed_app_is_not_asked_for(world: World) -> None:
    world.saleor.apps.uninstall(app_id(world))
    world.deliver()
    asked = world.saleor.counts["OwnApp"]

    assert sweep(world) == 0
    assert (world.store().state, world.saleor.counts["OwnApp"]) == ("deleted", asked)


def test_an_app_that_is_switched_on_is_swept_at_once(world: World) -> None:
    list(sweep_orders(world.services, EVERY))
    world.saleor.apps.deactivate(app_id(world))
    world.deliver()
    order_id = place_paid(world)
    world.saleor.apps.activate(app_id(world))
    world.deliver()

    woken = sum(sweep_orders(world.services, EVERY))
    world.settle()

    assert (woken, world.order(order_id).granted) == (1, 100)


def test_an_app_that_is_installed_again_is_swept_at_once(world: World) -> None:
    list(sweep_orders(world.services, EVERY))
    world.saleor.apps.uninstall(app_id(world))
    world.saleor.deliveries.deliver()
    order_id = place_paid(world)
    world.install()

    woken = sum(sweep_orders(world.services, EVERY))
    world.settle()

    assert (woken, world.order(order_id).granted) == (1, 100)
