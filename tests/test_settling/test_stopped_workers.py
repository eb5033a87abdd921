"""A worker that stops at a bad moment: what it left is finished by the next, and decided anew."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from app.db.lanes import lane_under
from app.db.tables import MovementRow
from app.db.tables.points_entry import EntryKind
from app.domain.settlement import MovementKind, MovementState
from app.domain.store import AccountKind
from app.ledger import entries as ledger
from app.usecases.merchants.change_provider import change_provider
from app.usecases.moving.move_waiting import move_waiting
from app.usecases.settling.settle_orders import settle_orders
from tests.standins import faults
from tests.standins.faults import Act
from tests.standins.serving import Answer
from tests.test_settling.test_provider_faults import make_instant, provider, states, wait_out
from tests.test_settling.test_refunds import ADA, paid_order
from tests.test_settling.test_unknown_instants import look_on
from tests.world import World

# The commits of settling one order: the lease, the plan, that it is being sent.
SENDING = 3


@contextmanager
def at_commit(world: World, number: int, act: Callable[[], None]) -> Iterator[None]:
    """Act just before the n-th commit from now."""
    commits = 0

    def count(_connection: object) -> None:
        nonlocal commits
        commits += 1
        if commits == number:
            act()

    event.listen(world.services.database.engine, "commit", count)
    try:
        yield
    finally:
        event.remove(world.services.database.engine, "commit", count)


def fail() -> None:
    raise OperationalError("COMMIT", {}, Exception("the database went away"))


def test_what_an_earlier_worker_planned_is_finished_and_then_decided_anew(coggins_world: World) -> None:
    world = coggins_world
    order_id = world.saleor.shop.place_paid_order("100", email=ADA)
    world.saleor.deliveries.deliver()
    with at_commit(world, SENDING, fail), pytest.raises(OperationalError):
        settle_orders(world.services)
    assert states(world, order_id) == [MovementState.PLANNED]

    world.saleor.shop.cancel(order_id)
    world.clock.advance(minutes=2)
    world.deliver()

    assert sum(movement.points for movement in world.movements(order_id)) == 0
    assert (world.order(order_id).granted, world.order(order_id).problem) == (0, None)


def test_a_worker_that_was_stopped_too_long_before_it_sends_does_not_send(coggins_world: World) -> None:
    world = coggins_world
    make_instant(world)
    order_id = world.saleor.shop.place_paid_order("100", email=ADA)
    world.saleor.deliveries.deliver()

    with at_commit(world, SENDING, lambda: world.clock.advance(minutes=15)):
        settle_orders(world.services)
    assert provider(world).counts["instant"] == 0
    world.settle()

    assert states(world, order_id) == [MovementState.ACCEPTED]
    assert world.balance(ADA).available == 100


def test_what_was_never_sent_does_not_count_as_asked(coggins_world: World) -> None:
    world = coggins_world
    make_instant(world)
    provider(world).faults.once(faults.too_many_requests(30), on="instant")
    provider(world).faults.once(faults.cut(), on="instant")

    order_id = paid_order(world)
    wait_out(world, order_id)
    look_on(world, order_id)

    # Sent once and lost, not there after two looks, asked once more: nothing of that is for staff.
    assert states(world, order_id) == [MovementState.ACCEPTED]
    assert world.movements(order_id)[0].asks == 2


def left_by_the_version_before(world: World, points: int, order_id: str | None = None) -> None:
    """Write a debit as the version before left it: asked for, in the ledger already, and its outcome not recorded."""
    account, order = world.account(), world.order(order_id) if order_id is not None else None
    movement = MovementRow(
        id=uuid4(),
        store_id=account.store_id,
        order_id=order.id if order is not None else None,
        account_id=account.id or 0,
        kind=MovementKind.DEBIT,
        state=MovementState.SENDING,
        points=-points,
        email=ADA,
        lane=lane_under(account.lane_mark, ADA),
        target_id=world.movements(order_id)[0].id if order_id is not None else None,
        call_id=uuid4(),
        asks=1,
        planned_at=world.clock(),
        sent_at=world.clock(),
    )
    entry = ledger.Entry(ADA, -points, EntryKind.INSTANT, request_id=movement.id)
    with world.services.database.writing() as session:
        assert ledger.post(session, account.store_id, [entry], world.clock()) == [True]
        session.add(movement)


def require_taken_back_once(world: World, order_id: str) -> None:
    assert [(movement.state, movement.points) for movement in world.movements(order_id)] == [
        ("accepted", 100),
        ("accepted", -100),
    ]
    assert (world.order(order_id).granted, world.order(order_id).shortfall) == (0, 0)


def test_a_debit_that_stands_in_the_ledger_already_is_recorded_and_not_taken_again(embedded_world: World) -> None:
    world = embedded_world
    make_instant(world)
    order_id = paid_order(world)
    world.saleor.shop.cancel(order_id)
    left_by_the_version_before(world, 100, order_id)

    world.deliver()

    require_taken_back_once(world, order_id)


def test_what_staff_took_and_the_version_before_left_is_recorded_and_not_taken_again(embedded_world: World) -> None:
    world = embedded_world
    make_instant(world)
    paid_order(world)
    left_by_the_version_before(world, 60)
    assert world.balance(ADA).available == 40

    world.clock.advance(minutes=6)
    move_waiting(world.services)

    with world.services.database.reading() as session:
        movement = session.exec(select(MovementRow).where(MovementRow.kind == "debit")).one()
    assert (movement.state, movement.points, world.balance(ADA).available) == ("accepted", -60, 40)


def test_embedded_points_move_with_the_plan_or_not_at_all(embedded_world: World) -> None:
    world = embedded_world
    make_instant(world)
    order_id = paid_order(world)
    world.saleor.shop.cancel(order_id)
    world.saleor.deliveries.deliver()
    with at_commit(world, 2, fail), pytest.raises(OperationalError):
        settle_orders(world.services)
    assert (world.balance(ADA).available, world.order(order_id).granted, len(world.movements(order_id))) == (100, 100, 1)

    world.clock.advance(minutes=2)
    world.settle()

    require_taken_back_once(world, order_id)


def test_what_was_refused_to_a_worker_that_died_is_said_to_be_refused(coggins_world: World) -> None:
    world = coggins_world
    provider(world).faults.once(faults.cut(), on="claims")
    order_id = paid_order(world)
    assert world.order(order_id).problem_code == "claim_unknown"
    provider(world).rules.refuse_items(lambda item: item["email"] == ADA, "This customer is blocked.")
    # The lease, the plan, that it is being sent, the refusal; then, before it has written the rest, it ends.
    with at_commit(world, 5, fail), pytest.raises(OperationalError):
        wait_out(world, order_id)

    world.clock.advance(minutes=2)
    world.settle()

    order = world.order(order_id)
    assert (order.problem_code, order.look_at) == ("refused", None)
    assert "This customer is blocked." in (order.problem or "")


def test_what_was_refused_is_said_to_be_refused_after_something_else_stood_in_the_way(coggins_world: World) -> None:
    world = coggins_world
    provider(world).rules.refuse_items(lambda item: item["email"] == ADA, "This customer is blocked.")
    order_id = paid_order(world)
    world.saleor.goods.fulfill(order_id)
    world.saleor.deliveries.deliver()
    world.saleor.break_order(order_id)
    world.settle()
    assert world.order(order_id).problem_code == "unreadable"

    world.saleor.mend()
    wait_out(world, order_id)

    assert (world.order(order_id).problem_code, world.order(order_id).look_at) == ("refused", None)
    assert provider(world).counts["claims"] == 1


def test_a_worker_that_was_stopped_while_the_provider_was_changed_leaves_what_another_did(coggins_world: World) -> None:
    world = coggins_world
    order_id = world.saleor.shop.place_paid_order("100", email=ADA)
    world.saleor.deliveries.deliver()

    def stopped(act: Act) -> Answer:
        answer = act()
        world.clock.advance(minutes=5)
        store = world.store()
        assert store.id is not None
        change_provider(world.services, store.slug, store.id, kind=AccountKind.EMBEDDED)
        settle_orders(world.services)
        return answer

    world.saleor.faults.once(stopped, on="Orders")
    settle_orders(world.services)

    assert [(claim.points, claim.state) for claim in world.claims(order_id)] == [(100, "open")]
    assert (world.order(order_id).granted, world.order(order_id).lease_token) == (100, None)
    assert provider(world).counts["claims"] == 0
