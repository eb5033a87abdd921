"""What ran out, and what staff took, is gone: once, and neither a refund nor a gift brings it back."""

from itertools import permutations

import pytest
from sqlalchemy import text, update
from sqlmodel import col, select

from app.db.tables import AdjustmentRow, ClaimRow, GoneRow, OrderRow, RuleRow
from app.domain.arithmetic_versions import FIRST
from app.usecases.merchants.adjust_points import adjust_order
from app.usecases.merchants.void_claim import void_claim
from app.usecases.operating.verify_books import verify_books
from app.usecases.shoppers.show_order import OrderState, ask_for_claim, show_order
from tests.test_settling.test_refunds import ADA, paid_order, refund
from tests.world import World

GRACE = "grace@example.com"


def give(world: World, order_id: str, points: int) -> None:
    """Have staff change an order's points. Nobody looks at the order yet."""
    adjust_order(world.services, world.store().slug, order_id, points=points, reason="sorry", who=GRACE)


def withdraw(world: World, order_id: str) -> None:
    claim = next(claim for claim in world.claims(order_id) if claim.points > 0)
    void_claim(world.services, world.store().id or 0, claim.id, reason="fraud", who=GRACE)


def order_whose_claim_ran_out(world: World, amount: str = "40") -> str:
    with world.services.database.writing() as session:
        rule = session.exec(select(RuleRow)).one()
        rule.expires_days = 10
        session.add(rule)
    order_id = world.saleor.shop.place_order(amount, email=ADA, auto_confirm=False)
    world.saleor.till.charge(order_id, amount)
    world.deliver()
    world.clock.advance(days=12)
    world.settle()
    return order_id


def gone(world: World) -> list[tuple[int, int]]:
    with world.services.database.reading() as session:
        return [(row.of_points, row.of_gifts) for row in session.exec(select(GoneRow).order_by(GoneRow.id))]  # type: ignore[arg-type]  # a column


def waits(world: World, order_id: str) -> int:
    """What can be claimed now."""
    return sum(claim.points for claim in world.claims(order_id) if claim.state in {"open", "shown"})


def says(world: World, order_id: str) -> tuple[str, str]:
    metadata = world.metadata(order_id)
    return metadata["points_status"], metadata["points_amount"]


def require_in_order(world: World, order_id: str) -> None:
    """Require that the order does not drift, and that the books add up."""
    order = world.order(order_id)
    assert (order.due, order.problem) == (order.granted, None)
    assert [difference for verified in verify_books(world.services) for difference in verified.differences] == []


def test_a_claim_that_ran_out_is_due_no_more(world: World) -> None:
    order_id = order_whose_claim_ran_out(world)

    assert gone(world) == [(40, 0)]
    assert (world.order(order_id).due, world.order(order_id).granted) == (0, 0)
    assert says(world, order_id) == ("none", "0")
    view = show_order(world.services, world.store().slug, order_id)
    assert view is not None
    assert view.state is OrderState.EXPIRED
    require_in_order(world, order_id)


def test_the_note_of_an_order_whose_claim_ran_out_says_so(world: World) -> None:
    world.change_store(order_notes=True)

    order_id = order_whose_claim_ran_out(world)

    assert world.saleor.shop.notes[-1] == (order_id, "Points: 40 points ran out: nobody claimed them in time.")


def test_a_gift_after_a_claim_ran_out_brings_itself_alone(world: World) -> None:
    order_id = order_whose_claim_ran_out(world)

    give(world, order_id, 5)
    world.settle()

    assert waits(world, order_id) == 5
    assert says(world, order_id) == ("ready", "5")
    require_in_order(world, order_id)


def test_an_order_that_grows_after_its_claim_ran_out_brings_what_it_grew_by(world: World) -> None:
    order_id = order_whose_claim_ran_out(world)

    world.saleor.shop.edit_lines(order_id, "60")
    world.saleor.till.charge(order_id, "20")
    world.deliver()
    world.settle()

    assert waits(world, order_id) == 20
    assert says(world, order_id) == ("ready", "20")
    world.claim_what_waits(order_id)
    world.settle()
    assert world.balance(ADA).available == 20
    require_in_order(world, order_id)


@pytest.mark.parametrize("taken", [27, 40])
def test_what_staff_took_of_a_claim_that_was_shown_does_not_run_out_once_more(coggins_world: World, taken: int) -> None:
    """At Coggins a claim whose link was shown keeps its points until its time is over. 40 are gone then, and no more."""
    world = coggins_world
    with world.services.database.writing() as session:
        session.execute(update(RuleRow).values(expires_days=10))
    order_id = world.saleor.shop.place_order("40", email=ADA, auto_confirm=False)
    world.saleor.till.charge(order_id, "40")
    world.deliver()
    world.settle()
    assert ask_for_claim(world.services, world.store().slug, order_id) is not None
    world.clock.advance(days=1)
    give(world, order_id, -taken)
    world.settle()

    world.clock.advance(days=12)
    world.settle()
    assert sum(points for points, _ in gone(world)) == 40
    world.saleor.shop.edit_lines(order_id, "60")
    world.saleor.till.charge(order_id, "20")
    world.deliver()
    world.settle()

    assert waits(world, order_id) == 20
    require_in_order(world, order_id)


@pytest.mark.parametrize("is_seen_between", [True, False])
def test_a_refund_that_fails_brings_nothing_back_that_had_run_out(world: World, *, is_seen_between: bool) -> None:
    order_id = order_whose_claim_ran_out(world)

    world.saleor.till.request_refund(order_id, "10")
    if is_seen_between:
        world.deliver()
        world.settle()
    world.saleor.till.refund_failed(order_id)
    world.deliver()
    world.settle()

    assert waits(world, order_id) == 0
    assert says(world, order_id) == ("none", "0")
    require_in_order(world, order_id)


def test_a_refund_asked_for_before_the_claim_ran_out_brings_back_what_it_had_taken(world: World) -> None:
    with world.services.database.writing() as session:
        rule = session.exec(select(RuleRow)).one()
        rule.expires_days = 10
        session.add(rule)
    order_id = paid_order(world, "40")
    world.saleor.till.request_refund(order_id, "10")
    world.deliver()
    world.clock.advance(days=12)
    world.settle()

    world.saleor.till.refund_failed(order_id)
    world.deliver()
    world.settle()

    assert gone(world) == [(30, 0)]
    assert waits(world, order_id) == 10
    require_in_order(world, order_id)


@pytest.mark.parametrize("first", ["withdraw", "refund"])
def test_a_withdrawal_and_a_refund_end_alike_in_either_order(world: World, first: str) -> None:
    order_id = paid_order(world, "40")
    for what in sorted(["withdraw", "refund"], key=lambda one: one != first):
        if what == "withdraw":
            withdraw(world, order_id)
            world.settle()
        else:
            refund(world, order_id, "15")

    give(world, order_id, 10)
    world.settle()

    assert waits(world, order_id) == 10
    assert says(world, order_id) == ("ready", "10")
    require_in_order(world, order_id)


@pytest.mark.parametrize("order", list(permutations(["withdraw", "refund", "give"])))
def test_withdrawn_refunded_and_given_before_anybody_looks_leave_the_gift(world: World, order: tuple[str, ...]) -> None:
    order_id = paid_order(world, "40")
    for what in order:
        if what == "withdraw":
            withdraw(world, order_id)
        elif what == "give":
            give(world, order_id, 10)
        else:
            world.saleor.till.refund(order_id, "15")

    world.deliver()
    world.settle()

    assert waits(world, order_id) == 10
    require_in_order(world, order_id)


def test_a_link_with_a_gift_on_it_is_withdrawn_and_the_gift_stays(world: World) -> None:
    order_id = paid_order(world, "40")
    give(world, order_id, 10)
    world.settle()

    withdraw(world, order_id)
    world.settle()

    assert gone(world) == [(40, 0)]
    assert waits(world, order_id) == 10
    require_in_order(world, order_id)


def test_a_link_is_withdrawn_whole_before_a_gift_is_on_it(world: World) -> None:
    order_id = paid_order(world, "40")
    give(world, order_id, 10)

    withdraw(world, order_id)
    world.settle()

    assert gone(world) == [(40, 0)]
    assert waits(world, order_id) == 10
    require_in_order(world, order_id)


def test_a_refund_that_fails_brings_nothing_back_that_was_withdrawn(world: World) -> None:
    order_id = paid_order(world, "40")
    withdraw(world, order_id)
    world.settle()
    world.saleor.till.request_refund(order_id, "15")
    world.deliver()

    world.saleor.till.refund_failed(order_id)
    world.deliver()

    assert waits(world, order_id) == 0
    require_in_order(world, order_id)


@pytest.mark.parametrize("is_looked_at_between", [True, False])
def test_a_gift_after_taking_too_much_is_given_in_full(world: World, *, is_looked_at_between: bool) -> None:
    order_id = paid_order(world, "20")

    give(world, order_id, -1000)
    if is_looked_at_between:
        world.settle()
    give(world, order_id, 50)
    world.settle()

    assert gone(world) == [(20, 0)]
    assert waits(world, order_id) == 50
    require_in_order(world, order_id)


def test_points_that_the_shopper_has_are_taken_once(world: World) -> None:
    order_id = paid_order(world, "40")
    world.claim(order_id)
    world.settle()

    give(world, order_id, -15)
    world.settle()
    refund(world, order_id, "10")

    assert world.balance(ADA).available == 15
    require_in_order(world, order_id)


def test_an_order_of_the_first_arithmetic_counts_as_it_did(world: World) -> None:
    order_id = paid_order(world, "40")
    with world.services.database.writing() as session:
        order = world.order(order_id)
        order.arithmetic = FIRST
        session.add(order)

    give(world, order_id, -15)
    world.settle()

    assert gone(world) == []
    assert (world.order(order_id).due, waits(world, order_id)) == (25, 25)


def _as_changed_by_an_older_version(world: World, order_id: str, *, is_settled_by_it: bool) -> None:
    """Leave what an older version would have: it knew nothing of what is gone, and counted what staff changed with signs."""
    with world.services.database.writing() as session:
        session.execute(update(AdjustmentRow).values(arithmetic=None))
        if is_settled_by_it:
            session.execute(update(OrderRow).where(col(OrderRow.saleor_order_id) == order_id).values(arithmetic=None))


OLDER = ("ran out", "withdrawn and refunded", "given after a withdrawal", "taken too much")


@pytest.mark.parametrize("situation", OLDER)
def test_neither_the_upgrade_nor_the_next_note_moves_what_an_older_version_settled(world: World, situation: str) -> None:
    with world.services.database.writing() as session:
        session.execute(update(RuleRow).values(expires_days=10))
    order_id = paid_order(world, "40")
    _as_changed_by_an_older_version(world, order_id, is_settled_by_it=True)
    if situation == "taken too much":
        give(world, order_id, -1000)
    elif situation != "ran out":
        withdraw(world, order_id)
        _as_changed_by_an_older_version(world, order_id, is_settled_by_it=True)
        refund(world, order_id, "15")
        if situation == "given after a withdrawal":
            give(world, order_id, 10)
    _as_changed_by_an_older_version(world, order_id, is_settled_by_it=True)
    world.settle()
    world.clock.advance(days=12)
    world.settle()
    before, movements = world.order(order_id), len(world.movements(order_id))

    world.saleor.shop.add_note(order_id)
    world.deliver()
    world.settle()

    after = world.order(order_id)
    assert gone(world) == []
    assert (after.due, after.granted, len(world.movements(order_id))) == (before.due, before.granted, movements)


def test_a_gift_after_what_an_older_version_withdrew_is_given_in_full(world: World) -> None:
    order_id = paid_order(world, "40")
    withdraw(world, order_id)
    _as_changed_by_an_older_version(world, order_id, is_settled_by_it=False)
    refund(world, order_id, "15")

    give(world, order_id, 10)
    world.settle()

    assert gone(world) == []
    assert waits(world, order_id) == 10
    require_in_order(world, order_id)


def test_what_is_gone_is_written_once(world: World) -> None:
    order_id = order_whose_claim_ran_out(world)

    for _ in range(3):
        world.saleor.shop.add_note(order_id)
        world.deliver()
        world.settle()

    with world.services.database.reading() as session:
        claim = session.exec(select(ClaimRow)).one()
    assert gone(world) == [(40, 0)]
    assert (claim.state, claim.points) == ("expired", 0)


# What somebody does to the tables, and what `verify` says of it.
TAMPERINGS = {
    "UPDATE gone SET of_points = of_points + 1 WHERE claim_id IS NOT NULL": "41 ran out; the claim is expired and holds 0",
    "UPDATE claim SET state = 'open' WHERE state = 'expired'": "40 ran out; the claim is open and holds 0",
    "UPDATE gone SET of_points = 1000 WHERE adjustment_id IS NOT NULL": "1005 taken by staff; what they asked for was -30",
    "UPDATE gone SET of_gifts = of_gifts + 20, of_points = 0 WHERE adjustment_id IS NOT NULL": "of what staff gave is gone",
}


@pytest.mark.parametrize("statement", TAMPERINGS)
def test_verify_notices_what_does_not_agree_with_what_is_gone(embedded_world: World, statement: str) -> None:
    order_id = order_whose_claim_ran_out(embedded_world)
    for points in (5, -30):
        give(embedded_world, order_id, points)
        embedded_world.settle()
    require_in_order(embedded_world, order_id)

    with embedded_world.services.database.writing() as session:
        session.execute(text(statement))

    differences = [difference for verified in verify_books(embedded_world.services) for difference in verified.differences]
    assert any(TAMPERINGS[statement] in difference for difference in differences)
