"""Points given, and taken back: what the merchant's books and the shopper's balance say."""

import re
from datetime import timedelta

import pytest

from app.domain.claim import Balance
from app.domain.store import DebtPolicy
from app.usecases.settling.sweep_orders import sweep_orders
from tests.world import World

ADA = "ada@example.com"


def paid_order(world: World, amount: str = "100", email: str = ADA) -> str:
    order_id = world.saleor.shop.place_order(amount, email=email)
    world.saleor.till.charge(order_id, amount)
    world.deliver()
    return order_id


def refund(world: World, order_id: str, amount: str) -> None:
    world.saleor.till.refund(order_id, amount)
    world.deliver()


def kinds(world: World, order_id: str) -> list[tuple[str, str, int]]:
    return [(movement.kind, movement.state, movement.points) for movement in world.movements(order_id)]


def test_a_paid_order_gets_a_claim_link_with_its_points(world: World) -> None:
    order_id = paid_order(world)

    assert kinds(world, order_id) == [("claim", "accepted", 100)]
    assert world.metadata(order_id)["points_status"] == "ready"
    assert world.metadata(order_id)["points_amount"] == "100"
    assert world.follow(order_id).status_code == 303


def test_a_refund_takes_back_only_what_it_had_earned(world: World) -> None:
    order_id = paid_order(world)
    world.claim(order_id)

    refund(world, order_id, "30")

    assert world.balance(ADA).available == 70
    assert world.order(order_id).granted == 70


def test_a_claim_that_nobody_took_is_withdrawn_and_costs_nobody_a_point(world: World) -> None:
    order_id = paid_order(world)

    refund(world, order_id, "100")

    assert world.metadata(order_id)["points_status"] == "reversed"
    page = world.follow(order_id)
    assert page.status_code == 200
    assert "This order was refunded" in page.text
    assert world.balance(ADA) == Balance(0, 0)
    assert world.order(order_id).granted == 0


def test_a_partial_refund_leaves_one_link_with_the_rest(world: World) -> None:
    order_id = paid_order(world)

    refund(world, order_id, "40")
    world.claim(order_id)

    assert world.balance(ADA).available == 60
    assert [claim.points for claim in world.claims(order_id) if claim.points] == [60]


def test_a_refund_that_failed_gives_back_what_was_taken(world: World) -> None:
    order_id = paid_order(world)
    world.claim(order_id)
    world.saleor.till.request_refund(order_id, "40")
    world.deliver()
    assert world.balance(ADA).available == 60

    world.saleor.till.refund_failed(order_id)
    world.deliver()

    assert world.balance(ADA).available == 100
    assert kinds(world, order_id)[-1] == ("credit", "accepted", 40)


def test_what_was_spent_is_a_shortfall_and_is_taken_once_it_is_there(world: World) -> None:
    order_id = paid_order(world)
    world.claim(order_id)
    spend(world, 70)

    refund(world, order_id, "100")

    order = world.order(order_id)
    assert world.balance(ADA).available == 0
    assert (order.granted, order.shortfall, order.problem_code) == (70, 70, "nothing_there")
    assert order.look_at is not None

    paid_order(world, "50")
    give(world, 50)
    world.clock.advance(hours=1)
    world.settle()

    assert world.balance(ADA).available == 0
    assert world.order(order_id).shortfall == 20


def test_a_shortfall_is_looked_at_after_an_hour_six_hours_a_day_and_then_weekly_for_ninety_days(world: World) -> None:
    order_id = paid_order(world)
    world.claim(order_id)
    spend(world, 100)
    refund(world, order_id, "100")
    begun = world.clock.now

    looks = []
    while (look_at := world.order(order_id).look_at) is not None:
        looks.append(round((look_at - begun).total_seconds() / 3600))
        world.clock.now = look_at
        world.settle()

    assert looks == [1, 6, 24, *range(7 * 24, 85 * 24, 7 * 24)]
    assert world.order(order_id).shortfall == 100


def test_a_store_that_takes_debts_lets_the_balance_fall_below_zero(world: World) -> None:
    world.change_store(debt_policy=DebtPolicy.NEGATIVE)
    order_id = paid_order(world)
    world.claim(order_id)
    spend(world, 70)

    refund(world, order_id, "100")

    assert world.balance(ADA).available == -70
    assert world.order(order_id).shortfall == 0


def test_an_email_is_compared_without_case_or_blanks(world: World) -> None:
    order_id = paid_order(world, email="Ada@Example.com")
    world.claim(order_id)

    refund(world, order_id, "100")

    assert world.balance(ADA).available == 0
    assert world.order(order_id).granted == 0


def test_an_order_without_an_email_waits_for_one(world: World) -> None:
    order_id = paid_order(world, email="")
    assert world.order(order_id).problem_code == "no_email"
    assert kinds(world, order_id) == []

    world.saleor.shop.change_email(order_id, ADA)
    world.deliver()

    assert world.order(order_id).problem is None
    world.claim(order_id)
    assert world.balance(ADA).available == 100


def test_an_open_claim_follows_the_orders_new_email(world: World) -> None:
    order_id = paid_order(world, email="typo@example.com")

    world.saleor.shop.change_email(order_id, ADA)
    world.deliver()
    world.claim(order_id)

    assert world.balance(ADA).available == 100
    assert world.order(order_id).granted == 100


def test_points_are_taken_back_from_whoever_has_them_after_the_email_changed(world: World) -> None:
    order_id = paid_order(world, email="first@example.com")
    world.claim(order_id)
    world.saleor.shop.change_email(order_id, ADA)
    world.deliver()

    refund(world, order_id, "100")

    assert world.balance("first@example.com").available == 0
    assert world.balance(ADA) == Balance(0, 0)


def test_a_second_look_at_a_settled_order_asks_nothing_of_anybody(world: World) -> None:
    order_id = paid_order(world)
    world.saleor.counts.clear()
    asked = dict(world.coggins.counts) if world.coggins else {}

    world.saleor.shop.add_note(order_id)
    world.deliver()

    assert world.saleor.counts == {}
    assert (dict(world.coggins.counts) if world.coggins else {}) == asked


def test_a_hundred_orders_cost_one_read_one_array_and_a_quarter_of_a_write_each(world: World) -> None:
    for number in range(100):
        order_id = world.saleor.shop.place_order("10", email=f"shopper{number}@example.com")
        world.saleor.till.charge(order_id, "10")
    world.saleor.counts.clear()

    world.deliver()

    assert world.saleor.counts == {"Orders": 1, "UpdateMetadata": 25}
    if world.coggins is not None:
        assert world.coggins.counts == {"claims": 1}
    assert {order.granted for order in world.orders()} == {10}


def test_metadata_is_written_once_and_not_again_while_it_is_true(world: World) -> None:
    order_id = paid_order(world)
    written_at = world.saleor.book[order_id].updated_at

    world.saleor.shop.add_note(order_id)
    world.deliver()
    world.saleor.goods.fulfill(order_id)
    world.saleor.counts.clear()
    world.deliver()

    assert world.saleor.counts == {"Orders": 1}
    assert world.saleor.book[order_id].updated_at > written_at


def test_metadata_that_a_shopper_planted_is_overwritten(world: World) -> None:
    world.saleor.shop.plant_metadata(
        {"points_status": "ready", "points_amount": "99999", "points_claim_url": "https://evil.example/"}
    )
    order_id = world.saleor.shop.place_order("100", email=ADA)

    world.saleor.shop.cancel(order_id)
    world.deliver()

    assert world.metadata(order_id) == {
        "points_status": "none",
        "points_amount": "0",
        "points_claim_url": "",
        "points_expires_on": "",
        "points_spent": "",
    }


@pytest.mark.parametrize("is_by_this_app", [True, False])
def test_a_link_of_the_books_before_is_left_on_an_order_older_than_the_installation(
    world: World, *, is_by_this_app: bool
) -> None:
    """The app was installed anew, with an empty database. A link to elsewhere may be planted."""
    base = world.services.claim_url_base if is_by_this_app else "https://evil.example"
    url = f"{base}/claim/points/{'0' * 32}"
    stands = {"points_status": "ready", "points_amount": "100", "points_claim_url": url, "points_expires_on": ""}
    order_id = world.saleor.shop.place_paid_order("100", email=ADA)
    world.saleor.shop.update_metadata(order_id, stands)
    world.clock.advance(days=1)
    world.change_store(awards_from=world.clock())

    world.deliver()
    list(sweep_orders(world.services, timedelta(minutes=5)))
    world.settle()

    assert world.order(order_id).because == "before_start"
    assert (world.metadata(order_id) == stands) is is_by_this_app


def test_an_order_that_nobody_paid_says_so_at_once_whatever_a_shopper_planted(world: World) -> None:
    world.saleor.shop.plant_metadata({"points_status": "claimed", "points_amount": "99999"})
    order_id = world.saleor.shop.place_order("100", email=ADA)

    world.deliver()

    assert (world.metadata(order_id)["points_status"], world.metadata(order_id)["points_amount"]) == ("pending", "0")


def spend(world: World, points: int) -> None:
    """Let the shopper spend points, past this app."""
    if world.coggins is not None:
        world.coggins.spend(ADA, points)
        return
    from app.db.tables.points_entry import EntryKind  # noqa: PLC0415
    from app.ledger import entries as ledger  # noqa: PLC0415
    from app.ledger.entries import Entry  # noqa: PLC0415

    with world.services.database.writing() as session:
        ledger.post(session, world.store().id or 0, [Entry(ADA, -points, EntryKind.INSTANT)], world.clock())


def give(world: World, points: int) -> None:
    """Let the shopper get points from elsewhere."""
    if world.coggins is not None:
        world.coggins.adjust(ADA, points)
    else:
        spend(world, -points)


@pytest.mark.parametrize("parts", [["100"], ["50", "50"], ["33.33", "33.33", "33.34"], ["0.01"] * 10 + ["99.90"]])
def test_a_refund_ends_on_the_same_balance_however_it_is_split(embedded_world: World, parts: list[str]) -> None:
    order_id = paid_order(embedded_world)
    embedded_world.claim(order_id)

    for part in parts:
        refund(embedded_world, order_id, part)

    assert embedded_world.balance(ADA).available == 0
    assert embedded_world.order(order_id).granted == 0


def test_more_points_than_can_be_given_at_once_wait_with_a_sentence(world: World) -> None:
    order_id = paid_order(world, "3000000000")

    order = world.order(order_id)
    assert (order.due, order.granted, order.problem_code) == (3_000_000_000, 0, "too_many")


def test_an_order_that_breaks_us_does_not_hold_up_the_others(world: World) -> None:
    broken, sound = paid_order(world, "10"), paid_order(world, "20")
    with world.services.database.writing() as session:
        row = world.order(broken)
        row.snapshot = re.sub('"card":[^,]+', '"card":"NaN"', row.snapshot or "")
        session.add(row)
    for order_id in (broken, sound):
        world.saleor.till.refund(order_id, "5")

    world.deliver()

    assert (world.order(broken).problem_code, world.order(sound).granted) == ("defect", 15)
    assert world.order(broken).look_at is not None


def test_one_customers_shortfalls_are_looked_at_together_with_one_look_up(coggins_world: World) -> None:
    world = coggins_world
    orders = [paid_order(world, "100") for _ in range(3)]
    for order_id in orders:
        world.claim(order_id)
    spend(world, 300)
    for order_id in orders:
        refund(world, order_id, "100")
        world.clock.advance(minutes=20)

    looks = {world.order(order_id).look_at for order_id in orders}
    assert len(looks) == 1
    [look_at] = looks
    assert look_at is not None
    assert world.coggins is not None
    before = world.coggins.counts["lookup"]

    world.clock.now = max(look_at, world.clock.now)
    world.settle()

    assert world.coggins.counts["lookup"] - before == 1
    assert [world.order(order_id).shortfall for order_id in orders] == [100, 100, 100]
