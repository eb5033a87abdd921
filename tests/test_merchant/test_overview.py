"""The overview: the first steps, the state now, the days, and what needs a person. At most twelve queries, or thirteen."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from sqlalchemy import event

from app.db.engine import Database
from app.db.tables import RuleRow
from app.usecases.merchants.see_overview import LISTED_MAX, see_overview
from tests.standins import faults
from tests.standins.coggins import StandInCoggins
from tests.test_merchant.calls import Desk, once_in, seen
from tests.test_rewards.rows import new_redemption, new_reward
from tests.test_spending.rows import new_spend
from tests.world import World, open_world

QUERIES_MAX = 12


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """List the statements that are sent meanwhile."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA", "EXPLAIN")):
            sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def test_a_new_shop_reads_its_first_steps(desk: Desk) -> None:
    page = seen(desk.get("overview"))

    assert "Connected to Saleor : done" in page
    assert "The default rule is set : to do" in page
    assert "Order mails contain the link : to do" in page
    assert "A first order was seen : to do" in page
    assert "Needs you Nothing to do." in page


def test_who_may_not_open_rules_and_settings_is_not_sent_there(desk: Desk) -> None:
    of_orders = Desk(desk.world, ("MANAGE_ORDERS",)).get("overview")

    assert "Change it" in seen(desk.get("overview"))
    assert "Copy it from the settings" not in seen(of_orders)
    assert "Change it" not in seen(of_orders)
    assert "Keep this rule" in seen(of_orders)


def test_a_step_is_checked_off_once_however_often_it_is_sent(desk: Desk) -> None:
    once = once_in(desk.get("overview"))

    answers = [desk.post("overview/checklist/rule", {"once": once}) for _ in range(2)]
    log = seen(desk.get("log"))

    assert [answer.status_code for answer in answers] == [200, 200]
    assert "The default rule is set : done" in seen(answers[0])
    assert log.count("The rule was looked at") == 1
    assert "by admin@example.com" in log


@pytest.mark.parametrize(("path", "once", "status"), [("rule", "", 400), ("rule", "x" * 32, 400), ("nonsense", "0" * 32, 404)])
def test_a_form_that_is_none_of_ours_changes_nothing(desk: Desk, path: str, once: str, status: int) -> None:
    assert desk.post(f"overview/checklist/{path}", {"once": once}).status_code == status
    assert desk.world.store().rule_checked_at is None


def test_the_link_is_checked_off_by_itself_once_a_shopper_opens_one(desk: Desk) -> None:
    order_id = desk.world.saleor.shop.place_paid_order("60")
    desk.world.deliver()

    desk.world.follow(order_id)

    assert "Order mails contain the link : done" in seen(desk.get("overview"))


@pytest.mark.parametrize(("channel", "state"), [("nope", "to do"), (None, "done")])
def test_a_rule_of_a_channel_does_not_set_the_default_rule(desk: Desk, channel: str | None, state: str) -> None:
    """An older version took rules for channels that do not exist."""
    world = desk.world
    with world.services.database.writing() as session:
        session.add(
            RuleRow(store_id=world.store().id or 0, channel=channel, in_force_from=world.clock(), created_by="ada@example.com")
        )

    assert f"The default rule is set : {state}" in seen(desk.get("overview"))


def test_an_order_from_before_the_installation_is_not_the_first_that_was_seen(desk: Desk) -> None:
    world = desk.world
    order_id = world.saleor.shop.place_paid_order("60")
    world.clock.advance(days=1)
    world.change_store(created_at=world.clock(), awards_from=world.clock())
    told_only = seen(_after_deliveries(desk))
    world.settle()

    assert world.order(order_id).because == "before_start"
    assert "A first order was seen : to do" in told_only
    assert "A first order was seen : to do" in seen(desk.get("overview"))

    world.saleor.shop.place_paid_order("30")
    world.deliver()

    assert "A first order was seen : done" in seen(desk.get("overview"))


def _after_deliveries(desk: Desk) -> requests.Response:
    """Give the overview while the order is known by its deliveries only, and not yet read."""
    desk.world.saleor.deliveries.deliver()
    return desk.get("overview")


def test_the_first_steps_go_once_all_are_done(desk: Desk) -> None:
    world = desk.world
    world.change_store(rule_checked_at=world.clock(), link_checked_at=world.clock())
    world.saleor.shop.place_paid_order("60")
    world.deliver()

    assert "First steps" not in seen(desk.get("overview"))


def test_the_days_and_the_liability_say_what_was_granted_taken_and_taken_back(desk: Desk) -> None:
    world = desk.world
    order_id = world.saleor.shop.place_paid_order("60")
    world.saleor.shop.place_paid_order("30", email="else@example.com")
    world.deliver()
    world.claim(order_id)
    world.settle()
    world.saleor.till.refund(order_id, "15")
    world.deliver()

    page = seen(desk.get("overview"))
    assert (
        "Given 90 0 in the 30 days before Claimed by customers 60 0 in the 30 days before Taken back 15 0 in the 30 days before"
        in page
    )
    assert "Open liability 75" in page


@pytest.mark.parametrize(
    ("period", "given"),
    [
        ("7d", "Given 0 60 in the 7 days before"),
        ("30d", "Given 60 0 in the 30 days before"),
        ("12m", "Given 60 0 in the same days a year before"),
        ("nonsense", "Given 60 0 in the 30 days before"),
    ],
)
def test_a_period_is_chosen_and_stands_beside_the_one_before(desk: Desk, period: str, given: str) -> None:
    desk.world.saleor.shop.place_paid_order("60")
    desk.world.deliver()
    desk.world.clock.advance(days=7)

    assert given in seen(desk.get(f"overview?period={period}"))


def test_a_period_ends_on_the_stores_own_day(desk: Desk) -> None:
    """It is still the day before in Honolulu when seven days have gone by in London."""
    desk.world.change_store(time_zone="Pacific/Honolulu")
    desk.world.clock.advance(hours=14)
    desk.world.saleor.shop.place_paid_order("60")
    desk.world.deliver()
    desk.world.clock.advance(days=6, hours=1)

    assert "Given 60 0 in the 7 days before" in seen(desk.get("overview?period=7d"))


def test_an_order_that_needs_a_person_is_listed_with_what_to_do(desk: Desk) -> None:
    desk.world.saleor.shop.place_paid_order("60", email="")
    desk.world.deliver()

    page = desk.get("overview")
    assert "The order has no e-mail address" in seen(page)
    assert "Add an e-mail address to the order in Saleor" in seen(page)
    assert 'href="/app/orders/' in page.text


def test_waiting_orders_and_a_late_sweep_are_seen(desk: Desk) -> None:
    desk.world.saleor.shop.place_paid_order("60")
    desk.world.saleor.deliveries.deliver()
    desk.world.clock.advance(minutes=30)

    page = seen(desk.get("overview"))
    assert "Orders waiting 1 since" in page
    assert "Overdue" in page


def test_the_overview_takes_twelve_queries_however_many_orders_there_are(desk: Desk) -> None:
    for _ in range(LISTED_MAX + 3):
        desk.world.saleor.shop.place_paid_order("60", email="")
    desk.world.deliver()

    with counted(desk.world.services.database) as sent:
        page = desk.get("overview")

    assert page.status_code == 200
    assert 0 < len(sent) <= QUERIES_MAX, sent
    assert f"The newest {LISTED_MAX} of {LISTED_MAX + 3}." in seen(page)


def test_every_query_of_the_overview_is_served_by_an_index(shop: World) -> None:
    """SQLite says in words whether it scans a table; PostgreSQL scans small ones whatever there is."""
    database, store_id = shop.services.database, shop.store().id or 0
    new_spend(database, store_id=store_id, problem_code="refused", problem="Refused.")
    new_redemption(database, new_reward(database, store_id=store_id), problem_code="permission", problem="Not allowed.")
    with counted(database) as sent:
        see_overview(shop.services, store_id)

    with database.engine.connect() as connection:
        for statement in sent:
            values = tuple(1 for _ in range(statement.count("?")))
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
            scans = [step[3] for step in plan if step[3].startswith("SCAN") and "CONSTANT ROW" not in step[3]]
            assert all("(subquery" in step or "anon" in step for step in scans), (statement, scans)


def test_the_provider_is_asked_now_and_its_silence_is_said(
    fresh_sqlite: object, clock: object, saleor: object, coggins: StandInCoggins
) -> None:
    with open_world(fresh_sqlite(), clock, saleor, coggins) as world:  # type: ignore[operator, arg-type]  # fixtures
        world.install()
        world.clock.advance(minutes=2)
        desk = Desk(world)
        before = seen(desk.get("overview/provider"))
        coggins.faults.always(faults.status(503))
        after = seen(desk.get("overview/provider"))

    assert "Connected answered in" in before
    assert "No answer" in after
