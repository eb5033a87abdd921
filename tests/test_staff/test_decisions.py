"""What a person decides: resolve, adjust, write off, change the account; each with a name to it, and each once."""

from uuid import uuid4

import pytest
from sqlmodel import select

from app.db.tables import AdjustmentRow, MovementRow
from app.domain.settlement import MovementState
from app.domain.store import AccountKind
from app.errors import BadRequest
from app.usecases.merchants.adjust_points import adjust_customer, adjust_order, write_off
from app.usecases.moving.move_waiting import move_waiting
from app.usecases.moving.resolve_movement import resolve_movement, unknown_movements
from app.usecases.operating.change_account import change_account
from tests.standins import faults
from tests.standins.coggins import StandInCoggins
from tests.test_settling.test_provider_faults import make_instant, provider, states
from tests.test_settling.test_refunds import ADA, kinds, paid_order, refund, spend
from tests.world import World

WHO = "Grace, support"


def number_of(world: World, order_id: str) -> str:
    number = world.order(order_id).number
    assert number is not None
    return number


def slug(world: World) -> str:
    return world.store().slug


def for_staff(world: World) -> str:
    """Leave an INSTANT whose outcome only a person can find out."""
    make_instant(world)
    provider(world).faults.once(faults.after_acting(faults.cut()), on="instant")
    order_id = paid_order(world)
    provider(world).adjust(ADA, 7)
    for _ in range(2):
        world.clock.advance(minutes=10)
        world.settle()
    assert world.order(order_id).problem_code == "for_staff"
    return order_id


def test_an_unknown_movement_is_listed_with_all_that_a_person_needs(coggins_world: World) -> None:
    order_id = for_staff(coggins_world)

    [unknown] = unknown_movements(coggins_world.services)

    assert (unknown.order_number, unknown.email, unknown.points) == (number_of(coggins_world, order_id), ADA, 100)
    assert (unknown.before, unknown.looked, unknown.is_for_staff) == ((0, 0), (107, 0), True)


def test_a_movement_that_went_through_counts_from_then_on(coggins_world: World) -> None:
    order_id = for_staff(coggins_world)
    [unknown] = unknown_movements(coggins_world.services)

    resolve_movement(coggins_world.services, unknown.id, happened=True, who=WHO)
    coggins_world.settle()

    order = coggins_world.order(order_id)
    assert (order.granted, order.problem, states(coggins_world, order_id)) == (100, None, [MovementState.ACCEPTED])
    assert coggins_world.movements(order_id)[0].decided_by == WHO
    assert coggins_world.balance(ADA).available == 107


def test_a_movement_that_did_not_go_through_is_asked_for_again(coggins_world: World) -> None:
    order_id = for_staff(coggins_world)
    [unknown] = unknown_movements(coggins_world.services)

    resolve_movement(coggins_world.services, unknown.id, happened=False, who=WHO)
    coggins_world.settle()

    assert states(coggins_world, order_id) == [MovementState.REJECTED, MovementState.ACCEPTED]
    assert provider(coggins_world).counts["instant"] == 2
    assert coggins_world.order(order_id).granted == 100


def test_a_second_click_decides_nothing(coggins_world: World) -> None:
    order_id = for_staff(coggins_world)
    [unknown] = unknown_movements(coggins_world.services)
    resolve_movement(coggins_world.services, unknown.id, happened=True, who=WHO)

    with pytest.raises(BadRequest):
        resolve_movement(coggins_world.services, unknown.id, happened=True, who=WHO)

    assert coggins_world.order(order_id).granted == 100


def test_a_movement_that_nobody_knows_is_refused_with_a_sentence(world: World) -> None:
    with pytest.raises(BadRequest, match="no movement of this id"):
        resolve_movement(world.services, uuid4(), happened=True, who=WHO)


@pytest.mark.parametrize(("points", "due"), [(25, 125), (-25, 75), (-500, 0)])
def test_extra_points_of_an_order_are_part_of_what_is_due(world: World, points: int, due: int) -> None:
    order_id = paid_order(world)
    world.claim(order_id)

    adjust_order(world.services, slug(world), number_of(world, order_id), points=points, reason="late parcel", who=WHO)
    world.settle()
    world.claim_what_waits(order_id)

    assert world.order(order_id).granted == due
    assert world.balance(ADA).available == due
    assert max(world.order(order_id).due, 0) == due


def test_extra_points_survive_a_refund(world: World) -> None:
    order_id = paid_order(world)
    adjust_order(world.services, slug(world), number_of(world, order_id), points=25, reason="late parcel", who=WHO)
    world.settle()
    world.claim(order_id)

    refund(world, order_id, "100")

    assert world.balance(ADA).available == 25


def test_an_adjustment_keeps_who_and_why(world: World) -> None:
    order_id = paid_order(world)

    adjust_order(world.services, slug(world), number_of(world, order_id), points=5, reason="late parcel", who=WHO)

    with world.services.database.reading() as session:
        [adjustment] = session.exec(select(AdjustmentRow))
    assert (adjustment.points, adjustment.reason, adjustment.made_by) == (5, "late parcel", WHO)


@pytest.mark.parametrize(("points", "reason", "who"), [(0, "why", WHO), (2**31, "why", WHO), (5, " ", WHO), (5, "why", "")])
def test_an_adjustment_without_sense_or_reason_is_refused(world: World, points: int, reason: str, who: str) -> None:
    order_id = paid_order(world)

    with pytest.raises(BadRequest):
        adjust_order(world.services, slug(world), number_of(world, order_id), points=points, reason=reason, who=who)


def settle_all_customers(world: World) -> None:
    while move_waiting(world.services):
        pass


def customer_movements(world: World) -> list[MovementRow]:
    with world.services.database.reading() as session:
        return list(session.exec(select(MovementRow).where(MovementRow.order_id == None)))  # noqa: E711 - SQL


def test_a_customers_balance_is_adjusted_at_once(world: World) -> None:
    adjust_customer(world.services, slug(world), ADA, points=30, reason="welcome", who=WHO)
    settle_all_customers(world)
    adjust_customer(world.services, slug(world), " Ada@Example.com", points=-10, reason="oops", who=WHO)
    settle_all_customers(world)

    assert world.balance(ADA).available == 20
    assert [movement.state for movement in customer_movements(world)] == [MovementState.ACCEPTED] * 2


def test_taking_more_than_is_there_takes_what_is_there(world: World) -> None:
    adjust_customer(world.services, slug(world), ADA, points=30, reason="welcome", who=WHO)
    settle_all_customers(world)

    adjust_customer(world.services, slug(world), ADA, points=-50, reason="oops", who=WHO)
    settle_all_customers(world)
    adjust_customer(world.services, slug(world), ADA, points=-50, reason="oops", who=WHO)
    settle_all_customers(world)

    assert world.balance(ADA).available == 0
    assert [movement.points for movement in customer_movements(world) if movement.state == MovementState.ACCEPTED] == [30, -30]


def test_a_second_change_of_a_customer_waits_for_the_first(coggins_world: World) -> None:
    world = coggins_world
    adjust_customer(world.services, slug(world), ADA, points=30, reason="welcome", who=WHO)

    with pytest.raises(BadRequest, match="under way"):
        adjust_customer(world.services, slug(world), ADA, points=30, reason="welcome", who=WHO)

    settle_all_customers(world)
    assert world.balance(ADA).available == 30
    with world.services.database.reading() as session:
        assert len(list(session.exec(select(AdjustmentRow)))) == 1


@pytest.mark.parametrize("has_acted", [True, False])
def test_a_customers_change_whose_answer_was_lost_is_found_out(coggins_world: World, *, has_acted: bool) -> None:
    fault = faults.after_acting(faults.cut()) if has_acted else faults.cut()
    provider(coggins_world).faults.once(fault, on="instant")

    adjust_customer(coggins_world.services, slug(coggins_world), ADA, points=30, reason="welcome", who=WHO)
    for _ in range(4):
        settle_all_customers(coggins_world)
        coggins_world.clock.advance(minutes=9)

    assert coggins_world.balance(ADA).available == 30
    assert [movement.state for movement in customer_movements(coggins_world)] == [MovementState.ACCEPTED]
    assert provider(coggins_world).counts["instant"] == (1 if has_acted else 2)


def test_a_customers_change_waits_while_the_account_is_away(coggins_world: World) -> None:
    provider(coggins_world).faults.once(faults.status(401), on="lookup")

    adjust_customer(coggins_world.services, slug(coggins_world), ADA, points=30, reason="welcome", who=WHO)
    settle_all_customers(coggins_world)
    assert coggins_world.balance(ADA).available == 0

    coggins_world.clock.advance(minutes=6)
    settle_all_customers(coggins_world)
    assert coggins_world.balance(ADA).available == 30


def test_a_shortfall_is_written_off_and_nothing_is_taken_later(world: World) -> None:
    order_id = paid_order(world)
    world.claim(order_id)
    spend(world, 60)
    refund(world, order_id, "100")
    assert world.order(order_id).shortfall == 60

    assert write_off(world.services, slug(world), number_of(world, order_id), who=WHO).points == 60
    world.clock.advance(days=8)
    world.settle()

    order = world.order(order_id)
    assert (order.granted, order.shortfall, order.problem) == (0, 0, None)
    assert world.balance(ADA).available == 0


def test_what_was_written_off_counts_again_when_the_refund_is_reversed(world: World) -> None:
    order_id = paid_order(world)
    world.claim(order_id)
    spend(world, 60)
    refund(world, order_id, "100")
    write_off(world.services, slug(world), number_of(world, order_id), who=WHO)

    world.saleor.till.reverse_refund(order_id, "100")
    world.deliver()

    assert world.order(order_id).granted == 100
    assert world.balance(ADA).available == 40


def test_nothing_missing_nothing_written_off(world: World) -> None:
    order_id = paid_order(world)

    with pytest.raises(BadRequest, match="Nothing is missing"):
        write_off(world.services, slug(world), number_of(world, order_id), who=WHO)


def test_points_of_an_old_account_are_taken_back_where_they_were_given(embedded_world: World, coggins: StandInCoggins) -> None:
    order_id = paid_order(embedded_world)
    embedded_world.claim(order_id)
    change_account(embedded_world.services, slug(embedded_world), kind=AccountKind.COGGINS, url=coggins.url, key=coggins.key)
    later_id = paid_order(embedded_world, "50")

    refund(embedded_world, order_id, "100")

    assert embedded_world.points_in_all_balances() == 0
    assert embedded_world.order(order_id).granted == 0
    assert [claim.amount for claim in coggins.books().claims] == [50]
    assert kinds(embedded_world, later_id) == [("claim", "accepted", 50)]


def test_an_open_claim_at_an_old_account_is_replaced_when_it_grows(embedded_world: World, coggins: StandInCoggins) -> None:
    order_id = paid_order(embedded_world)
    change_account(embedded_world.services, slug(embedded_world), kind=AccountKind.COGGINS, url=coggins.url, key=coggins.key)

    adjust_order(
        embedded_world.services, slug(embedded_world), number_of(embedded_world, order_id), points=10, reason="so", who=WHO
    )
    embedded_world.settle()

    assert [claim.amount for claim in coggins.books().claims] == [110]
    assert sorted(claim.points for claim in embedded_world.claims(order_id)) == [0, 110]


def test_going_back_takes_up_the_account_that_was_there(embedded_world: World, coggins: StandInCoggins) -> None:
    services, name = embedded_world.services, slug(embedded_world)
    before = embedded_world.account().id

    change_account(services, name, kind=AccountKind.COGGINS, url=coggins.url, key=coggins.key)
    change_account(services, name, kind=AccountKind.EMBEDDED)

    from app.db.stores import current_account  # noqa: PLC0415

    with services.database.reading() as session:
        account = current_account(session, embedded_world.store().id or 0)
    assert account is not None
    assert account.id == before
