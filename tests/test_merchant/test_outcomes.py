"""After each action the page shows the outcome by itself: at once, or when the worker is done, with a word while it waits."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from app.db.tables.points_entry import EntryKind
from app.ledger import entries as ledger
from app.ledger.entries import Entry
from app.usecases.rewards.look_after_redemptions import look_after_redemptions
from tests.standins.dashboard import StandInDashboard
from tests.test_merchant.calls import Desk
from tests.test_merchant.conftest import OpenFrame
from tests.test_merchant.test_order_page import lost_call
from tests.test_merchant.test_pages_clicked import heading, noted
from tests.test_merchant.test_the_frame import app_in
from tests.test_rewards.giving import GivingShop
from tests.test_settling.test_refunds import ADA, paid_order, refund, spend
from tests.test_staff.test_moved_customers import BOB, work
from tests.world import World

ALL = ("MANAGE_ORDERS", "MANAGE_APPS", "MANAGE_USERS")
WAITS = "This page shows the outcome by itself."
Click = Callable[[FrameLocator], None]


@dataclass(frozen=True)
class Action:
    """What staff do on a page: `prepare` gives its address. `outcome` is what the page says afterwards."""

    name: str
    prepare: Callable[[World], str]
    click: Click
    toast: str
    outcome: str
    waits: bool


def order_with_points(world: World) -> str:
    return f"/orders/{paid_order(world)}"


def order_that_lacks_points(world: World) -> str:
    order_id = paid_order(world, "60")
    world.claim(order_id)
    spend(world, 60)
    refund(world, order_id, "60")
    return f"/orders/{order_id}"


def customer_with_points(world: World) -> str:
    if world.coggins is not None:
        world.coggins.adjust(ADA, 60)
    else:
        world.claim(paid_order(world, "60"))
        world.settle()
    return f"/customers/{ADA}"


def order_with_a_lost_answer(world: World) -> str:
    [order_id] = lost_call(world, 1)
    return f"/orders/{order_id}"


def asked(opener: str, button: str, **fields: str) -> Click:
    """Open the question of an action, fill in its fields, and confirm."""

    def click(frame: FrameLocator) -> None:
        frame.locator("summary", has_text=opener).first.click()
        for label, text in fields.items():
            frame.get_by_label(label.replace("_", " "), exact=True).fill(text)
        frame.get_by_role("button", name=button, exact=True).click()

    return click


def told_first(click: Click, said: str) -> Click:
    """Be told that less is there, and press once more."""

    def twice(frame: FrameLocator) -> None:
        click(frame)
        expect(frame.locator("main")).to_contain_text(said)
        frame.get_by_role("button", name="Change balance", exact=True).click()

    return twice


def pressed(button: str) -> Click:
    return lambda frame: frame.get_by_role("button", name=button, exact=True).click()


def moved(frame: FrameLocator) -> None:
    frame.get_by_label("New e-mail").fill(BOB)
    frame.get_by_label("Reason", exact=True).fill("a typing error")
    frame.get_by_role("button", name="Show what follows").click()
    asked("Move this customer", "Move all of it")(frame)


def move_page(world: World) -> str:
    return f"{customer_with_points(world)}/move"


def settings_saved(frame: FrameLocator) -> None:
    frame.locator("#store").get_by_label("Time zone").select_option("Europe/Berlin")
    frame.locator("#store").get_by_role("button", name="Save").click()


def key_made(frame: FrameLocator) -> None:
    frame.get_by_label("Name of the new key").fill("the till")
    frame.get_by_role("button", name="Create key").click()


def reward_that_was_taken(world: World) -> str:
    """Give the page of a reward: Ada took it."""
    with world.services.database.writing() as session:
        ledger.post(session, world.store().id or 0, [Entry(ADA, 500, EntryKind.INSTANT)], world.clock.now)
    shop = GivingShop(world)
    shop.open()
    reward_id = shop.reward()
    shop.taken(reward_id)
    return f"/rewards/{reward_id}"


def customer_with_a_reward(world: World) -> str:
    reward_that_was_taken(world)
    return f"/customers/{ADA}"


def new_voucher_reward(world: World) -> str:
    GivingShop(world).open()
    world.saleor.codes.vouchers.create("Fifteen off", "15", is_single_use=False)
    return "/rewards/new/voucher"


def voucher_copied(frame: FrameLocator) -> None:
    """The form offers a copy once a voucher is chosen whose codes are good many times."""
    frame.get_by_label("Name", exact=True).fill("Fifteen off")
    frame.get_by_label("Points", exact=True).fill("300")
    frame.get_by_label("Voucher", exact=True).select_option(label="Fifteen off (entire order, not single use)")
    frame.get_by_role("button", name="Save reward").click()
    expect(frame.locator("main")).to_contain_text("Saleor fixes that at a voucher's first use")
    frame.get_by_role("button", name="Make a copy of this voucher").click()


GIVE = asked("Give or take extra points", "Change points", Points="25", Reason="late parcel")
TAKE = asked("Give or take extra points", "Change points", Points="-25", Reason="a mistake")
GIVE_CUSTOMER = asked("Give or take points", "Change balance", Points="25", Reason="welcome")
TAKE_CUSTOMER = asked("Give or take points", "Change balance", Points="-25", Reason="a mistake")
TAKE_TOO_MUCH = told_first(
    asked("Give or take points", "Change balance", Points="-500", Reason="a mistake"), "Takes 60; 440 are not there"
)
TAKE_FROM_NOBODY = told_first(TAKE_CUSTOMER, "Takes nothing: 25 are not there")

# A form that is told something first is answered with status 422.
REFUSED_FIRST = frozenset({TAKE_TOO_MUCH, TAKE_FROM_NOBODY, voucher_copied})

HERE = [
    Action("give on an order", order_with_points, GIVE, "The points are being changed", "Points given 125", waits=True),
    Action("take on an order", order_with_points, TAKE, "The points are being changed", "Points given 75", waits=True),
    Action("retry", order_with_points, pressed("Retry now"), "Checking the order", "Points given 100", waits=True),
    Action(
        "withdraw a claim",
        order_with_points,
        asked("Withdraw the claim link", "Withdraw", Reason_for_withdrawing="a mistake"),
        "The claim link is being withdrawn",
        "Points given 0",
        waits=True,
    ),
    Action(
        "write off",
        order_that_lacks_points,
        asked("Write off 60 points", "Write off"),
        "Points written off",
        "Points given 0",
        waits=True,
    ),
    Action("give to a customer", customer_with_points, GIVE_CUSTOMER, "25 points given", "Available 85", waits=False),
    Action("take from a customer", customer_with_points, TAKE_CUSTOMER, "25 points taken", "Available 35", waits=False),
    Action("take too much", customer_with_points, TAKE_TOO_MUCH, "60 points taken", "Available 0", waits=False),
    Action(
        "take what is not there",
        lambda _world: f"/customers/{ADA}",
        TAKE_FROM_NOBODY,
        "No points were changed",
        "Available 0",
        waits=False,
    ),
    Action("move a customer", move_page, moved, "The customer was moved", f"{ADA} {BOB} 60", waits=False),
    Action(
        "erase a customer",
        lambda world: f"{customer_with_points(world)}/erase",
        asked("Erase this customer", "Erase for good"),
        "Customer erased",
        "Erased. 1 order,",
        waits=False,
    ),
    Action(
        "withdraw a reward from its customer's page",
        customer_with_a_reward,
        asked("Withdraw “Ten”", "Withdraw"),
        "The reward is being withdrawn",
        "Being withdrawn",
        waits=True,
    ),
    Action(
        "withdraw a reward from its own page",
        reward_that_was_taken,
        asked(f"Withdraw from {ADA}", "Withdraw"),
        "The reward is being withdrawn",
        "Being withdrawn",
        waits=True,
    ),
    Action(
        "switch a reward off",
        reward_that_was_taken,
        asked("Switch off", "Switch off"),
        "Reward is off",
        "Off 500 points: a gift card of 10.00 USD",
        waits=False,
    ),
    Action("copy a voucher", new_voucher_reward, voucher_copied, "Copy made", "Fifteen off (points)", waits=False),
    Action("first steps", lambda _world: "", pressed("Keep this rule"), "Done", "The default rule is set : done", waits=False),
    Action("settings", lambda _world: "/settings", settings_saved, "Settings saved", "Time zone", waits=False),
    Action(
        "a test of the first day",
        lambda _world: "/overview/test",
        pressed("Make a test of the claim page"),
        "The test is ready",
        "Your test of 50 points",
        waits=False,
    ),
    Action("a new key", lambda _world: "/settings", key_made, "", "This is the new key.", waits=False),
]

AT_COGGINS = [
    Action("give to a customer", customer_with_points, GIVE_CUSTOMER, "The points are being changed", "Available 85", waits=True),
    Action("move a customer", move_page, moved, "The customer is being moved", f"{ADA} {BOB} 60 Moved", waits=True),
    Action(
        "decide",
        order_with_a_lost_answer,
        asked("It went through", "Yes, it went through"),
        "Recorded: it went through",
        "Points given 10",
        waits=True,
    ),
    Action("retry", order_with_points, pressed("Retry now"), "Checking the order", "Points given 100", waits=True),
    Action("test of the provider", lambda _world: "/settings", pressed("Test connection"), "", "Connected.", waits=False),
]


@contextmanager
def at_desk(world: World) -> Iterator[StandInDashboard]:
    desk = Desk(world, ALL)
    with StandInDashboard(world.saleor.api_url, desk.app_id, f"{world.url}/app", desk.token) as dashboard:
        yield dashboard


def says(frame: FrameLocator, text: str) -> None:
    """Wait until the page says so, whatever stands between the words."""
    words = [re.escape(word) for word in text.split()]
    expect(frame.locator("main")).to_contain_text(re.compile(".{0,40}?".join(words), re.DOTALL))


def done(world: World, page: Page, action: Action) -> FrameLocator:
    """Do it, and let the worker do its part once the page has said that it waits."""
    frame = app_in(page)
    expect(frame.locator("main")).not_to_have_attribute("aria-busy", "true")
    action.click(frame)
    if action.toast:
        noted(page, action.toast)
    if action.waits:
        expect(frame.locator("main")).to_contain_text(WAITS)
        work(world)
        look_after_redemptions(world.services)
    return frame


@pytest.mark.parametrize("action", HERE, ids=lambda action: action.name)
def test_the_outcome_shows_by_itself(shop: World, frames: OpenFrame, action: Action) -> None:
    page = frames(expected=("422",) if action.click in REFUSED_FIRST else ())
    with at_desk(shop) as dashboard:
        page.goto(dashboard.page(action.prepare(shop)))
        frame = done(shop, page, action)

        says(frame, action.outcome)
        expect(frame.locator("main")).not_to_contain_text(WAITS)


@pytest.mark.parametrize("action", AT_COGGINS, ids=lambda action: action.name)
def test_the_outcome_shows_by_itself_at_coggins(coggins_desk: Desk, frames: OpenFrame, action: Action) -> None:
    world, page = coggins_desk.world, frames()
    with at_desk(world) as dashboard:
        page.goto(dashboard.page(action.prepare(world)))
        frame = done(world, page, action)

        says(frame, action.outcome)
        expect(frame.locator("main")).not_to_contain_text(WAITS)


def test_the_outcomes_of_many_show_by_themselves_at_coggins(coggins_desk: Desk, frames: OpenFrame) -> None:
    world, page = coggins_desk.world, frames()
    ids = ",".join(world.saleor.shop.register_customer(email) for email in (ADA, BOB))
    with at_desk(world) as dashboard:
        page.goto(dashboard.page("/customers/give", f"?customerIds={ids}"))
        frame = app_in(page)
        frame.get_by_label("Points for each customer").fill("25")
        frame.get_by_label("Reason").fill("a birthday")
        frame.get_by_role("button", name="Change 2 balances").click()
        expect(frame.locator("main")).to_contain_text(WAITS)
        expect(frame.get_by_text("Planned")).to_have_count(2)
        work(world)

        expect(frame.get_by_text("Done", exact=True)).to_have_count(2)
        expect(frame.locator("main")).not_to_contain_text(WAITS)


def waiting_order(world: World) -> str:
    """Give the address of an order that the worker has not looked at."""
    order_id = paid_order(world)
    world.saleor.till.refund(order_id, "40")
    world.saleor.deliveries.deliver()
    return f"/orders/{order_id}"


def test_a_page_that_was_opened_while_an_order_waits_shows_what_comes_of_it(
    dashboard: StandInDashboard, desk: Desk, frames: OpenFrame
) -> None:
    page = frames()
    page.goto(dashboard.page(waiting_order(desk.world)))
    frame = app_in(page)
    says(frame, "Points given 100")
    expect(frame.locator("main")).to_contain_text(WAITS)
    expect(frame.get_by_role("heading", level=1)).to_be_focused()

    desk.world.settle()

    says(frame, "Points given 60")
    expect(frame.get_by_role("heading", level=1)).to_be_focused()
    expect(frame.locator("#announcer")).to_contain_text("Updated")


def test_a_form_that_is_being_filled_in_stays_while_the_page_is_brought_up_to_date(
    dashboard: StandInDashboard, desk: Desk, frames: OpenFrame
) -> None:
    page = frames()
    page.goto(dashboard.page(waiting_order(desk.world)))
    frame = app_in(page)
    frame.locator("summary", has_text="Give or take extra points").click()
    frame.get_by_label("Reason", exact=True).fill("late")
    frame.get_by_label("Reason", exact=True).press("ArrowLeft")

    desk.world.settle()
    says(frame, "Points given 60")

    expect(frame.locator("main")).not_to_contain_text(WAITS)
    expect(frame.get_by_label("Reason", exact=True)).to_be_focused()
    frame.get_by_label("Reason", exact=True).press_sequentially("r")
    expect(frame.get_by_label("Reason", exact=True)).to_have_value("latre")
    expect(frame.get_by_text("Withdraw the claim link of 100 points")).to_be_visible()
    frame.get_by_label("Reason", exact=True).fill("")
    frame.locator("details.confirm[open]").get_by_role("button", name="Cancel").click()
    expect(frame.get_by_text("Withdraw the claim link of 60 points")).to_be_visible()


def test_what_takes_long_is_said_to_and_not_waited_for(dashboard: StandInDashboard, desk: Desk, frames: OpenFrame) -> None:
    page = frames()
    path = waiting_order(desk.world)
    page.clock.install()
    page.goto(dashboard.page(path))
    frame = app_in(page)
    expect(frame.locator("main")).to_contain_text(WAITS)

    looks = []
    page.on("response", lambda answer: looks.append(answer.url) if f"/app/pages{path}" in answer.url else None)
    for number in range(1, 15):
        page.clock.run_for(31_000)
        while len(looks) < number:
            page.wait_for_event("response")
    page.clock.run_for(31_000)

    expect(frame.locator("main").get_by_text("It takes longer than usual.")).to_be_visible()
    expect(frame.locator("main").get_by_text(WAITS)).to_be_hidden()
    assert len(looks) == 14
    desk.world.settle()
    frame.get_by_role("link", name="Refresh").click()
    heading(frame, "Order #")
    says(frame, "Points given 60")
