"""The log: what is written, how it is read, and when it is let go."""

from datetime import timedelta

import pytest
from sqlmodel import select

from app.db.logbook import write_log
from app.db.tables import EventRow, LogEntryRow, PointsDayRow
from app.domain.log_level import LogLevel
from app.usecases.operating.housekeeping import ROWS_MAX, do_housekeeping
from tests.standins import faults
from tests.test_merchant.calls import Desk, seen
from tests.test_web.calls import add_store
from tests.world import World


def written(world: World) -> list[str]:
    """Give the codes of what was written, oldest first."""
    with world.services.database.reading() as session:
        return list(session.exec(select(LogEntryRow.code).order_by(LogEntryRow.id)))  # type: ignore[arg-type]  # a column


def write(world: World, message: str, level: LogLevel = LogLevel.INFO, *, times: int = 1) -> None:
    with world.services.database.writing() as session:
        for number in range(times):
            text = message if times == 1 else f"{message} {number}"
            write_log(session, world.store().id or 0, "test", text, now=world.clock(), level=level)


def test_the_installation_is_the_first_thing_that_is_told(desk: Desk) -> None:
    answer = desk.get("log")

    assert answer.status_code == 200
    assert "Saleor Points was installed" in seen(answer)


def test_settled_batches_of_an_hour_are_one_entry(desk: Desk) -> None:
    world = desk.world
    for total in ("60", "40"):
        world.saleor.shop.place_paid_order(total)
        world.deliver()
    world.clock.advance(minutes=61)
    world.saleor.shop.place_paid_order("7")
    world.deliver()

    page = seen(desk.get("log"))
    assert written(world) == ["installed", "settled", "settled"]
    assert "2 orders updated: 100 points given, 0 taken back." in page
    assert "1 order updated: 7 points given, 0 taken back." in page


def test_a_look_that_moves_nothing_is_not_written(desk: Desk) -> None:
    desk.world.saleor.shop.place_order("60")
    desk.world.deliver()

    assert written(desk.world) == ["installed"]


def test_an_outage_is_written_when_it_begins_and_when_it_ends(desk: Desk) -> None:
    world = desk.world
    world.saleor.shop.place_paid_order("60")
    world.saleor.deliveries.deliver()
    world.saleor.faults.always(faults.status(500))
    world.settle()
    world.clock.advance(minutes=10)
    world.settle()
    world.saleor.mend()
    world.clock.advance(minutes=60)
    world.settle()

    assert written(world) == ["installed", "saleor", "saleor", "settled"]
    assert "Saleor is not asked at present" in seen(desk.get("log?level=error"))


def test_switching_the_app_off_and_on_is_written(desk: Desk) -> None:
    world, app_id = desk.world, desk.app_id
    world.saleor.apps.deactivate(app_id)
    world.deliver()
    world.saleor.apps.activate(app_id)
    world.deliver()

    page = seen(desk.get("log"))
    assert page.index("switched on") < page.index("switched off")


def test_levels_filter_and_older_pages_go_on_where_the_last_ended(desk: Desk) -> None:
    write(desk.world, "Entry", times=55)
    write(desk.world, "A warning", LogLevel.WARNING)

    first, warnings = desk.get("log"), desk.get("log?level=warning")
    older = first.text.split('href="/app/log?')[1].split('"')[0]
    second = desk.get(f"log?{older}")

    assert "A warning" in seen(first)
    assert "Entry 6 " in seen(first) + " "
    assert "Entry 5 " in seen(second)
    assert "Saleor Points was installed" in seen(second)
    assert "A warning" in seen(warnings)
    assert "Entry" not in seen(warnings)


@pytest.mark.parametrize("query", ["level=nonsense", "before=x", "before=-1", "before=" + "9" * 40, "before=²"])
def test_a_question_that_makes_no_sense_shows_the_newest(desk: Desk, query: str) -> None:
    answer = desk.get(f"log?{query}")

    assert answer.status_code == 200
    assert "was installed" in seen(answer)


def test_addresses_and_keys_never_reach_the_log(desk: Desk) -> None:
    write(desk.world, "It says: shopper@example.com has csapikey=0123456789 <script>alert(1)</script>")

    answer = desk.get("log")
    assert "shopper@example.com" not in answer.text
    assert "0123456789" not in answer.text
    assert "<script>" not in answer.text


def test_another_stores_log_is_not_shown(desk: Desk) -> None:
    world = desk.world
    token = desk.token()
    other = add_store(world)
    with world.services.database.writing() as session:
        write_log(session, other.id or 0, "test", "Of another store", now=world.clock())

    page = seen(desk.get("log", token=token))
    assert "was installed" in page
    assert "Of another store" not in page


def test_a_user_without_the_permission_reads_no_log(shop: World) -> None:
    assert Desk(shop, ("MANAGE_APPS",)).get("log").status_code == 403


def test_what_is_older_than_ninety_days_is_let_go_in_bounded_batches(desk: Desk) -> None:
    world = desk.world
    world.saleor.shop.place_paid_order("60")
    world.deliver()
    write(world, "Old", times=ROWS_MAX + 1)
    world.clock.advance(days=90, seconds=1)
    write(world, "New")

    assert do_housekeeping(world.services) is True
    assert do_housekeeping(world.services) is False

    with world.services.database.reading() as session:
        assert [entry.message for entry in session.exec(select(LogEntryRow))] == ["New"]
        assert session.exec(select(EventRow)).all() == []


def test_what_is_younger_stays(desk: Desk) -> None:
    world = desk.world
    world.saleor.shop.place_paid_order("60")
    world.deliver()
    world.clock.advance(days=89)

    do_housekeeping(world.services)

    assert written(world) == ["installed", "settled"]
    with world.services.database.reading() as session:
        assert session.exec(select(EventRow)).all() != []


def days(world: World) -> dict[str, tuple[int, int, int]]:
    with world.services.database.reading() as session:
        return {str(row.day): (row.granted, row.taken, row.taken_back) for row in session.exec(select(PointsDayRow))}


def test_each_day_counts_what_was_granted_taken_and_taken_back(world: World) -> None:
    """On both databases and with both providers: what the days add up to is what the order was granted."""
    day = world.clock().date()
    order_id = world.saleor.shop.place_paid_order("60")
    world.deliver()
    world.claim(order_id)
    world.settle()
    world.clock.advance(days=1)
    world.saleor.till.refund(order_id, "15")
    world.deliver()

    counted = days(world)
    assert counted[str(day)][0] == 60
    assert sum(taken for _, taken, _ in counted.values()) == 60
    assert counted[str(day + timedelta(days=1))][2] == 15
    assert sum(granted - back for granted, _, back in counted.values()) == world.order(order_id).granted


def test_a_day_ends_at_the_stores_midnight(desk: Desk) -> None:
    world = desk.world
    world.change_store(time_zone="Pacific/Kiritimati")  # UTC+14
    world.saleor.shop.place_paid_order("60")
    world.deliver()

    assert list(days(world)) == [str((world.clock() + timedelta(hours=14)).date())]
