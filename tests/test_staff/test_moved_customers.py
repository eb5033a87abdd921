"""Points follow a person: staff move a customer from one address to another."""

import pytest
from sqlmodel import select

from app.db.tables import PointsDayRow
from app.errors import BadRequest
from app.usecases.merchants.adjust_points import adjust_customer, adjust_order
from app.usecases.merchants.continue_moves import continue_moves
from app.usecases.merchants.list_moves import list_moves
from app.usecases.merchants.move_customer import move_customer, preview_move
from app.usecases.merchants.two_customers import CustomerMove
from app.usecases.moving.move_waiting import move_waiting
from app.usecases.operating.erase_customer import erase_customer
from app.usecases.operating.verify_books import verify_books
from app.usecases.settling.settle_orders import settle_orders
from tests.standins import faults
from tests.test_settling.test_provider_faults import make_instant, provider
from tests.test_settling.test_refunds import ADA, paid_order, refund
from tests.test_staff.command_line import typed
from tests.world import SECRET_KEY, World

WHO = "ann@shop.example"
BOB, EVE = "bob@example.com", "eve@example.com"


def slug(world: World) -> str:
    return world.store().slug


def move(world: World, from_email: str = ADA, to_email: str = BOB) -> CustomerMove | None:
    world.clock.advance(seconds=1)
    moved = move_customer(world.services, slug(world), from_email, to_email, reason="a typing error", who=WHO)
    work(world)
    world.clock.advance(seconds=1)
    return moved


def work(world: World) -> None:
    """Do what the worker does until nothing waits now."""
    while settle_orders(world.services) or move_waiting(world.services) or continue_moves(world.services):
        pass


def moves(world: World) -> list[tuple[str, int]]:
    return [(one.state, one.points) for one in list_moves(world.services, slug(world))]


def differences(world: World) -> list[str]:
    return [difference for verified in verify_books(world.services) for difference in verified.differences]


def claimed_order(world: World, amount: str = "60") -> str:
    order_id = paid_order(world, amount)
    world.claim(order_id)
    world.settle()
    return order_id


def shortfall(world: World, order_id: str) -> int:
    return world.order(order_id).shortfall


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


def test_a_waiting_claim_goes_to_the_new_address_under_the_same_link(embedded_world: World) -> None:
    world = embedded_world
    order_id = paid_order(world, "60")
    link = world.follow(order_id).headers["Location"]

    move(world)
    assert world.follow(order_id).headers["Location"] == link
    world.claim(order_id)

    assert (world.balance(ADA).available, world.balance(BOB).available) == (0, 60)
    assert [claim.email for claim in world.claims(order_id)] == [BOB]
    refund(world, order_id, "60")
    assert (world.balance(BOB).available, shortfall(world, order_id)) == (0, 0)


def test_a_waiting_claim_that_nobody_saw_is_replaced_at_coggins(coggins_world: World) -> None:
    world = coggins_world
    order_id = paid_order(world, "60")

    move(world)

    assert [(claim.email, claim.state) for claim in sorted(world.claims(order_id), key=lambda one: one.created_at)] == [
        (ADA, "void"),
        (BOB, "open"),
    ]
    world.claim(order_id)
    refund(world, order_id, "60")
    assert (world.balance(ADA).available, world.balance(BOB).available, shortfall(world, order_id)) == (0, 0, 0)


def test_a_shown_claim_that_was_taken_before_the_move_is_the_new_addresss(coggins_world: World) -> None:
    """Nobody had looked since it was taken. The balance before the debit tells."""
    world = coggins_world
    order_id = paid_order(world, "60")
    world.claim(order_id)

    move(world)
    refund(world, order_id, "60")

    assert (world.balance(ADA).available, world.balance(BOB).available, shortfall(world, order_id)) == (0, 0, 0)


def test_a_shown_claim_that_is_taken_after_the_move_stays_with_the_old_address(coggins_world: World) -> None:
    world = coggins_world
    claimed_order(world, "10")
    order_id = paid_order(world, "60")
    url = world.follow(order_id).headers["Location"]
    assert preview_move(world.services, slug(world), ADA, BOB, reason="why").shown == 2

    move(world)
    provider(world).take(url.rsplit("/", 1)[1])
    assert (world.balance(ADA).available, world.balance(BOB).available) == (60, 10)
    refund(world, order_id, "60")

    assert (world.balance(ADA).available, world.balance(BOB).available, shortfall(world, order_id)) == (0, 10, 0)


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

    told = preview_move(world.services, slug(world), ADA, BOB, reason="why")

    assert (told.points, told.claims, told.waiting, told.orders) == (60, 1, 12, 2)
    assert world.balance(ADA).available == 60


@pytest.mark.parametrize(
    ("from_email", "to_email", "sentence"),
    [
        (ADA, ADA.upper(), "the same customer"),
        (ADA, "bob@@example.com", "not an e-mail address"),
        ("nobody-here@example.com", BOB, "Nothing is known"),
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


def test_erasing_the_new_address_keeps_the_sums(embedded_world: World) -> None:
    world = embedded_world
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


# At Coggins there are two calls, and each answer may be lost.


def credited_order(world: World) -> str:
    make_instant(world)
    return paid_order(world, "60")


def let_pass(world: World, calls: int) -> None:
    """Let so many calls be answered before what goes wrong."""
    provider(world).faults.once(lambda act: act(), on="instant", times=calls)


def go_on(world: World, minutes: int = 130) -> None:
    """Let the worker go on, minute by minute."""
    for _ in range(minutes):
        world.clock.advance(minutes=1)
        work(world)


def test_points_are_in_transit_until_the_new_address_has_them(coggins_world: World) -> None:
    world = coggins_world
    order_id = credited_order(world)
    let_pass(world, 1)
    provider(world).faults.once(faults.status(500), on="instant")

    move(world)
    assert moves(world) == [("in_transit", 60)]
    refund(world, order_id, "25")
    assert (world.order(order_id).problem_code, world.order(order_id).shortfall) == ("in_transit", 0)
    go_on(world)

    assert moves(world) == [("done", 60)]
    assert (world.balance(ADA).available, world.balance(BOB).available) == (0, 35)
    assert (world.order(order_id).problem_code, world.order(order_id).granted) == (None, 35)
    assert differences(world) == []


@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize("happened", [True, False])
def test_a_lost_answer_is_found_out_and_nothing_moves_twice(coggins_world: World, after: int, *, happened: bool) -> None:
    world = coggins_world
    order_id = credited_order(world)
    fault = faults.after_acting(faults.cut()) if happened else faults.cut()
    let_pass(world, after)
    provider(world).faults.once(fault, on="instant")

    move(world)
    assert moves(world)[0][0] == ("in_transit" if after else "taking")
    go_on(world)

    assert moves(world) == [("done", 60)]
    assert (world.balance(ADA).available, world.balance(BOB).available) == (0, 60)
    refund(world, order_id, "60")
    assert (world.balance(BOB).available, shortfall(world, order_id)) == (0, 0)


def test_a_credit_that_is_refused_for_good_goes_back_to_where_it_came_from(coggins_world: World) -> None:
    world = coggins_world
    order_id = credited_order(world)
    provider(world).rules.refuse_items(lambda item: item["email"] == BOB, "This customer is blocked.")

    move(world)

    [moved] = list_moves(world.services, slug(world))
    assert (moved.state, moved.problem) == ("refused", "The points provider said: This customer is blocked.")
    assert (world.balance(ADA).available, world.balance(BOB).available) == (60, 0)
    refund(world, order_id, "60")
    assert (world.balance(ADA).available, shortfall(world, order_id)) == (0, 0)
    assert differences(world) == []


def test_a_return_that_is_refused_too_is_tried_again(coggins_world: World) -> None:
    world = coggins_world
    credited_order(world)
    provider(world).rules.refuse_items(lambda item: item["amount"] > 0, "Closed today.")

    move(world)
    assert moves(world) == [("returning", 60)]
    provider(world).rules.clear()
    work(world)
    assert moves(world) == [("returning", 60)]
    go_on(world)

    assert moves(world) == [("refused", 60)]
    assert world.balance(ADA).available == 60


def test_a_debit_that_is_refused_moves_nothing(coggins_world: World) -> None:
    world = coggins_world
    order_id = credited_order(world)
    provider(world).rules.refuse_items(lambda item: item["email"] == ADA, "This customer is blocked.")

    move(world)
    provider(world).rules.clear()

    assert moves(world) == [("refused", 0)]
    assert (world.balance(ADA).available, world.balance(BOB).available) == (60, 0)
    refund(world, order_id, "60")
    assert (world.balance(ADA).available, shortfall(world, order_id)) == (0, 0)


def test_all_that_is_there_when_the_debit_goes_out_is_moved(coggins_world: World) -> None:
    world = coggins_world
    credited_order(world)
    move_customer(world.services, slug(world), ADA, BOB, reason="a new address", who=WHO)
    provider(world).adjust(ADA, 15)

    work(world)

    assert moves(world) == [("done", 75)]
    assert (world.balance(ADA).available, world.balance(BOB).available) == (0, 75)


def test_points_that_were_spent_meanwhile_leave_nothing_to_move(coggins_world: World) -> None:
    world = coggins_world
    credited_order(world)
    move_customer(world.services, slug(world), ADA, BOB, reason="a new address", who=WHO)
    provider(world).spend(ADA, 60)

    work(world)

    assert moves(world) == [("done", 0)]
    assert (world.balance(ADA).available, world.balance(BOB).available) == (0, 0)


def test_a_customer_is_not_moved_twice_at_once(coggins_world: World) -> None:
    world = coggins_world
    credited_order(world)
    move_customer(world.services, slug(world), ADA, BOB, reason="a new address", who=WHO)

    for from_email, to_email in ((ADA, EVE), (BOB, EVE), (EVE, ADA)):
        with pytest.raises(BadRequest, match="being moved already"):
            move_customer(world.services, slug(world), from_email, to_email, reason="again", who=WHO)


def test_nothing_is_moved_while_another_change_of_the_customer_is_under_way(coggins_world: World) -> None:
    world = coggins_world
    credited_order(world)
    adjust_customer(world.services, slug(world), ADA, points=5, reason="gift", who=WHO)

    with pytest.raises(BadRequest, match="under way"):
        move(world)
    work(world)

    move(world)
    assert (world.balance(ADA).available, world.balance(BOB).available) == (0, 65)


def test_nothing_is_moved_while_the_provider_is_away(coggins_world: World) -> None:
    world = coggins_world
    credited_order(world)
    provider(world).faults.once(faults.status(503), on="lookup", times=5)

    with pytest.raises(BadRequest, match="does not tell"):
        move(world)


def test_the_days_figures_do_not_count_a_move(coggins_world: World) -> None:
    world = coggins_world
    credited_order(world)

    move(world)

    with world.services.database.reading() as session:
        days = session.exec(select(PointsDayRow)).all()
    assert [(day.granted, day.taken_back) for day in days] == [(60, 0)]


def test_a_command_moves_a_customer_and_lists_it(embedded_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world = embedded_world
    monkeypatch.setenv("DATABASE_URL", world.settings.database_url)
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    claimed_order(world)
    words = ("customers", "move", ADA, BOB, "--store", slug(world), "--reason", "a typing error", "--who", WHO)

    refused = typed(*words, answer="n")
    said = typed(*words, answer="y")

    assert refused.exit_code != 0
    assert "60 points, 0 claims of 0 that wait, and 1 order: from" in said.output
    assert world.balance(BOB).available == 60
    listed = typed("customers", "moves", "--store", slug(world)).output
    assert all(word in listed for word in (ADA, BOB, "60", "done", WHO, "a typing error"))
