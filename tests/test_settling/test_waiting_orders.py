"""Orders wait while another change of their customer's points waits for staff: they say so, and are woken by its end."""

import pytest
from sqlmodel import Session

from app.db.debts import wake_debtors
from app.usecases.merchants.adjust_points import adjust_customer
from app.usecases.moving.move_waiting import move_waiting
from app.usecases.moving.resolve_movement import resolve_movement, unknown_movements
from app.usecases.operating.store_figures import figures_of_stores
from tests.standins import faults
from tests.test_settling.test_provider_faults import make_instant, provider, wait_out
from tests.test_settling.test_refunds import ADA, paid_order, refund, spend
from tests.test_staff.test_decisions import for_staff
from tests.world import World

WHO = "Grace, support"
LOOKS = 9


@pytest.fixture
def waiting(coggins_world: World) -> tuple[World, str, str]:
    """A world with an order whose credit waits for staff, and another order of the same customer."""
    held_up = for_staff(coggins_world)
    return coggins_world, held_up, paid_order(coggins_world, "50")


def test_an_order_that_waits_for_another_says_for_which(waiting: tuple[World, str, str]) -> None:
    world, held_up, order_id = waiting

    for _ in range(LOOKS):
        wait_out(world, order_id)

    order = world.order(order_id)
    assert (order.due, order.granted, order.problem_code) == (50, 0, "waits")
    assert f"waits for order {world.order(held_up).number}" in (order.problem or "")
    assert "you need to say" in (order.problem or "")


def test_an_order_that_waits_is_no_drift(waiting: tuple[World, str, str]) -> None:
    world, _, _ = waiting

    [figures] = figures_of_stores(world.services)

    assert figures.drifting_orders == 0


@pytest.mark.parametrize("happened", [True, False])
def test_an_order_that_waits_goes_on_at_once_when_staff_decide(waiting: tuple[World, str, str], happened: bool) -> None:
    world, held_up, order_id = waiting
    for _ in range(LOOKS):
        wait_out(world, order_id)
    [unknown] = unknown_movements(world.services)

    resolve_movement(world.services, unknown.id, happened=happened, who=WHO)
    world.settle()
    # The order that was held up may be asked for again first, in the same lane.
    world.clock.advance(seconds=3)
    world.settle()

    order = world.order(order_id)
    assert (order.granted, order.problem) == (50, None)
    assert world.order(held_up).granted == 100


def test_an_order_says_that_it_waits_for_a_change_by_staff(coggins_world: World) -> None:
    world = coggins_world
    make_instant(world)
    provider(world).faults.once(faults.after_acting(faults.cut()), on="instant")
    adjust_customer(world.services, world.store().slug, ADA, points=5, reason="sorry", who=WHO)
    move_waiting(world.services)

    order_id = paid_order(world, "50")

    assert "waits for a change of a customer's points" in (world.order(order_id).problem or "")


def short(world: World) -> str:
    """Leave an order that is to take back 60 points that were spent, and whose next look is hours away."""
    order_id = paid_order(world, "60")
    world.claim(order_id)
    world.saleor.shop.add_note(order_id)
    world.deliver()
    spend(world, 60)
    refund(world, order_id, "60")
    assert world.order(order_id).shortfall == 60
    return order_id


def test_a_credit_of_another_order_is_taken_for_a_shortfall_at_once(world: World) -> None:
    order_id = short(world)
    make_instant(world)

    paid_order(world, "25")

    assert world.order(order_id).shortfall == 35
    assert world.balance(ADA).available == 0


def test_a_claim_that_is_taken_pays_a_shortfall_at_once(embedded_world: World) -> None:
    world = embedded_world
    order_id = short(world)
    other = paid_order(world, "25")

    world.claim(other)
    world.settle()

    assert world.order(order_id).shortfall == 35
    assert world.balance(ADA).available == 0


def test_points_that_staff_give_pay_a_shortfall_at_once(world: World) -> None:
    order_id = short(world)

    adjust_customer(world.services, world.store().slug, ADA, points=60, reason="sorry", who=WHO)
    move_waiting(world.services)
    world.settle()

    assert world.order(order_id).shortfall == 0
    assert world.balance(ADA).available == 0


def test_a_balance_that_rises_while_a_shortfall_is_being_written_is_not_missed(
    embedded_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = embedded_world
    order_id = paid_order(world, "60")
    world.claim(order_id)
    spend(world, 60)
    # Whoever raises the balance finds the order locked by the worker that lets it rest, and passes it over.
    monkeypatch.setattr("app.ledger.entries.wake_debtors", _pass_over)
    given: list[int] = []
    resting = world.services.saleor.orders.write_metadata

    def meanwhile(*args: object) -> object:
        if not given:
            given.append(60)
            spend(world, -60)
        return resting(*args)  # type: ignore[arg-type]  # handed on

    monkeypatch.setattr(world.services.saleor.orders, "write_metadata", meanwhile)

    refund(world, order_id, "60")

    assert (world.order(order_id).shortfall, world.balance(ADA).available) == (0, 0)


def _pass_over(session: Session, store_id: int, email_keys: object, now: object) -> None:
    assert wake_debtors is not None
    del session, store_id, email_keys, now
