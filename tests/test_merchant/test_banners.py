"""What interrupts the work stands above each page, with what to do, and goes away by itself."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import unquote

import pytest
from playwright.sync_api import FrameLocator, Locator, expect

from app.domain.signs_of_life import ProcessKind
from app.usecases.operating.show_life import Process, new_process, show_life
from app.usecases.settling.sweep_orders import sweep_orders
from tests.browser import DESKTOP, PHONE, Opened, OpenPage
from tests.standins import faults
from tests.standins.dashboard import StandInDashboard
from tests.test_merchant.calls import Desk, seen
from tests.test_merchant.conftest import OpenFrame
from tests.test_merchant.test_overview import counted
from tests.test_merchant.test_the_frame import app_in
from tests.test_settling.test_refunds import ADA, paid_order
from tests.world import World

EVERY = timedelta(minutes=5)
PAGES = ("overview", "orders", "customers", "rules", "settings", "log", "log/changes")
WEB = Process("web", ProcessKind.WEB)


def banners(desk: Desk, path: str = "overview") -> list[str]:
    """Give what stands above a page: title and text of each banner."""
    answer = desk.get(path)
    assert answer.status_code == 200, answer.text
    return [f"{one['title']} {one['text']}" for one in json.loads(unquote(answer.headers["X-Banners"]))]


def switch_off(world: World) -> None:
    world.saleor.apps.deactivate(world.store().app_id or "")
    world.deliver()


def switch_on(world: World) -> None:
    world.saleor.apps.activate(world.store().app_id or "")
    world.deliver()


@contextmanager
def saleor_away(world: World) -> Iterator[None]:
    """Saleor is asked for an order, and does not answer."""
    paid_order(world, email="else@example.com")
    world.saleor.till.charge(world.saleor.shop.place_order("10"), "10")
    world.saleor.faults.always(faults.status(502))
    world.deliver()
    yield
    world.saleor.faults.clear()


def let_run(world: World, *, web_only_for: timedelta = timedelta()) -> None:
    """Let web and worker run, and then the web alone."""
    show_life(world.services, WEB)
    show_life(world.services, new_process(ProcessKind.WORKER))
    world.clock.advance(seconds=int(web_only_for.total_seconds()))
    show_life(world.services, WEB)


@pytest.mark.parametrize("path", PAGES)
def test_each_page_says_that_the_app_is_switched_off_until_it_is_on_again(desk: Desk, path: str) -> None:
    assert banners(desk, path) == []

    switch_off(desk.world)
    off = banners(desk, path)
    switch_on(desk.world)

    assert len(off) == 1
    assert off[0].startswith("Saleor Points is switched off in Saleor. No points are given or taken back. Switch it on")
    assert banners(desk, path) == []


def test_the_pages_of_an_order_and_of_a_customer_say_so_too_and_the_boxes_do_not(desk: Desk) -> None:
    order_id = paid_order(desk.world)
    switch_off(desk.world)

    assert len(banners(desk, f"orders/{order_id}")) == len(banners(desk, f"customers/{ADA}")) == 1
    assert "X-Banners" not in desk.widget("home").headers


def test_who_may_see_nothing_is_told_nothing(desk: Desk) -> None:
    assert "X-Banners" not in Desk(desk.world, ()).get("overview").headers
    assert "X-Banners" not in desk.get("overview", token="x").headers


def test_a_saleor_that_is_away_is_named_with_the_beginning_of_it_all(desk: Desk) -> None:
    world = desk.world
    began = world.clock().strftime("%H:%M").lstrip("0")
    with saleor_away(world):
        world.clock.advance(minutes=20)
        world.settle()
        [said] = banners(desk)
    world.clock.advance(hours=2)
    world.settle()

    assert said.startswith("Saleor does not serve Saleor Points (since ")
    assert began in said
    assert "The app asks again by itself." in said
    assert banners(desk) == []
    log = seen(desk.get("log"))
    assert log.count("Saleor is not asked at present") == log.count("Saleor serves Saleor Points again.") == 1


def test_a_later_absence_has_a_beginning_of_its_own(desk: Desk) -> None:
    world = desk.world
    with saleor_away(world):
        first = world.store().failing_since
    world.clock.advance(hours=2)
    world.settle()
    between = world.store().failing_since
    with saleor_away(world):
        second = world.store().failing_since

    assert between is None
    assert first is not None
    assert second is not None
    assert second - first > timedelta(hours=2)


def test_a_provider_that_is_away_is_named_with_the_beginning_of_it_all(coggins_desk: Desk) -> None:
    world = coggins_desk.world
    assert world.coggins is not None
    world.coggins.faults.always(faults.status(401))
    paid_order(world)
    began = world.account().failing_since
    world.clock.advance(minutes=20)
    world.settle()
    [said] = banners(coggins_desk)
    world.coggins.faults.clear()
    world.clock.advance(hours=2)
    world.settle()

    assert began is not None
    assert said.startswith("The points provider does not serve Saleor Points (since ")
    assert began.strftime("%H:%M").lstrip("0") in said
    assert banners(coggins_desk) == []
    assert world.account().failing_since is None


def test_a_sweep_that_fails_is_named(desk: Desk) -> None:
    desk.world.change_store(problem="The sweep for lost deliveries fails: Saleor gave an answer that is none.")

    assert banners(desk)[0].startswith("Missed orders are not found. The sweep for lost deliveries fails")


@pytest.mark.parametrize(
    ("away", "title"),
    [
        ({"seconds": 119}, None),
        ({"minutes": 3}, "No worker was seen for 3 minutes."),
        ({"hours": 3}, "No worker was seen for 3 hours."),
        ({"days": 5}, "No worker was seen for 5 days."),
    ],
)
def test_a_missing_worker_is_named_after_two_minutes(desk: Desk, away: dict[str, int], title: str | None) -> None:
    let_run(desk.world, web_only_for=timedelta(**away))

    said = banners(desk)
    show_life(desk.world.services, new_process(ProcessKind.WORKER))

    assert [one.partition(" No points")[0] for one in said] == ([title] if title else [])
    assert banners(desk) == []


def test_a_worker_that_never_ran_is_named_once_the_web_has_waited_for_it(desk: Desk) -> None:
    show_life(desk.world.services, WEB)
    before = banners(desk)
    desk.world.clock.advance(minutes=4)
    show_life(desk.world.services, WEB)

    assert before == []
    assert banners(desk)[0].startswith("No worker was seen for 4 minutes.")


def test_a_start_after_a_night_shows_nothing_while_the_worker_starts(desk: Desk) -> None:
    let_run(desk.world)
    desk.world.clock.advance(hours=9)
    show_life(desk.world.services, new_process(ProcessKind.WEB))
    desk.world.clock.advance(seconds=100)

    assert banners(desk) == []


def test_a_sign_that_a_wrong_clock_dated_ahead_hides_no_missing_worker(desk: Desk) -> None:
    desk.world.clock.advance(days=1)
    let_run(desk.world)
    desk.world.clock.advance(days=-1)
    show_life(desk.world.services, WEB)
    desk.world.clock.advance(minutes=4)
    show_life(desk.world.services, WEB)

    assert banners(desk)[0].startswith("No worker was seen for 4 minutes.")


def test_the_banners_of_a_page_take_one_query(desk: Desk) -> None:
    let_run(desk.world, web_only_for=timedelta(minutes=5))
    with counted(desk.world.services.database) as sent:
        assert len(banners(desk, "log")) == 1

    assert sum("FROM process" in statement for statement in sent) == 1
    assert len(sent) <= 4, sent


@pytest.mark.parametrize("is_off", [True, False], ids=["switched off", "away"])
def test_no_sweep_is_overdue_while_none_can_be(desk: Desk, *, is_off: bool) -> None:
    world = desk.world
    list(sweep_orders(world.services, EVERY))
    if is_off:
        switch_off(world)
    else:
        world.change_store(failures=3, failing_since=world.clock(), problem="Saleor cannot be reached.")
    world.clock.advance(hours=3)

    assert "Overdue" not in seen(desk.get("overview"))


def test_the_last_sweep_is_one_that_swept(desk: Desk) -> None:
    world = desk.world
    list(sweep_orders(world.services, EVERY))
    swept = world.store().sweep_ended_at
    switch_off(world)
    world.clock.advance(hours=1)
    list(sweep_orders(world.services, EVERY))
    while_off = world.store().sweep_ended_at
    world.saleor.faults.always(faults.status(502))
    switch_on(world)
    list(sweep_orders(world.services, EVERY))
    while_away = world.store().sweep_ended_at
    world.saleor.faults.clear()
    world.clock.advance(hours=2)
    list(sweep_orders(world.services, EVERY))

    assert swept is not None
    assert while_off == while_away == swept
    assert (world.store().sweep_ended_at or swept) > swept


def in_frame(frame: FrameLocator) -> Locator:
    return frame.get_by_role("region", name="Interruptions")


def test_they_stand_above_each_page_and_go_by_themselves(dashboard: StandInDashboard, desk: Desk, frames: OpenFrame) -> None:
    page = frames()
    switch_off(desk.world)
    let_run(desk.world, web_only_for=timedelta(minutes=14))
    page.goto(dashboard.page("/overview"))
    frame = app_in(page)

    for name in ("Overview", "Orders", "Customers", "Rules", "Settings", "Log"):
        frame.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()
        expect(frame.get_by_role("heading", level=1, name=name)).to_be_visible()
        expect(in_frame(frame)).to_contain_text("Saleor Points is switched off in Saleor.")
        expect(in_frame(frame)).to_contain_text("No worker was seen for 14 minutes.")

    show_life(desk.world.services, new_process(ProcessKind.WORKER))
    frame.get_by_role("link", name="Orders", exact=True).click()
    expect(in_frame(frame)).not_to_contain_text("No worker")
    switch_on(desk.world)
    frame.get_by_role("link", name="Rules", exact=True).click()
    expect(in_frame(frame)).to_be_hidden()


@pytest.mark.parametrize(("theme", "viewport"), [("light", DESKTOP), ("dark", PHONE)], ids=["light-wide", "dark-narrow"])
def test_nobody_stumbles_over_them(
    dashboard: StandInDashboard, desk: Desk, opens: OpenPage, theme: str, viewport: dict[str, int]
) -> None:
    switch_off(desk.world)
    let_run(desk.world, web_only_for=timedelta(minutes=14))
    dashboard.theme = theme
    opened: Opened = opens(viewport=viewport, hosts_max=2, expected=("can escape its sandboxing",))  # type: ignore[arg-type]  # a size
    opened.page.goto(dashboard.page("/log"))
    frame = app_in(opened.page)
    expect(in_frame(frame)).to_be_visible()

    assert Opened(opened.page.frames[1]).faults() == []  # type: ignore[arg-type]  # a frame is asked just as a page
    assert frame.locator("html").evaluate("page => page.scrollWidth <= page.clientWidth")
