"""A provider that misbehaves: what was not done is done later, what may be done is not done twice, nothing is lost."""

import pytest

from app.domain.claim import Balance
from app.domain.settlement import MovementState
from tests.standins import faults
from tests.standins.coggins import StandInCoggins
from tests.standins.coggins.misanswers import fewer_items, more_items, other_amount, other_email, success_false
from tests.standins.faults import Fault
from tests.test_settling.test_refunds import ADA, kinds, paid_order, refund
from tests.world import World


@pytest.fixture
def world(coggins_world: World) -> World:
    return coggins_world


def provider(world: World) -> StandInCoggins:
    assert world.coggins is not None
    return world.coggins


def states(world: World, order_id: str) -> list[str]:
    return [movement.state for movement in world.movements(order_id)]


def make_instant(world: World) -> None:
    """Let new orders be credited at once."""
    change_award(world, "instant")


def change_award(world: World, award: str, *, expires_days: int | None = None) -> None:
    """Let new orders be awarded in another way."""
    from sqlmodel import select  # noqa: PLC0415

    from app.db.tables import RuleRow  # noqa: PLC0415

    with world.services.database.writing() as session:
        rule = session.exec(select(RuleRow)).one()
        rule.award, rule.expires_days = award, expires_days
        session.add(rule)


def wait_out(world: World, order_id: str) -> None:
    """Move the clock to the order's next look, and settle."""
    look_at = world.order(order_id).look_at
    assert look_at is not None
    store, account = world.store(), world.account()
    world.clock.now = max(filter(None, (look_at, store.paused_until, account.paused_until, world.clock.now)))
    world.settle()


NOT_DONE: list[Fault] = [
    faults.too_many_requests(30),
    faults.status(401),
    faults.status(403),
    faults.status(405),
    faults.html(200),
    faults.html(404),
    faults.redirect("https://elsewhere.example/", 302),
]


@pytest.mark.parametrize("fault", NOT_DONE)
def test_what_the_provider_did_not_take_waits_with_its_reason_and_goes_out_later(world: World, fault: Fault) -> None:
    provider(world).faults.once(fault, on="claims")

    order_id = paid_order(world)

    assert states(world, order_id) == [MovementState.PLANNED]
    assert world.order(order_id).problem_code == "account"
    assert world.account().problem is not None
    assert world.account().paused_until is not None

    wait_out(world, order_id)

    assert kinds(world, order_id) == [("claim", "accepted", 100)]
    assert world.order(order_id).problem is None
    assert world.account().problem is None


def test_a_provider_that_is_away_is_asked_again_and_nothing_is_lost(world: World) -> None:
    provider(world).stop()
    order_id = paid_order(world)
    assert states(world, order_id) == [MovementState.PLANNED]

    provider(world).start()
    wait_out(world, order_id)

    assert kinds(world, order_id) == [("claim", "accepted", 100)]
    assert len(provider(world).books().claims) == 1


MAYBE_DONE: list[Fault] = [
    faults.cut(),
    faults.after_acting(faults.cut()),
    faults.status(500),
    faults.status(503),
    faults.after_acting(faults.status(502)),
    faults.after_acting(faults.cut_in_the_middle()),
    faults.empty(),
    faults.not_json(),
    fewer_items(),
    more_items(),
    other_amount(7),
]


@pytest.mark.parametrize("fault", MAYBE_DONE)
def test_a_claim_whose_answer_was_lost_is_asked_for_again_and_shown_once(world: World, fault: Fault) -> None:
    provider(world).faults.once(fault, on="claims")

    order_id = paid_order(world)
    assert states(world, order_id) == [MovementState.UNKNOWN]
    assert world.order(order_id).problem_code == "claim_unknown"

    wait_out(world, order_id)

    assert states(world, order_id) == [MovementState.UNKNOWN, MovementState.ACCEPTED]
    world.claim(order_id)
    assert world.balance(ADA) == Balance(100, 0)


def test_a_claim_answered_for_another_address_is_kept_and_shown_as_a_problem(world: World) -> None:
    provider(world).faults.once(other_email("bob@example.com"), on="claims")

    order_id = paid_order(world)

    assert states(world, order_id) == [MovementState.ACCEPTED]
    assert world.order(order_id).problem_code == "doubt"
    assert provider(world).counts["claims"] == 1


def test_a_refused_claim_says_why_and_is_not_asked_for_again_unchanged(world: World) -> None:
    provider(world).rules.refuse_items(lambda item: item["amount"] == 100, "Too many points for one order.")

    order_id = paid_order(world)
    world.saleor.goods.fulfill(order_id)
    world.deliver()

    order = world.order(order_id)
    assert states(world, order_id) == [MovementState.REJECTED]
    assert order.problem_code == "refused"
    assert "Too many points for one order." in (order.problem or "")
    assert order.look_at is None

    refund(world, order_id, "10")

    assert kinds(world, order_id)[-1] == ("claim", "accepted", 90)
    assert world.order(order_id).problem is None


def test_a_whole_refusal_with_200_is_that_items_own_when_it_is_alone(world: World) -> None:
    provider(world).faults.once(success_false("No such customer type."), on="claims")

    order_id = paid_order(world)

    assert states(world, order_id) == [MovementState.REJECTED]
    assert "No such customer type." in (world.order(order_id).problem or "")


@pytest.mark.parametrize("status", [400, 413, 422])
def test_one_bad_item_in_a_hundred_is_found_by_halving_and_the_others_go_through(world: World, status: int) -> None:
    provider(world).rules.reject_arrays_with(lambda item: item["amount"] == 13, status=status)
    orders = {}
    for number in range(1, 41):
        orders[number] = world.saleor.shop.place_order(str(number), email=f"shopper{number}@example.com")
        world.saleor.till.charge(orders[number], str(number))
    world.forget_repeated_deliveries()

    world.deliver()

    assert {number for number, order_id in orders.items() if world.order(order_id).granted == 0} == {13}
    assert states(world, orders[13]) == [MovementState.REJECTED]
    assert len(provider(world).books().claims) == 39
    assert provider(world).counts["claims"] <= 14


def test_arrays_too_long_for_the_provider_are_halved_until_they_fit(world: World) -> None:
    provider(world).rules.reject_arrays_longer_than(7, status=413)
    for number in range(20):
        order_id = world.saleor.shop.place_order("10", email=f"shopper{number}@example.com")
        world.saleor.till.charge(order_id, "10")

    world.deliver()

    assert {order.granted for order in world.orders()} == {10}
    assert len(provider(world).books().claims) == 20


def test_instants_go_out_twenty_five_at_a_time_and_one_customers_one_after_the_other(world: World) -> None:
    make_instant(world)
    for number in range(45):
        order_id = world.saleor.shop.place_order("10", email=ADA if number % 9 == 0 else f"shopper{number}@example.com")
        world.saleor.till.charge(order_id, "10")

    world.deliver()
    for _ in range(8):
        world.clock.advance(seconds=2)
        world.settle()

    arrays = [request.body for request in provider(world).requests if request.kind == "instant"]
    assert max(len(array) for array in arrays) == 25
    assert all(sum(item["email"] == ADA for item in array) <= 1 for array in arrays)
    assert {order.granted for order in world.orders()} == {10}
    assert world.balance(ADA).available == 50


def test_an_instant_whose_answer_was_lost_is_left_alone(world: World) -> None:
    make_instant(world)
    provider(world).faults.once(faults.after_acting(faults.cut()), on="instant")

    order_id = paid_order(world)
    refund(world, order_id, "50")

    assert states(world, order_id) == [MovementState.UNKNOWN]
    assert world.order(order_id).problem_code == "unknown"
    assert provider(world).counts["instant"] == 1
    movement = world.movements(order_id)[0]
    assert (movement.available_before, movement.used_before) == (0, 0)


@pytest.mark.parametrize("answer", ["items", "success", "empty", "text"])
def test_any_2xx_accepts_an_instant(world: World, answer: str) -> None:
    make_instant(world)
    provider(world).instant_answer = answer  # type: ignore[assignment]  # one of its own words

    order_id = paid_order(world)

    assert kinds(world, order_id) == [("credit", "accepted", 100)]
    assert world.metadata(order_id)["points_status"] == "credited"


def test_a_shown_link_is_a_shortfall_until_it_is_taken_and_is_taken_back_then(world: World) -> None:
    order_id = paid_order(world)
    shown = world.follow(order_id).headers["Location"]

    refund(world, order_id, "100")
    order = world.order(order_id)
    assert (order.shortfall, order.problem_code) == (100, "shown_not_taken")
    assert world.balance(ADA) == Balance(0, 0)

    provider(world).take(shown.rsplit("/", 1)[1])
    world.clock.advance(hours=1)
    world.settle()

    assert world.balance(ADA).available == 0
    assert (world.order(order_id).granted, world.order(order_id).shortfall) == (0, 0)


def test_a_shown_link_that_was_taken_is_seen_to_be_taken(world: World) -> None:
    order_id = paid_order(world)
    world.claim(order_id)

    world.saleor.goods.fulfill(order_id)
    world.clock.advance(minutes=1)
    world.deliver()

    assert world.metadata(order_id)["points_status"] == "claimed"


def test_an_unseen_link_is_withdrawn_without_asking_the_provider(world: World) -> None:
    order_id = paid_order(world)

    refund(world, order_id, "100")

    assert provider(world).counts == {"claims": 1}
    assert world.order(order_id).granted == 0


def test_a_link_is_not_shown_while_the_balance_before_cannot_be_had(world: World) -> None:
    order_id = paid_order(world)
    provider(world).faults.once(faults.status(503), on="lookup")

    page = world.follow(order_id)

    assert page.status_code == 200
    assert "being prepared" in page.text
    assert world.follow(order_id).status_code == 303


def test_of_two_shown_links_only_the_taken_one_is_ever_taken_back(world: World) -> None:
    first, second = paid_order(world), paid_order(world)
    tokens = [world.follow(order_id).headers["Location"].rsplit("/", 1)[1] for order_id in (first, second)]
    provider(world).take(tokens[1])

    refund(world, first, "100")
    assert (world.order(first).shortfall, world.balance(ADA).available) == (100, 100)

    provider(world).take(tokens[0])
    world.clock.advance(hours=1)
    world.settle()

    assert (world.order(first).shortfall, world.balance(ADA).available) == (0, 100)


def test_links_shown_and_taken_one_after_the_other_are_all_taken_back(world: World) -> None:
    orders = [paid_order(world) for _ in range(3)]
    for order_id in orders:
        world.claim(order_id)

    for order_id in orders:
        refund(world, order_id, "100")

    assert world.balance(ADA).available == 0
    assert [world.order(order_id).granted for order_id in orders] == [0, 0, 0]
