"""Batches: points for many customers, made once each, whoever dies in between, and undone as one."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from app.db.tables import AdjustmentRow, MovementRow
from app.domain.change_batches import BatchState, ChangeState
from app.errors import BadRequest
from app.usecases.merchants.adjust_points import adjust_customer
from app.usecases.merchants.batches.decide_batch import decide_batch, undo_batch
from app.usecases.merchants.batches.run_batches import run_batches
from app.usecases.merchants.batches.start_batch import discard_batch, start_batch
from app.usecases.merchants.change_store import change_store
from app.usecases.merchants.move_customer import move_customer
from app.usecases.moving.move_waiting import move_waiting
from app.usecases.operating.erase_customer import erase_customer
from app.usecases.operating.forget_batches import forget_batches
from app.usecases.operating.verify_books import verify_books
from tests.test_settling.test_provider_faults import provider
from tests.test_staff.batches import BOB, EVE, batch_of, changes_of, finish, made, made_of, run, started
from tests.test_staff.test_decisions import settle_all_customers, slug
from tests.test_staff.test_moved_customers import work
from tests.world import World

ADA, GRACE, LINUS = "ada@example.com", "grace@example.com", "linus@example.com"


def give(world: World, points: int, email: str = ADA) -> None:
    adjust_customer(world.services, slug(world), email, points=points, reason="sorry", who=BOB)
    settle_all_customers(world)


def undo(world: World, batch_id: int, who: str = BOB) -> None:
    undo_batch(world.services, slug(world), batch_id, who=who)
    finish(world)


def differences(world: World) -> list[str]:
    return [found for part in verify_books(world.services) for found in part.differences]


@pytest.mark.every_world
def test_a_batch_gives_and_takes(world: World) -> None:
    give(world, 30, GRACE)

    batch_id = run(world, (ADA, 100), (GRACE, -20), (LINUS, 5))

    assert [world.balance(email).available for email in (ADA, GRACE, LINUS)] == [100, 10, 5]
    batch = batch_of(world, batch_id)
    assert (batch.state, batch.changes, batch.done, batch.failed) == (BatchState.DONE, 3, 3, 0)
    assert [change.moved for change in changes_of(world, batch_id)] == [100, -20, 5]
    assert differences(world) == []


def test_a_batch_that_is_only_checked_changes_nothing(world: World) -> None:
    batch_id = made(world, (ADA, 100))

    finish(world)

    assert world.balance(ADA).available == 0
    assert batch_of(world, batch_id).state == BatchState.CHECKED


@pytest.mark.every_world
def test_checking_tells_what_a_taking_will_find(world: World) -> None:
    give(world, 30)

    batch_id = made(world, (ADA, -500), (GRACE, 7))

    assert [change.expected for change in changes_of(world, batch_id)] == [-30, 7]


@pytest.mark.every_world
def test_taking_more_than_is_there_takes_what_is_there_and_says_so(world: World) -> None:
    give(world, 30)

    batch_id = run(world, (ADA, -500), (GRACE, -7))

    taken, nothing = changes_of(world, batch_id)
    assert (taken.state, taken.points, taken.moved) == (ChangeState.DONE, -500, -30)
    assert (nothing.state, nothing.refusal) == (ChangeState.REFUSED, "The balance holds nothing to take back.")
    assert (batch_of(world, batch_id).done, batch_of(world, batch_id).failed) == (1, 1)
    assert differences(world) == []


@pytest.mark.every_world
def test_undoing_moves_back_what_was_moved_and_no_more(world: World) -> None:
    give(world, 30, GRACE)
    batch_id = run(world, (ADA, 100), (GRACE, -500), (LINUS, -5))
    give(world, -60)

    undo(world, batch_id)

    assert [world.balance(email).available for email in (ADA, GRACE, LINUS)] == [0, 30, 0]
    assert [change.undone for change in changes_of(world, batch_id)] == [-40, 30, None]
    assert batch_of(world, batch_id).state == BatchState.UNDONE
    assert differences(world) == []


def test_a_batch_is_undone_once(world: World) -> None:
    batch_id = run(world, (ADA, 100))
    give(world, 100)
    undo(world, batch_id)

    with pytest.raises(BadRequest, match="undone before"):
        undo(world, batch_id)
    finish(world)

    assert world.balance(ADA).available == 100


def test_a_batch_that_is_undone_while_it_runs_makes_no_more_changes(embedded_world: World) -> None:
    world = embedded_world
    batch_id = started(world, *((f"someone{n}@example.com", 5) for n in range(150)))
    run_batches(world.services)
    assert batch_of(world, batch_id).done == 100

    undo(world, batch_id)

    assert world.points_in_all_balances() == 0
    states = [change.state for change in changes_of(world, batch_id)]
    assert states == [ChangeState.UNDONE] * 100 + [ChangeState.READY] * 50
    assert differences(world) == []


def test_a_batch_is_run_once(world: World) -> None:
    batch_id = run(world, (ADA, 100))

    with pytest.raises(BadRequest, match="was run"):
        start_batch(world.services, slug(world), batch_id, who=EVE)
    finish(world)

    assert world.balance(ADA).available == 100


def test_a_customer_stands_in_a_batch_once(world: World) -> None:
    batch_id = run(world, (ADA, 100), (" Ada@Example.com", 100))

    assert world.balance(ADA).available == 100
    assert changes_of(world, batch_id)[1].refusal == "This customer stands in line 1, too."


def test_another_change_under_way_is_waited_for(coggins_world: World) -> None:
    world = coggins_world
    adjust_customer(world.services, slug(world), ADA, points=7, reason="sorry", who=BOB)

    batch_id = started(world, (ADA, 100), (GRACE, 5))
    run_batches(world.services)

    assert [change.state for change in changes_of(world, batch_id)] == [ChangeState.READY, ChangeState.ASKED]
    finish(world)
    assert [world.balance(email).available for email in (ADA, GRACE)] == [107, 5]
    with world.services.database.reading() as session:
        assert len(list(session.exec(select(AdjustmentRow)))) == len(list(session.exec(select(MovementRow)))) == 3


def test_a_provider_has_few_changes_of_a_batch_in_hand(coggins_world: World) -> None:
    world = coggins_world
    batch_id = started(world, *((f"someone{n}@example.com", 5) for n in range(350)))

    while run_batches(world.services):
        pass

    states = [change.state for change in changes_of(world, batch_id)]
    assert states == [ChangeState.ASKED] * 200 + [ChangeState.READY] * 150
    finish(world)
    assert world.points_in_all_balances() == 350 * 5
    assert provider(world).counts["instant"] >= 4


def test_a_customer_who_was_moved_meanwhile_is_left_out(world: World) -> None:
    give(world, 10)
    batch_id = started(world, (ADA, 100), (LINUS, 1))
    world.clock.advance(seconds=1)
    move_customer(world.services, slug(world), ADA, GRACE, reason="typo", who=BOB)
    work(world)

    finish(world)

    assert "moved to another address" in (changes_of(world, batch_id)[0].refusal or "")
    assert world.balance(GRACE).available == 10


def test_undoing_follows_a_customer_who_was_moved(world: World) -> None:
    batch_id = run(world, (ADA, 100))
    world.clock.advance(seconds=1)
    move_customer(world.services, slug(world), ADA, GRACE, reason="typo", who=BOB)
    work(world)

    undo(world, batch_id)

    assert world.balance(GRACE).available == 0
    assert changes_of(world, batch_id)[0].undone == -100
    assert differences(world) == []


def test_an_erased_customer_is_named_nowhere_and_gets_nothing(world: World) -> None:
    give(world, 3)
    batch_id, other = started(world, (ADA, 100), (GRACE, 5)), made(world, (ADA, 1))

    erase_customer(world.services, slug(world), ADA)
    finish(world)

    assert changes_of(world, batch_id)[0].refusal == "This customer was erased."
    assert batch_of(world, batch_id).state == BatchState.DONE
    for change in (*changes_of(world, batch_id), *changes_of(world, other)):
        assert ADA not in (change.email or "", change.email_key or "")
    assert differences(world) == []


def limit(world: World, *, change: int | None = None, day: int | None = None) -> None:
    change_store(world.services, slug(world), staff_change_max=change, staff_day_max=day)


@pytest.mark.parametrize(("change", "day", "exceeds"), [(99, None, "change"), (None, 104, "day")])
def test_a_batch_above_a_limit_asks_for_approval_as_one(world: World, change: int | None, day: int | None, exceeds: str) -> None:
    limit(world, change=change, day=day)
    batch_id = made(world, (ADA, 100), (GRACE, -5))

    assert not start_batch(world.services, slug(world), batch_id, who=EVE)
    finish(world)
    assert (batch_of(world, batch_id).state, batch_of(world, batch_id).exceeds) == (BatchState.WAITING, exceeds)
    assert world.balance(ADA).available == 0

    with pytest.raises(BadRequest, match="somebody else"):
        decide_batch(world.services, slug(world), batch_id, approves=True, reason="fine", who=EVE)
    decide_batch(world.services, slug(world), batch_id, approves=True, reason="fine", who=BOB)
    finish(world)
    assert world.balance(ADA).available == 100
    assert differences(world) == []


def test_a_refused_batch_changes_nothing(world: World) -> None:
    limit(world, change=99)
    batch_id = made(world, (ADA, 100))
    start_batch(world.services, slug(world), batch_id, who=EVE)

    decide_batch(world.services, slug(world), batch_id, approves=False, reason="no", who=BOB)
    with pytest.raises(BadRequest, match="decided"):
        decide_batch(world.services, slug(world), batch_id, approves=True, reason="yes", who=BOB)
    finish(world)

    assert world.balance(ADA).available == 0


def test_a_batch_counts_towards_its_makers_day(world: World) -> None:
    limit(world, day=200)
    run(world, (ADA, 100), (GRACE, 60))

    adjusted = adjust_customer(world.services, slug(world), LINUS, points=41, reason="sorry", who=EVE)

    assert adjusted is not None
    assert adjusted.waits_for_approval
    assert differences(world) == []


def test_undoing_needs_no_approval(world: World) -> None:
    batch_id = run(world, (ADA, 100))
    limit(world, change=10, day=10)

    undo(world, batch_id)

    assert world.balance(ADA).available == 0
    assert differences(world) == []


def test_a_discarded_batch_is_gone(world: World) -> None:
    batch_id = made(world, (ADA, 100))

    discard_batch(world.services, slug(world), batch_id, who=EVE)
    while forget_batches(world.services):
        pass

    assert changes_of(world, batch_id) == []
    with pytest.raises(BadRequest, match="no such batch"):
        start_batch(world.services, slug(world), batch_id, who=EVE)


def test_a_batch_that_nobody_ran_is_deleted_after_a_month_and_one_that_was_run_stays(embedded_world: World) -> None:
    world = embedded_world
    unwanted, wanted = made(world, (ADA, 100)), run(world, (GRACE, 5))
    world.clock.advance(days=29)
    assert not forget_batches(world.services)

    world.clock.advance(days=2)
    while forget_batches(world.services):
        pass

    assert changes_of(world, unwanted) == []
    assert batch_of(world, wanted).state == BatchState.DONE


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (f"email,change\n{ADA},5\n", 5),
        (f"\ufeffsep=;\r\nE-Mail;change;reason;\r\n{ADA};5;late parcel;\r\n;;;\r\n", 5),
        (f"email,change,balance,waiting,last_activity,customer_type\n{ADA},+5,1,2,,gold\n", 5),
        (f"email,change\n,\n{ADA},-5\n\n", -5),
    ],
)
def test_what_a_spreadsheet_adds_does_no_harm(embedded_world: World, written: str, expected: int) -> None:
    [change] = changes_of(embedded_world, made_of(embedded_world, written))

    assert (change.email, change.points, change.refusal) == (ADA, expected, None)


def test_an_address_with_an_apostrophe_comes_back_as_itself(embedded_world: World) -> None:
    batch_id = made_of(embedded_world, "email,change\n'+tag3@example.com,16\n")

    assert changes_of(embedded_world, batch_id)[0].email == "+tag3@example.com"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("ada@@example.com,5", "Column email: this is no e-mail address."),
        ("ada@example.com,0", "Column change: this must be a whole number"),
        ("ada@example.com,1.5", "Column change"),
        ("ada@example.com,9999999999", "Column change"),
        ("ada@example.com", "Column change: the row has 1 cells"),
        ("ada@example.com,5,6", "cells"),
    ],
)
def test_a_row_that_cannot_be_used_is_told_and_left_out(embedded_world: World, row: str, says: str) -> None:
    batch_id = made_of(embedded_world, f"email,change\n{row}\n{GRACE},5\n")
    start_batch(embedded_world.services, slug(embedded_world), batch_id, who=EVE)
    finish(embedded_world)

    bad, good = changes_of(embedded_world, batch_id)
    assert says in (bad.refusal or "")
    assert (bad.email, good.state) == (None, ChangeState.DONE)
    assert differences(embedded_world) == []


@pytest.mark.parametrize("written", ["", "email\n", "email,change,colour\n", f"email,email,change\n{ADA},{ADA},5\n"])
def test_a_file_that_is_no_list_of_changes_is_refused(embedded_world: World, written: str) -> None:
    with pytest.raises(BadRequest):
        made_of(embedded_world, written)


def test_a_batch_without_a_usable_row_is_not_run(embedded_world: World) -> None:
    batch_id = made_of(embedded_world, "email,change\nnobody,5\n")

    with pytest.raises(BadRequest, match="No row"):
        start_batch(embedded_world.services, slug(embedded_world), batch_id, who=EVE)


TAMPERINGS = {
    "UPDATE batch_change SET moved = 99 WHERE moved = 100": "moved 99",
    "UPDATE batch_change SET adjustment_id = NULL, movement_id = NULL, moved = NULL, undone = NULL, undo_adjustment_id = NULL,"
    " undo_movement_id = NULL, state = 'ready' WHERE moved = 5": "its rows are 2, 1 and 0",
    "UPDATE batch_change SET undone = -39 WHERE undone = -40": "undone -39",
    "UPDATE change_batch SET counted_on = NULL": "it was not counted or approved",
    "UPDATE adjustment SET points = 101 WHERE points = 100": "the adjustment is of 101",
    "UPDATE change_batch SET done = 1": "1 done",
    "DELETE FROM staff_day": "it was not counted or approved",
}


@pytest.mark.parametrize(("tampering", "says"), list(TAMPERINGS.items()))
def test_verify_notices_what_was_tampered_with(embedded_world: World, tampering: str, says: str) -> None:
    world = embedded_world
    batch_id = run(world, (ADA, 100), (LINUS, 5))
    give(world, -60)
    undo(world, batch_id)
    assert differences(world) == []

    with world.services.database.writing() as session:
        session.execute(text(tampering))

    assert says in "\n".join(differences(world))


REFUSED = (
    "UPDATE batch_change SET adjustment_id = (SELECT min(adjustment_id) FROM batch_change)",
    "UPDATE batch_change SET undo_adjustment_id = (SELECT min(undo_adjustment_id) FROM batch_change)",
    "UPDATE batch_change SET email_key = 'ada@example.com'",
    "UPDATE batch_change SET undone = -moved - 1 WHERE moved = 5",
    "UPDATE batch_change SET moved = 6 WHERE points = 5",
    "UPDATE change_batch SET exceeds = 'day'",
)


def test_the_tables_refuse_what_must_never_be(embedded_world: World) -> None:
    batch_id = run(embedded_world, (ADA, 100), (LINUS, 5))
    undo(embedded_world, batch_id)

    for twice in REFUSED:
        with pytest.raises(IntegrityError), embedded_world.services.database.writing() as session:
            session.execute(text(twice))


@pytest.mark.every_world
def test_several_workers_at_once_make_each_change_once(world: World) -> None:
    batch_id = started(world, *((f"someone{n}@example.com", 5) for n in range(250)))

    def work_on(_worker: int) -> None:
        while run_batches(world.services) or move_waiting(world.services):
            pass

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work_on, range(4)))
    finish(world)

    assert world.points_in_all_balances() == 250 * 5
    assert batch_of(world, batch_id).done == 250
    assert differences(world) == []
