"""A customer is moved on a page: what follows is shown first, and a second confirmation does it, once."""

from urllib.parse import quote

from tests.test_merchant.calls import Desk, notified, once_in, seen
from tests.test_settling.test_refunds import ADA, paid_order, refund
from tests.test_staff.test_moved_customers import BOB, moves, work


def look(desk: Desk, **changes: str) -> dict[str, str]:
    """Fill in the first form, and give the second as it would be sent."""
    sent = {"email": ADA, "to": BOB, "reason": "a typing error", **changes}
    page = desk.post(f"customers/{ADA}/move/look", sent)
    assert page.status_code == 200, seen(page)
    return {**sent, "once": once_in(page)}


def test_the_first_confirmation_shows_what_follows_and_moves_nothing(desk: Desk) -> None:
    world = desk.world
    world.claim(paid_order(world, "60"))
    paid_order(world, "12")

    page = desk.post(f"customers/{ADA}/move/look", {"email": ADA, "to": BOB, "reason": "a typing error"})

    assert "Points available 60" in seen(page)
    assert "Waiting to be claimed 12" in seen(page)
    assert moves(world) == []


def test_the_second_confirmation_moves_once_and_says_who_and_why(desk: Desk) -> None:
    world = desk.world
    world.claim(paid_order(world, "60"))
    world.settle()
    sent = look(desk)

    answers = [desk.post(f"customers/{ADA}/move", sent) for _ in range(2)]
    work(world)

    assert [answer.status_code for answer in answers] == [200, 200]
    assert "The customer was moved" in str(notified(answers[0]))
    assert moves(world) == [("done", 60)]
    assert world.balance(BOB).available == 60
    assert "a typing error" in seen(desk.get(f"customers/{ADA}/move"))
    assert "were moved from" in seen(desk.get(f"customers?email={BOB}"))


def test_points_in_transit_are_shown(coggins_desk: Desk) -> None:
    world = coggins_desk.world
    assert world.coggins is not None
    world.coggins.adjust(ADA, 60)

    coggins_desk.post(f"customers/{ADA}/move", look(coggins_desk))

    assert "60 points are in transit" in seen(coggins_desk.get(f"customers?email={ADA}"))


def test_embedded_points_are_moved_at_once_and_never_in_transit(desk: Desk) -> None:
    world = desk.world
    world.claim(paid_order(world, "60"))
    world.settle()

    desk.post(f"customers/{ADA}/move", look(desk))

    assert "in transit" not in seen(desk.get(f"customers?email={ADA}"))
    assert moves(world) == [("done", 60)]
    assert (world.balance(ADA).available, world.balance(BOB).available) == (0, 60)


def test_an_order_at_coggins_whose_address_was_corrected_offers_the_move(coggins_desk: Desk) -> None:
    world = coggins_desk.world
    order_id = paid_order(world, "60")
    world.claim(order_id)
    world.settle()
    world.saleor.shop.change_email(order_id, BOB)
    world.deliver()
    assert f"Move {ADA} to {BOB}" in seen(coggins_desk.get(f"orders/{quote(order_id)}"))

    coggins_desk.post(f"customers/{ADA}/move", look(coggins_desk))
    work(world)

    assert f"Move {ADA}" not in seen(coggins_desk.get(f"orders/{quote(order_id)}"))
    assert (world.balance(ADA).available, world.balance(BOB).available) == (0, 60)


def test_what_cannot_be_moved_is_said_beside_the_field(desk: Desk) -> None:
    paid_order(desk.world, "60")

    page = desk.post(f"customers/{ADA}/move/look", {"email": ADA, "to": ADA.upper(), "reason": "why"})

    assert page.status_code == 422
    assert "the same customer already" in seen(page)


def test_a_form_about_another_customer_moves_nothing(desk: Desk) -> None:
    world = desk.world
    world.claim(paid_order(world, "60"))
    sent = look(desk)

    answer = desk.post(f"customers/{quote(BOB)}/move", sent)

    assert answer.status_code == 422
    assert moves(world) == []


def test_an_order_whose_address_was_corrected_offers_the_move(desk: Desk) -> None:
    world = desk.world
    order_id = paid_order(world, "60")
    world.claim(order_id)
    world.saleor.shop.change_email(order_id, BOB)
    world.deliver()
    assert f"Move {ADA} to {BOB}" in seen(desk.get(f"orders/{quote(order_id)}"))

    desk.post(f"customers/{ADA}/move", look(desk))
    work(world)

    assert f"Move {ADA}" not in seen(desk.get(f"orders/{quote(order_id)}"))
    refund(world, order_id, "60")
    assert (world.balance(ADA).available, world.balance(BOB).available, world.order(order_id).shortfall) == (0, 0, 0)
