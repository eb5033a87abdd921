"""The engine moves points for whatever cause: a new kind takes one class, and is told the outcome in the same transaction."""

from dataclasses import replace

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import col, select

from app.db.tables import LogEntryRow, MovementRow
from app.domain.settlement import MovementKind, MovementState
from app.usecases.moving.causes import Busy, Ended, Result
from app.usecases.moving.engine_run import Run, open_accounts
from app.usecases.moving.move_waiting import move_waiting
from app.usecases.moving.planning import new_movement, plan
from app.usecases.moving.resolve_movement import resolve_movement
from app.usecases.services import Services
from tests.standins import faults
from tests.test_moving.toy_cause import TOY, ToyCause
from tests.test_settling.test_provider_faults import provider
from tests.test_settling.test_refunds import ADA
from tests.test_settling.test_stopped_workers import at_commit, fail
from tests.world import World


def with_toys(world: World) -> Services:
    return replace(world.services, causes={**world.services.causes, TOY: ToyCause()})


def ask_for(services: Services, world: World, points: int, *, number: int = 7, email: str = ADA) -> list[Result]:
    """Plan a movement of a toy, in a transaction of the toy's own."""
    kind = MovementKind.CREDIT if points > 0 else MovementKind.DEBIT
    with services.database.writing() as session:
        run = Run(services, open_accounts(services, session, world.store()), services.causes[TOY])
        cause = {"cause_kind": TOY, "cause_id": number}
        movement = new_movement(run.accounts, run.accounts.current, kind, points, email, world.clock(), **cause)
        return plan(session, run, [movement], world.clock())[1]


def go_on(services: Services, world: World, minutes: int = 0) -> None:
    world.clock.advance(minutes=minutes)
    while move_waiting(services):
        pass


def toys_told(world: World) -> list[str]:
    with world.services.database.reading() as session:
        query = select(LogEntryRow.message).where(LogEntryRow.code == TOY).order_by(col(LogEntryRow.id))
        return list(session.exec(query))


def movements(world: World) -> list[MovementRow]:
    with world.services.database.reading() as session:
        return list(session.exec(select(MovementRow).order_by(col(MovementRow.planned_at))))


def test_a_toy_gets_its_points_and_is_told(world: World) -> None:
    services = with_toys(world)

    ask_for(services, world, 40)
    go_on(services, world)

    assert world.balance(ADA).available == 40
    assert toys_told(world) == ["Toy 7: +40 Accepted"]


def test_embedded_points_move_at_once_and_nothing_waits(embedded_world: World) -> None:
    services = with_toys(embedded_world)

    [result] = ask_for(services, embedded_world, 40)

    assert isinstance(result, Ended)
    assert embedded_world.balance(ADA).available == 40
    assert not move_waiting(services)


def test_of_what_is_not_there_no_more_than_there_is_is_taken(world: World) -> None:
    services = with_toys(world)
    ask_for(services, world, 30)
    go_on(services, world)

    ask_for(services, world, -50, number=8)
    go_on(services, world)

    assert world.balance(ADA).available == 0
    assert toys_told(world)[1:] == ["Toy 8: -30 Accepted"]


@pytest.mark.parametrize("has_acted", [True, False])
def test_a_lost_answer_is_found_out_and_the_toy_is_told_once(coggins_world: World, *, has_acted: bool) -> None:
    services = with_toys(coggins_world)
    provider(coggins_world).faults.once(faults.after_acting(faults.cut()) if has_acted else faults.cut(), on="instant")

    ask_for(services, coggins_world, 40)
    go_on(services, coggins_world)
    assert toys_told(coggins_world) == []
    for _ in range(3):
        go_on(services, coggins_world, minutes=9)

    assert coggins_world.balance(ADA).available == 40
    assert toys_told(coggins_world) == ["Toy 7: +40 Accepted"]


def test_staffs_word_on_a_toys_unknown_movement_is_told_to_the_toy(coggins_world: World) -> None:
    services = with_toys(coggins_world)
    provider(coggins_world).faults.once(faults.cut(), on="instant")
    ask_for(services, coggins_world, 40)
    go_on(services, coggins_world)

    [movement] = movements(coggins_world)
    resolve_movement(services, movement.id, happened=False, who="grace@example.com")

    assert toys_told(coggins_world) == ["Toy 7: +40 Rejected"]
    assert [one.state for one in movements(coggins_world)] == [MovementState.REJECTED]


def test_outcome_and_toy_are_written_together_or_not_at_all(coggins_world: World) -> None:
    services = with_toys(coggins_world)
    ask_for(services, coggins_world, 40)
    # That it is being sent, the outcome.
    with at_commit(coggins_world, 2, fail), pytest.raises(OperationalError):
        move_waiting(services)

    assert (toys_told(coggins_world), [one.state for one in movements(coggins_world)]) == ([], [MovementState.SENDING])


@pytest.mark.parametrize(("number", "email"), [(7, "bob@example.com"), (8, ADA)])
def test_a_cause_and_a_customer_have_one_open_movement_at_most(coggins_world: World, number: int, email: str) -> None:
    services = with_toys(coggins_world)
    ask_for(services, coggins_world, 40)

    [result] = ask_for(services, coggins_world, 5, number=number, email=email)

    assert isinstance(result, Busy)
    assert len(movements(coggins_world)) == 1
