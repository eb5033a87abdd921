"""Where an account honours Idempotency-Key a lost call is sent again, identical: nothing stays unknown, no claim is left over."""

import pytest

from app.domain.settlement import MovementState
from app.usecases.merchants import adjust_points
from app.usecases.moving.move_waiting import move_waiting
from tests.standins import faults
from tests.standins.coggins import StandInCoggins
from tests.test_settling.test_many_workers import place_paid
from tests.test_settling.test_refunds import ADA, paid_order
from tests.world import World

BOB = "bob@example.com"


@pytest.fixture
def provider(coggins_world: World) -> StandInCoggins:
    """A provider that is known to honour the key."""
    assert coggins_world.coggins is not None
    coggins_world.coggins.honours_idempotency = True
    paid_order(coggins_world, "5", email="earlier@example.com")
    assert coggins_world.account().honours_idempotency
    return coggins_world.coggins


def calls(provider: StandInCoggins, kind: str) -> list[tuple[str, object]]:
    """The calls after the first order's: key and body."""
    return [(call.headers["Idempotency-Key"], call.body) for call in provider.requests if call.kind == kind][1:]


def test_a_lost_claim_is_asked_for_again_at_once_under_its_key(coggins_world: World, provider: StandInCoggins) -> None:
    provider.faults.once(faults.after_acting(faults.cut()), on="claims")

    order_id = paid_order(coggins_world, "60", email=ADA)

    first, second = calls(provider, "claims")
    assert first == second
    assert [movement.state for movement in coggins_world.movements(order_id)] == [MovementState.ACCEPTED]
    assert coggins_world.order(order_id).granted == 60
    assert len(provider.books().open_claims) == 2


def test_a_claim_lost_twice_is_brought_by_the_same_call_later(coggins_world: World, provider: StandInCoggins) -> None:
    provider.faults.once(faults.after_acting(faults.cut()), on="claims", times=2)

    order_id = paid_order(coggins_world, "60", email=ADA)
    waiting = coggins_world.order(order_id)
    assert (waiting.granted, waiting.problem_code) == (0, "claim_unknown")
    coggins_world.clock.advance(minutes=6)
    coggins_world.settle()

    assert len(set(map(repr, calls(provider, "claims")))) == 1
    assert len(calls(provider, "claims")) == 3
    assert coggins_world.order(order_id).granted == 60
    assert coggins_world.order(order_id).problem is None
    assert len(provider.books().open_claims) == 2
    coggins_world.claim(order_id)
    assert coggins_world.balance(ADA).available == 60


def test_a_lost_call_is_sent_again_once_for_all_of_its_claims(coggins_world: World, provider: StandInCoggins) -> None:
    provider.faults.once(faults.after_acting(faults.cut()), on="claims", times=2)
    orders = [place_paid(coggins_world, f"shopper{number}@example.com") for number in range(5)]
    coggins_world.deliver()

    coggins_world.clock.advance(minutes=6)
    coggins_world.settle()

    assert len(calls(provider, "claims")) == 3
    assert {coggins_world.order(order_id).granted for order_id in orders} == {10}


def test_a_refund_while_a_claim_is_lost_ends_right(coggins_world: World, provider: StandInCoggins) -> None:
    provider.faults.once(faults.after_acting(faults.cut()), on="claims", times=2)
    order_id = paid_order(coggins_world, "60", email=ADA)
    coggins_world.saleor.till.refund(order_id, "20")

    coggins_world.deliver()
    coggins_world.clock.advance(minutes=6)
    coggins_world.settle()

    order = coggins_world.order(order_id)
    assert (order.due, order.granted) == (40, 40)
    coggins_world.claim(order_id)
    assert coggins_world.balance(ADA).available == 40


def test_what_staff_gave_a_customer_is_asked_for_again_under_its_key(coggins_world: World, provider: StandInCoggins) -> None:
    provider.faults.once(faults.after_acting(faults.cut()), on="instant")
    adjust_points.adjust_customer(
        coggins_world.services, coggins_world.store().slug, BOB, points=30, reason="sorry", who="grace@example.com"
    )

    for _ in range(3):
        while move_waiting(coggins_world.services):
            pass
        coggins_world.clock.advance(minutes=3)

    sent = [call for call in provider.requests if call.kind == "instant"]
    assert len(sent) == 2
    assert len({call.headers["Idempotency-Key"] for call in sent}) == 1
    assert coggins_world.balance(BOB).available == 30
