"""A server that answers 404 to everything, as what stands before a broken service does, also says of each customer: nobody."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from app.db.tables import MovementRow
from app.domain.claim import Balance, ClaimState
from app.domain.evidence import DISBELIEVED_FOR
from app.domain.settlement import MovementState
from app.usecases.merchants.adjust_points import adjust_customer
from app.usecases.moving.causes import DISBELIEVED
from app.usecases.moving.move_waiting import move_waiting
from tests.standins import faults
from tests.test_settling.test_provider_faults import change_award, make_instant, provider, states
from tests.test_settling.test_refunds import ADA, paid_order, refund
from tests.test_settling.test_unknown_instants import look_on
from tests.world import World

NOBODY_HERE = faults.not_json(404)


@pytest.fixture
def world(coggins_world: World) -> World:
    make_instant(coggins_world)
    return coggins_world


def test_a_credit_that_happened_is_not_given_twice(world: World) -> None:
    provider(world).faults.once(faults.after_acting(faults.cut()), on="instant")
    order_id = paid_order(world)
    provider(world).faults.once(NOBODY_HERE, on="lookup", times=2)

    look_on(world, order_id)

    assert provider(world).counts["instant"] == 1
    assert states(world, order_id) == [MovementState.ACCEPTED]
    assert world.balance(ADA) == Balance(100, 0)


def test_a_debit_that_did_not_happen_is_not_taken_for_one_that_did(world: World) -> None:
    order_id = paid_order(world)
    provider(world).faults.once(faults.cut(), on="instant")
    provider(world).faults.once(faults.status(200, {"AvailablePoints": 100, "UsedPoints": 0}), on="lookup")
    provider(world).faults.once(NOBODY_HERE, on="lookup", times=3)

    refund(world, order_id, "100")
    look_on(world, order_id)

    assert states(world, order_id) == [MovementState.ACCEPTED, MovementState.ACCEPTED]
    assert world.balance(ADA) == Balance(0, 0)
    assert provider(world).counts["instant"] == 3


def test_a_debit_of_which_nothing_can_be_learnt_for_a_day_is_for_staff(world: World) -> None:
    order_id = paid_order(world)
    provider(world).faults.once(faults.cut(), on="instant")
    refund(world, order_id, "100")
    provider(world).faults.once(NOBODY_HERE, on="lookup", times=2)
    look_on(world, order_id, times=1)
    assert world.order(order_id).problem_code == "unknown"

    world.clock.now += DISBELIEVED_FOR
    world.settle()

    assert world.order(order_id).problem_code == "for_staff"
    assert provider(world).counts["instant"] == 2


def test_a_claim_of_a_customer_that_the_account_knew_is_not_over(world: World) -> None:
    paid_order(world, "30")
    change_award(world, "claim", expires_days=30)
    order_id = paid_order(world)
    token = world.follow(order_id).headers["Location"].rsplit("/", 1)[1]
    provider(world).take(token)
    world.clock.advance(days=40)
    provider(world).faults.once(NOBODY_HERE, on="lookup")

    refund(world, order_id, "100")
    assert [claim.state for claim in world.claims(order_id)] == [ClaimState.SHOWN]
    look_on(world, order_id)

    assert [claim.state for claim in world.claims(order_id)] == [ClaimState.TAKEN]
    assert world.balance(ADA) == Balance(30, 0)


@pytest.mark.parametrize(("had", "points"), [(0, 40), (40, -40)])
def test_what_staff_do_to_a_customer_is_done_once(world: World, had: int, points: int) -> None:
    if had:
        paid_order(world, str(had))
    before = provider(world).counts["instant"]
    fault = faults.cut() if points < 0 else faults.after_acting(faults.cut())
    provider(world).faults.once(fault, on="instant")
    adjust_customer(world.services, world.store().slug, ADA, points=points, reason="sorry", who="grace@example.com")
    move_waiting(world.services)
    provider(world).faults.once(NOBODY_HERE, on="lookup", times=2)

    for _ in range(6):
        while move_waiting(world.services):
            pass
        world.clock.now += timedelta(minutes=9)

    assert world.balance(ADA) == Balance(had + points, 0)
    assert provider(world).counts["instant"] - before == (2 if points < 0 else 1)


def test_what_is_asked_for_again_is_not_judged_by_a_balance_that_nobody_had(world: World) -> None:
    paid_order(world, "40")
    provider(world).faults.once(faults.cut(), on="instant")
    provider(world).faults.once(faults.too_many_requests(600), on="instant")
    order_id = paid_order(world, "40")
    look_on(world, order_id, times=2)
    provider(world).faults.once(NOBODY_HERE, on="lookup")

    look_on(world, order_id)

    assert states(world, order_id) == [MovementState.ACCEPTED]
    assert world.balance(ADA) == Balance(80, 0)


def test_nobody_is_debited_for_a_claim_that_was_shown_while_nobody_was_known(world: World) -> None:
    paid_order(world, "40")
    change_award(world, "claim")
    order_id = paid_order(world, "30")
    provider(world).faults.once(NOBODY_HERE, on="lookup")
    assert world.follow(order_id).status_code == 303

    refund(world, order_id, "30")
    look_on(world, order_id)

    assert world.balance(ADA) == Balance(40, 0)
    assert world.order(order_id).problem_code == "shown_not_taken"


def waiting_reason(world: World) -> str | None:
    with world.services.database.reading() as session:
        return session.exec(select(MovementRow.reason).where(col(MovementRow.order_id).is_(None))).one()


def test_points_that_staff_take_are_taken_once_the_customer_is_known_again(world: World) -> None:
    paid_order(world, "40")
    adjust_customer(world.services, world.store().slug, ADA, points=-40, reason="fraud", who="grace@example.com")
    provider(world).faults.once(NOBODY_HERE, on="lookup")
    move_waiting(world.services)
    # It waits, and says why.
    assert (world.balance(ADA), waiting_reason(world)) == (Balance(40, 0), DISBELIEVED.sentence)

    world.clock.advance(minutes=6)
    move_waiting(world.services)

    assert world.balance(ADA) == Balance(0, 0)
