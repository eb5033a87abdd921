"""The page that lists customers: what it shows, what its links keep, and its export."""

import pytest
from playwright.sync_api import ViewportSize, expect

from app.db.tables import SplitCustomerRow
from app.usecases.operating.housekeeping import know_customers
from tests.standins.dashboard import StandInDashboard
from tests.test_merchant.calls import Desk, once_in, seen
from tests.test_merchant.conftest import OpenFrame
from tests.test_merchant.test_the_frame import app_in
from tests.test_settling.test_refunds import ADA, paid_order

BOB = "bob.marley@example.com"
NARROW: ViewportSize = {"width": 390, "height": 844}


def live(desk: Desk) -> None:
    desk.world.claim(paid_order(desk.world))
    desk.world.clock.advance(hours=1)
    paid_order(desk.world, "40", email=BOB)
    know_customers(desk.world.services)


def test_the_customers_are_listed_with_their_points(desk: Desk) -> None:
    live(desk)

    text = seen(desk.get("customers"))

    assert f"{BOB} 0 40" in text
    assert f"{ADA} 100 0" in text
    assert text.index(BOB) < text.index(ADA)


def test_a_part_lists_and_a_whole_address_opens_the_customer(desk: Desk) -> None:
    live(desk)

    assert ADA not in seen(desk.get("customers?email=marley"))
    assert f"{BOB} 0 40" in seen(desk.get("customers?email=marley"))
    assert desk.get(f"customers?email={BOB}").headers["X-Page"].startswith("customers/")


def test_filters_that_cannot_be_read_are_named(desk: Desk) -> None:
    answer = desk.get("customers?balance_over=many&idle_since=soon")

    assert answer.status_code == 422
    assert 'id="balance_over-error"' in answer.text
    assert 'id="idle_since-error"' in answer.text


def test_what_was_typed_is_shown_as_text(desk: Desk) -> None:
    answer = desk.get("customers?email=%3Cscript%3E")

    assert answer.status_code == 200
    assert 'value="&lt;script&gt;"' in answer.text
    assert "No customers found" in answer.text


def test_the_export_has_what_was_found(desk: Desk) -> None:
    live(desk)

    page, export = desk.get("customers?sort=balance&balance_over=50"), desk.get("customers.csv?sort=balance&balance_over=50")

    assert 'href="/app/pages/customers.csv?sort=balance&amp;balance_over=50"' in page.text
    head, *rows = export.content.decode("utf-8-sig").splitlines()
    assert head == "email,balance,waiting,last_activity,customer_type"
    assert [row.split(",")[:3] for row in rows] == [[ADA, "100", "0"]]
    assert export.headers["Content-Disposition"] == 'attachment; filename="customers.csv"'


def test_at_coggins_the_page_says_why_it_has_no_balances(coggins_desk: Desk) -> None:
    paid_order(coggins_desk.world)
    know_customers(coggins_desk.world.services)

    text = seen(coggins_desk.get("customers"))

    assert "Coggins keeps the balances" in text
    assert ADA in text
    assert "Balance over" not in text


def test_who_was_chosen_in_the_list_is_given_points_at_once(desk: Desk) -> None:
    live(desk)
    assert f'name="email" value="{BOB}"' in desk.get("customers").text
    asked = desk.post("customers/chosen", {"email": [ADA, BOB]})
    assert "Give points to 2 customers" in seen(asked)

    desk.post("customers/give", {"email": [ADA, BOB], "points": "5", "reason": "kind", "once": once_in(asked)})

    assert [desk.world.balance(email).available for email in (ADA, BOB)] == [105, 5]


def test_whoever_chose_nobody_is_told_where_to_choose(desk: Desk) -> None:
    assert "Nobody to give points to" in seen(desk.post("customers/chosen", {}))


@pytest.mark.parametrize("query", ["", "?email=example"])
def test_on_a_phone_the_list_scrolls_inside_its_card(
    desk: Desk, dashboard: StandInDashboard, frames: OpenFrame, query: str
) -> None:
    paid_order(desk.world, email="a.customer.with.a.rather.long.name@example.com")
    know_customers(desk.world.services)
    page = frames(viewport=NARROW)
    page.goto(dashboard.page("/customers", query))
    table = app_in(page).get_by_role("region", name="Customers and their points")

    expect(table).to_be_visible()

    assert app_in(page).locator("html").evaluate("page => page.scrollWidth <= page.clientWidth"), "all of the page scrolls"
    assert table.evaluate("one => one.scrollWidth > one.clientWidth"), "it shows no more than fits"
    inside = "one => one.getBoundingClientRect().right <= one.closest('.card').getBoundingClientRect().right"
    assert table.evaluate(inside), "it runs out of its card"


def test_addresses_that_an_upgrade_found_to_be_two_customers_are_listed(desk: Desk) -> None:
    paid_order(desk.world, "60")
    assert "two customers now" not in seen(desk.get("customers"))
    with desk.world.services.database.writing() as session:
        row = SplitCustomerRow(
            store_id=desk.world.store().id or 0,
            email="info@strasse.de",
            other_email="info@straße.de",
            found_at=desk.world.clock.now,
        )
        session.add(row)

    page = seen(desk.get("customers"))

    assert "One address before, two customers now" in page
    assert "info@strasse.de info@straße.de" in page
    assert "two customers now" not in seen(desk.get("customers?email=ada"))
