"""What running processes write down of themselves."""

import threading
from datetime import timedelta

from sqlalchemy import text
from sqlmodel import select
from structlog.testing import capture_logs

from app.db.processes import Signs, signs_of_life
from app.db.tables import LogEntryRow, ProcessRow
from app.domain.signs_of_life import ProcessKind
from app.usecases.operating.show_life import Process, keep_showing_life, new_process, show_life
from tests.waiting import PATIENCE_SECONDS, wait_until
from tests.world import World

AT_ONCE = timedelta(milliseconds=10)


def rows(world: World) -> list[ProcessRow]:
    with world.services.database.reading() as session:
        return list(session.exec(select(ProcessRow)))


def signs(world: World) -> Signs:
    with world.services.database.reading() as session:
        return signs_of_life(session, world.clock())


def told_of_workers(world: World) -> list[str]:
    with world.services.database.reading() as session:
        return list(session.exec(select(LogEntryRow.message).where(LogEntryRow.code == "worker")))


def test_a_process_has_one_row_however_often_it_is_seen(world: World) -> None:
    process = new_process(ProcessKind.WEB)
    for _ in range(3):
        show_life(world.services, process)
        world.clock.advance(seconds=30)

    (row,) = rows(world)
    assert timedelta(seconds=60) <= row.seen_at - row.started_at < timedelta(seconds=61)


def test_the_newest_sign_counts_and_the_oldest_start_of_a_web_process_that_lives(world: World) -> None:
    ended, first, second = (new_process(ProcessKind.WEB) for _ in range(3))
    show_life(world.services, ended)
    world.clock.advance(minutes=5)
    show_life(world.services, first)
    began_at = world.clock()
    world.clock.advance(seconds=20)
    show_life(world.services, second)

    seen = signs(world)

    assert seen.web_since is not None
    assert abs(seen.web_since - began_at) < timedelta(seconds=1)
    assert seen.web_seen_at is not None
    assert world.clock() - seen.web_seen_at < timedelta(seconds=1)
    assert seen.worker_seen_at is None


def test_a_start_that_a_wrong_clock_dated_ahead_is_put_right_by_the_next_sign(world: World) -> None:
    process = new_process(ProcessKind.WEB)
    world.clock.advance(days=1)
    show_life(world.services, process)
    world.clock.advance(days=-1)
    show_life(world.services, process)

    assert [row.started_at <= row.seen_at <= world.clock() for row in rows(world)] == [True]


def test_the_first_worker_after_a_while_without_any_says_so_in_the_log(world: World) -> None:
    show_life(world.services, new_process(ProcessKind.WORKER))
    world.clock.advance(seconds=110)
    show_life(world.services, new_process(ProcessKind.WORKER))
    world.clock.advance(minutes=88)
    assert told_of_workers(world) == []

    for _ in range(2):
        show_life(world.services, new_process(ProcessKind.WORKER))

    assert told_of_workers(world) == ["No worker ran for 88 minutes. It runs again, and does now what was not done."]


def test_the_log_tells_the_beginning_of_an_absence_once_and_of_each(world: World) -> None:
    web = new_process(ProcessKind.WEB)

    def stay_away(minutes: int) -> list[str]:
        for _ in range(2 * minutes):
            show_life(world.services, web)
            world.clock.advance(seconds=30)
        return told_of_workers(world)

    show_life(world.services, web)
    show_life(world.services, new_process(ProcessKind.WORKER))
    at_first, later = stay_away(2), stay_away(10)
    show_life(world.services, new_process(ProcessKind.WORKER))
    again = stay_away(10)

    assert (len(at_first), len(later), len(again)) == (0, 1, 3)
    assert again[0] == again[2] == "No worker is seen. No points are given or taken back until one runs."
    assert again[1].startswith("No worker ran for 12 minutes.")


def test_a_store_that_is_newer_than_the_last_worker_is_told_nothing(world: World) -> None:
    show_life(world.services, new_process(ProcessKind.WORKER))
    world.clock.advance(minutes=88)
    world.change_store(created_at=world.clock())

    show_life(world.services, new_process(ProcessKind.WORKER))

    assert told_of_workers(world) == []


def test_what_ended_a_week_ago_is_forgotten_once_another_starts(world: World) -> None:
    show_life(world.services, new_process(ProcessKind.WORKER))
    show_life(world.services, new_process(ProcessKind.WEB))
    world.clock.advance(days=8)

    show_life(world.services, Process("new", ProcessKind.WORKER))

    assert sorted(row.kind for row in rows(world)) == ["web", "worker"]
    assert "new" in {row.id for row in rows(world)}


def test_a_database_that_does_not_do_its_work_ends_no_sign_for_good(world: World) -> None:
    stop = threading.Event()
    with world.services.database.writing() as session:
        session.execute(text("ALTER TABLE process RENAME TO away"))
    with capture_logs() as logged:
        thread = keep_showing_life(world.services, ProcessKind.WORKER, stop, every=AT_ONCE)
        wait_until(lambda: len(logged) >= 2, what="two signs that were not written")
    assert {entry["event"] for entry in logged} == {"sign of life not written"}

    with world.services.database.writing() as session:
        session.execute(text("ALTER TABLE away RENAME TO process"))
    wait_until(lambda: signs(world).worker_seen_at is not None, what="a sign of life")

    stop.set()
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
