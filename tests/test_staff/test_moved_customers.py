"""Points follow a person: staff move a customer from one address to another."""

import pytest

from app.errors import BadRequest
from app.usecases.merchants.adjust_points import adjust_customer, adjust_order
from app.usecases.merchants.move_customer import CustomerMove, move_customer, preview_move
from app.usecases.operating.erase_customer import erase_customer
from app.usecases.operating.verify_books import verify_books
from tests.test_settling.test_refunds import ADA, paid_order, refund
from tests.world import World

WHO = "ann@shop.example"
BOB, EVE = "bob@example.com", "eve@example.com"


def slug(world: World) -> str:
    return world.store().slug


def move(world: World, from_email: str = ADA, to_email: str = BOB) -> CustomerMove | None:
    world.clock.advance(seconds=1)
    moved = move_customer(world.services, slug(world), from_email, to_email, reason="a typing error", who=WHO)
    world.clock.advance(seconds=1)
    world.settle()
    return moved


def differences(world: World) -> list[str]:
    return [difference for verified in verify_books(world.services) for difference in verified.differences]


def claimed_order(world: World, amount: str = "60") -> str:
    order_id = paid_order(world, amount)
    world.claim(order_id)
    world.settle()
    return order_id


def shortfall(world: World, order_id: str) -> int:
    return world.order(order_id).shortfall


@pytest.fixture
def world(embedded_world: World) -> World:
    return embedded_world


def test_a_refund_takes_back_from_the_customer_who_has_the_points_now(world: World) -> None:
    order_id = claimed_order(world)
    move(world)
    assert (world.balance(ADA).available, world.balance(BOB).available) == (0, 60)

    refund(world, order_id, "60")

    assert (world.balance(ADA).available, world.balance(BOB).available) == (0, 0)
    assert (world.order(order_id).granted, shortfall(world, order_id)) == (0, 0)
    assert differences(world) == []


def test_a_refund_that_fails_gives_back_to_the_customer_who_was_moved_meanwhile(world: World) -> None:
    order_id = claimed_order(world)
    refund(world, order_id, "20")
    move(world)

    world.saleor.till.reverse_refund(order_id, "20")
    world.deliver()

    assert (world.balance(ADA).available, world.balance(BOB).available) == (0, 60)


def test_a_waiting_claim_goes_to_the_new_address_under_the_same_link(world: World) -> None:
    order_id = paid_order(world, "60")
    link = world.follow(order_id).headers["Location"]

    move(world)
    assert world.follow(order_id).headers["Location"] == link
    world.claim(order_id)

    assert (world.balance(ADA).available, world.balance(BOB).available) == (0, 60)
    assert [claim.email for claim in world.claims(order_id)] == [BOB]
    refund(world, order_id, "60")
    assert (world.balance(BOB).available, shortfall(world, order_id)) == (0, 0)


def test_an_older_order_that_earns_later_earns_for_the_new_address(world: World) -> None:
    order_id = claimed_order(world)
    move(world)

    adjusted = world.order(order_id)
    adjust_order(world.services, slug(world), adjusted.number or "", points=5, reason="late", who=WHO)
    world.settle()
    world.claim_what_waits(order_id)

    assert (world.balance(ADA).available, world.balance(BOB).available) == (0, 65)


def test_an_order_placed_after_the_move_is_the_old_addresss(world: World) -> None:
    claimed_order(world)
    move(world)

    later = claimed_order(world, "10")
    refund(world, later, "4")

    assert (world.balance(ADA).available, world.balance(BOB).available) == (6, 60)


def test_a_chain_of_moves_is_followed(world: World) -> None:
    order_id = claimed_order(world)
    move(world, ADA, BOB)
    move(world, BOB, EVE)

    refund(world, order_id, "60")

    assert [world.balance(email).available for email in (ADA, BOB, EVE)] == [0, 0, 0]
    assert shortfall(world, order_id) == 0


def test_a_customer_who_was_moved_away_and_back_is_found(world: World) -> None:
    order_id = claimed_order(world)
    move(world, ADA, BOB)
    move(world, BOB, ADA)
    assert (world.balance(ADA).available, world.balance(BOB).available) == (60, 0)

    refund(world, order_id, "25")

    assert (world.balance(ADA).available, world.balance(BOB).available) == (35, 0)


def test_the_moved_points_join_those_that_are_there(world: World) -> None:
    order_id = claimed_order(world)
    adjust_customer(world.services, slug(world), BOB, points=7, reason="gift", who=WHO)

    moved = move(world)

    assert moved is not None
    assert (moved.points, moved.orders) == (60, 1)
    assert world.balance(BOB).available == 67
    refund(world, order_id, "60")
    assert world.balance(BOB).available == 7


def test_a_preview_tells_what_follows_and_moves_nothing(world: World) -> None:
    claimed_order(world)
    paid_order(world, "12")

    told = preview_move(world.services, slug(world), ADA, BOB)

    assert (told.points, told.claims, told.waiting, told.orders) == (60, 1, 12, 2)
    assert world.balance(ADA).available == 60


@pytest.mark.parametrize(
    ("from_email", "to_email", "sentence"),
    [
        (ADA, ADA.upper(), "the same customer"),
        (ADA, "bob@@example.com", "not an e-mail address"),
        ("nobody-here@example.com", BOB, "Nothing is kept"),
    ],
)
def test_what_cannot_be_moved_is_refused(world: World, from_email: str, to_email: str, sentence: str) -> None:
    claimed_order(world)

    with pytest.raises(BadRequest, match=sentence):
        move(world, from_email, to_email)

    assert world.balance(ADA).available == 60


def test_an_erased_customer_is_not_moved(world: World) -> None:
    order_id = claimed_order(world)
    erase_customer(world.services, slug(world), ADA)

    with pytest.raises(BadRequest, match="erased"):
        move(world, world.order(order_id).email or "", BOB)


def test_erasing_the_new_address_keeps_the_sums(world: World) -> None:
    order_id = claimed_order(world)
    move(world)
    erase_customer(world.services, slug(world), BOB)
    world.settle()

    refund(world, order_id, "60")

    assert (world.order(order_id).granted, shortfall(world, order_id)) == (0, 0)
    assert differences(world) == []


def test_a_move_needs_a_reason(world: World) -> None:
    claimed_order(world)

    with pytest.raises(BadRequest, match="Say why"):
        move_customer(world.services, slug(world), ADA, BOB, reason=" ", who=WHO)
