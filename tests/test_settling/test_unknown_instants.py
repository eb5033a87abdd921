"""An INSTANT whose answer was lost: found out by looking, asked once more at most, and never twice by accident."""

import pytest

from app.domain.claim import Balance
from app.domain.settlement import MovementState
from tests.standins import faults
from tests.standins.faults import Fault
from tests.test_settling.test_provider_faults import change_award, make_instant, provider, states
from tests.test_settling.test_refunds import ADA, paid_order, refund
from tests.world import World


@pytest.fixture
def world(coggins_world: World) -> World:
    make_instant(coggins_world)
    return coggins_world


def look_on(world: World, order_id: str, times: int = 8) -> None:
    """Move the clock from look to look until the order rests."""
    for _ in range(times):
        look_at = world.order(order_id).look_at
        if look_at is None:
            return
        world.clock.now = max(look_at, world.account().paused_until or look_at, world.clock.now)
        world.settle()


LOST_AFTER: list[Fault] = [
    faults.after_acting(faults.cut()),
    faults.after_acting(faults.status(500)),
    faults.after_acting(faults.status(503)),
    faults.after_acting(faults.cut_in_the_middle()),
]
LOST_BEFORE: list[Fault] = [faults.cut(), faults.status(500), faults.status(504)]


@pytest.mark.parametrize("fault", LOST_AFTER)
def test_a_credit_that_happened_is_seen_in_the_balance_and_not_asked_for_again(world: World, fault: Fault) -> None:
    provider(world).faults.once(fault, on="instant")

    order_id = paid_order(world)
    assert world.order(order_id).problem_code == "unknown"
    look_on(world, order_id)

    assert states(world, order_id) == [MovementState.ACCEPTED]
    assert provider(world).counts["instant"] == 1
    assert world.balance(ADA) == Balance(100, 0)
    assert (world.order(order_id).granted, world.order(order_id).problem) == (100, None)


@pytest.mark.parametrize("fault", LOST_BEFORE)
def test_a_credit_that_did_not_happen_is_asked_for_once_more(world: World, fault: Fault) -> None:
    provider(world).faults.once(fault, on="instant")

    order_id = paid_order(world)
    look_on(world, order_id)

    assert states(world, order_id) == [MovementState.ACCEPTED]
    assert provider(world).counts["instant"] == 2
    assert world.balance(ADA) == Balance(100, 0)


def test_it_looks_two_and_ten_minutes_after_sending(world: World) -> None:
    provider(world).faults.once(faults.cut(), on="instant")
    order_id = paid_order(world)
    sent_at = world.movements(order_id)[0].sent_at
    assert sent_at is not None

    looks = []
    for _ in range(2):
        look_at = world.order(order_id).look_at
        assert look_at is not None
        looks.append(round((look_at - sent_at).total_seconds() / 60))
        world.clock.now = look_at
        world.settle()

    assert looks == [2, 10]


def test_a_second_lost_answer_is_for_staff(world: World) -> None:
    provider(world).faults.once(faults.cut(), on="instant", times=2)

    order_id = paid_order(world)
    look_on(world, order_id)

    assert states(world, order_id) == [MovementState.UNKNOWN]
    assert world.order(order_id).problem_code == "for_staff"
    assert world.order(order_id).look_at is None
    assert provider(world).counts["instant"] == 2


def test_a_balance_that_moved_by_another_amount_is_for_staff(world: World) -> None:
    provider(world).faults.once(faults.cut(), on="instant")
    order_id = paid_order(world)

    provider(world).adjust(ADA, 30)
    look_on(world, order_id)

    assert world.order(order_id).problem_code == "for_staff"
    assert provider(world).counts["instant"] == 1


def test_a_balance_that_moves_between_the_looks_is_for_staff(world: World) -> None:
    provider(world).faults.once(faults.after_acting(faults.cut()), on="instant")
    order_id = paid_order(world)
    world.clock.advance(minutes=2)
    world.settle()

    provider(world).spend(ADA, 10)
    look_on(world, order_id)

    assert world.order(order_id).problem_code == "for_staff"


def test_a_debit_that_happened_is_seen_in_the_balance(world: World) -> None:
    order_id = paid_order(world)
    provider(world).faults.once(faults.after_acting(faults.cut()), on="instant")

    refund(world, order_id, "40")
    look_on(world, order_id)

    assert world.balance(ADA) == Balance(60, 0)
    assert world.order(order_id).granted == 60


def test_the_customers_other_orders_wait_in_line_while_one_is_unknown(world: World) -> None:
    provider(world).faults.once(faults.after_acting(faults.cut()), on="instant")
    first = paid_order(world)
    second = paid_order(world, "50")
    assert world.order(second).granted == 0

    look_on(world, first)
    world.clock.advance(seconds=5)
    world.settle()

    assert (world.order(first).granted, world.order(second).granted) == (100, 50)
    assert world.balance(ADA) == Balance(150, 0)


def test_looks_that_get_no_answer_are_looked_again(world: World) -> None:
    provider(world).faults.once(faults.after_acting(faults.cut()), on="instant")
    order_id = paid_order(world)
    provider(world).faults.once(faults.status(401), on="lookup")

    look_on(world, order_id)

    assert states(world, order_id) == [MovementState.ACCEPTED]


def test_an_account_that_honours_the_key_is_asked_again_with_the_identical_call(world: World) -> None:
    provider(world).honours_idempotency = True
    paid_order(world, "5", email="earlier@example.com")
    assert world.account().honours_idempotency
    provider(world).faults.once(faults.after_acting(faults.cut()), on="instant")
    orders = [world.saleor.shop.place_order("10", email=f"shopper{number}@example.com") for number in range(3)]
    for order_id in orders:
        world.saleor.till.charge(order_id, "10")

    world.deliver()
    for order_id in orders:
        look_on(world, order_id)

    calls = [request for request in provider(world).requests if request.kind == "instant"][1:]
    assert len({call.headers["Idempotency-Key"] for call in calls}) == 1
    assert all(call.body == calls[0].body for call in calls)
    assert len(calls) > 1
    assert {world.order(order_id).granted for order_id in orders} == {10}
    assert {world.balance(f"shopper{number}@example.com").available for number in range(3)} == {10}


def test_a_worker_that_died_while_sending_is_taken_over_after_five_minutes(world: World) -> None:
    order_id = world.saleor.shop.place_order("100", email=ADA)
    world.saleor.till.charge(order_id, "100")
    world.saleor.deliveries.deliver()
    provider(world).faults.once(faults.after_acting(faults.cut()), on="instant")
    _die_before_recording(world)
    assert states(world, order_id) == [MovementState.SENDING]

    world.clock.advance(seconds=61)
    world.settle()
    assert states(world, order_id) == [MovementState.SENDING]
    look_on(world, order_id)

    assert states(world, order_id) == [MovementState.ACCEPTED]
    assert world.balance(ADA) == Balance(100, 0)
    assert provider(world).counts["instant"] == 1


class _Killed(BaseException):
    """The process ends here."""


def _die_before_recording(world: World) -> None:
    from dataclasses import replace  # noqa: PLC0415

    from app.usecases.settling.settle_orders import settle_orders  # noqa: PLC0415

    class Dying:
        def __init__(self, provider: object) -> None:
            self._provider = provider

        def __getattr__(self, name: str) -> object:
            return getattr(self._provider, name)

        def ask(self, *args: object, **options: object) -> object:
            self._provider.ask(*args, **options)  # type: ignore[attr-defined]  # a provider
            raise _Killed

    services = world.services
    with pytest.raises(_Killed):
        settle_orders(replace(services, provider_of=lambda store, account: Dying(services.provider_of(store, account))))  # type: ignore[arg-type,return-value]


def test_a_debit_that_happened_while_a_claim_of_as_much_was_taken_is_not_asked_for_again(coggins_world: World) -> None:
    world = coggins_world
    make_instant(world)
    credited = paid_order(world)
    change_award(world, "claim")
    claimed = paid_order(world, amount="40")
    token = world.follow(claimed).headers["Location"].rsplit("/", 1)[1]
    provider(world).faults.once(faults.after_acting(faults.cut()), on="instant")

    refund(world, credited, "40")
    provider(world).take(token)
    look_on(world, credited)

    assert provider(world).counts["instant"] == 2
    assert world.order(credited).problem_code == "for_staff"
    assert world.balance(ADA).available == 100


def test_a_credit_that_did_not_happen_is_not_mistaken_for_two_claims_of_as_much(coggins_world: World) -> None:
    world = coggins_world
    change_award(world, "claim")
    tokens = [world.follow(paid_order(world, amount=amount)).headers["Location"].rsplit("/", 1)[1] for amount in ("30", "70")]
    change_award(world, "instant")
    provider(world).faults.once(faults.cut(), on="instant")

    order_id = paid_order(world)
    for token in tokens:
        provider(world).take(token)
    look_on(world, order_id)

    assert states(world, order_id) == [MovementState.UNKNOWN]
    assert world.order(order_id).problem_code == "for_staff"
