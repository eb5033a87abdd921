"""Orders whose points ran out in a balance: what their refunds take."""

from sqlmodel import Session

from app.db.tables import StoreRow
from app.domain.expiry_policy import ExpiryPolicy, PolicyKind
from app.usecases.merchants.change_expiry import add_policy
from app.usecases.operating.end_lots import end_lots
from app.usecases.operating.verify_books import verify_books
from tests.test_settling.test_refunds import ADA, paid_order, refund
from tests.world import World


def with_points_that_last_a_month(world: World) -> None:
    with world.services.database.writing() as session:
        add_policy(session, _store(session), ExpiryPolicy(PolicyKind.ROLLING, months=1), world.clock(), who="a test")


def _store(session: Session) -> StoreRow:
    return session.get_one(StoreRow, 1)


def differences(world: World) -> list[str]:
    return [one for part in verify_books(world.services) for one in part.differences]


def claimed_order(world: World, amount: str = "100") -> str:
    order_id = paid_order(world, amount)
    world.claim(order_id)
    return order_id


def test_a_refund_after_its_points_ran_out_takes_nothing(embedded_world: World) -> None:
    world = embedded_world
    with_points_that_last_a_month(world)
    first = claimed_order(world)
    world.clock.advance(days=40)
    claimed_order(world, "30")

    refund(world, first, "100")

    assert world.balance(ADA).available == 30
    assert world.order(first).granted == 100
    assert world.order(first).shortfall == 0
    assert differences(world) == []


def test_a_refund_takes_the_rest_of_what_ran_out_in_part(embedded_world: World) -> None:
    world = embedded_world
    with_points_that_last_a_month(world)
    first = claimed_order(world)
    refund(world, first, "40")
    world.clock.advance(days=40)
    assert world.balance(ADA).available == 0

    end_lots(world.services)
    second = claimed_order(world, "50")
    refund(world, first, "60")

    assert world.balance(ADA).available == 50
    assert world.order(first).granted == 60
    refund(world, second, "20")
    assert world.balance(ADA).available == 30
    assert differences(world) == []


def test_an_order_says_what_it_had_brought_when_it_was_written_or_not(embedded_world: World) -> None:
    world = embedded_world
    with_points_that_last_a_month(world)
    order_id = claimed_order(world)
    world.clock.advance(days=40)

    refund(world, order_id, "50")
    before_writing = (world.balance(ADA).available, world.order(order_id).granted)
    assert end_lots(world.services)
    assert not end_lots(world.services)
    refund(world, order_id, "50")

    assert before_writing == (world.balance(ADA).available, world.order(order_id).granted) == (0, 100)
