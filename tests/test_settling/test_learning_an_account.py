"""How an account answers of nobody is learnt by asking it: where that is zeros, its 404 is a fault and decides nothing."""

from datetime import timedelta

import pytest
from sqlmodel import select

from app.db.stores import answers_of_nobody_with_zeros
from app.db.tables import AccountRow
from app.domain.claim import Balance, ClaimState
from app.domain.evidence import DISBELIEVED_FOR
from app.domain.settlement import MovementState
from app.domain.store import AccountKind
from app.usecases.moving.learn_account import ASKED_AGAIN_AFTER
from app.usecases.operating.change_account import change_account
from app.usecases.operating.housekeeping import do_housekeeping
from tests.standins import faults
from tests.test_settling.test_expired_claims import shown_order
from tests.test_settling.test_provider_faults import change_award, make_instant, provider, states
from tests.test_settling.test_refunds import ADA, paid_order, refund
from tests.test_settling.test_unknown_instants import look_on
from tests.world import World

NOBODY_HERE = faults.not_json(404)
CHECK_THE_URL = "The points provider does not know this address: check the URL and the API key."


@pytest.fixture
def world(coggins_world: World) -> World:
    """A store whose account answers of nobody with zeros, and was asked."""
    provider(coggins_world).unknown_email = "zeros"
    do_housekeeping(coggins_world.services)
    assert is_learnt(coggins_world)
    return coggins_world


def is_learnt(world: World) -> bool:
    return answers_of_nobody_with_zeros(world.account(), world.clock())


def lookups(world: World) -> int:
    return provider(world).counts["lookup"]


def test_a_claim_of_somebody_new_taken_after_the_last_look_is_not_over_while_nobody_is_known(world: World) -> None:
    change_award(world, "claim", expires_days=30)
    order_id, token = shown_order(world)
    world.clock.advance(days=5)
    provider(world).take(token)
    world.clock.advance(days=40)
    do_housekeeping(world.services)
    provider(world).faults.once(NOBODY_HERE, on="lookup", times=2)

    refund(world, order_id, "100")
    assert [claim.state for claim in world.claims(order_id)] == [ClaimState.SHOWN]
    look_on(world, order_id)

    assert [claim.state for claim in world.claims(order_id)] == [ClaimState.TAKEN]
    assert world.balance(ADA) == Balance(0, 0)


def test_a_credit_of_somebody_new_waits_until_the_account_answers(world: World) -> None:
    make_instant(world)
    provider(world).faults.once(NOBODY_HERE, on="lookup", times=2)

    order_id = paid_order(world)
    assert states(world, order_id) == [MovementState.PLANNED]
    assert provider(world).counts["instant"] == 0
    assert world.account().problem == CHECK_THE_URL
    look_on(world, order_id)

    assert states(world, order_id) == [MovementState.ACCEPTED]
    assert world.balance(ADA) == Balance(100, 0)


def test_a_404_that_is_gone_at_once_is_no_answer(world: World) -> None:
    make_instant(world)
    paid_order(world)
    provider(world).faults.once(NOBODY_HERE, on="lookup")

    refunded = paid_order(world)
    [movement] = world.movements(refunded)

    assert (movement.available_before, movement.state) == (100, MovementState.ACCEPTED)


def test_one_address_that_cannot_be_asked_for_keeps_nobody_elses_points(world: World) -> None:
    make_instant(world)
    provider(world).barred = "tag"

    order_ids = [paid_order(world, email=email) for email in ("jane+tag@example.com", ADA)]

    assert [states(world, order_id) for order_id in order_ids] == [[MovementState.ACCEPTED]] * 2
    assert world.account().problem is None


def test_what_was_learnt_is_forgotten_a_day_after_it_was_last_seen(world: World) -> None:
    make_instant(world)
    provider(world).unknown_email = "404"
    order_id = paid_order(world)
    assert world.account().problem == CHECK_THE_URL

    world.clock.now += DISBELIEVED_FOR
    do_housekeeping(world.services)
    world.settle()

    assert states(world, order_id) == [MovementState.ACCEPTED]
    assert world.account().problem is None


def test_it_is_seen_again_each_hour(world: World) -> None:
    for _ in range(30):
        world.clock.now += ASKED_AGAIN_AFTER
        do_housekeeping(world.services)

    assert is_learnt(world)
    assert lookups(world) == 31


def test_an_account_that_says_404_of_nobody_is_asked_once_an_hour(coggins_world: World) -> None:
    for _ in range(3):
        do_housekeeping(coggins_world.services)
    assert (lookups(coggins_world), is_learnt(coggins_world)) == (1, False)

    provider(coggins_world).unknown_email = "zeros"
    coggins_world.clock.now += ASKED_AGAIN_AFTER
    do_housekeeping(coggins_world.services)

    assert (lookups(coggins_world), is_learnt(coggins_world)) == (2, True)


@pytest.mark.parametrize("fault", [faults.cut(), faults.status(500), faults.status(401), faults.status(200, {}), NOBODY_HERE])
def test_nothing_is_learnt_from_an_account_that_is_out_of_order(coggins_world: World, fault: faults.Fault) -> None:
    provider(coggins_world).unknown_email = "zeros"
    provider(coggins_world).faults.once(fault, on="lookup")

    do_housekeeping(coggins_world.services)

    assert not is_learnt(coggins_world)


def test_an_account_that_is_left_alone_is_not_asked(coggins_world: World) -> None:
    with coggins_world.services.database.writing() as session:
        account = session.exec(select(AccountRow)).one()
        account.paused_until = coggins_world.clock() + timedelta(minutes=5)
        session.add(account)

    do_housekeeping(coggins_world.services)

    assert lookups(coggins_world) == 0


def test_an_account_that_is_taken_up_anew_is_learnt_anew(world: World) -> None:
    provider(world).unknown_email = "404"
    slug, account = world.store().slug, provider(world)
    change_account(world.services, slug, kind=AccountKind.COGGINS, url=account.url, key=account.key)

    do_housekeeping(world.services)

    assert not is_learnt(world)
    make_instant(world)
    order_id = paid_order(world)
    assert states(world, order_id) == [MovementState.ACCEPTED]


def test_an_embedded_account_is_not_asked(embedded_world: World) -> None:
    do_housekeeping(embedded_world.services)

    assert embedded_world.account().asked_of_nobody_at is None


def test_what_was_seen_by_a_clock_a_day_ahead_is_believed_no_longer_than_a_day(world: World) -> None:
    world.clock.advance(days=1)
    do_housekeeping(world.services)
    world.clock.advance(days=-1)
    provider(world).unknown_email = "404"
    do_housekeeping(world.services)
    assert is_learnt(world)

    world.clock.now += DISBELIEVED_FOR

    assert not is_learnt(world)
