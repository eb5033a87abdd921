"""The pages of rewards: made, changed, switched off, previewed, and what they gave out."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it comes without types
from playwright.sync_api import ViewportSize, expect
from sqlmodel import col, select

from app.db.tables import RedemptionRow, RewardAmountRow, RewardRow, RewardVersionRow
from tests.browser import DESKTOP, PHONE
from tests.standins import faults
from tests.standins.dashboard import StandInDashboard
from tests.test_merchant.calls import Desk, notified, once_in, seen
from tests.test_merchant.conftest import OpenFrame
from tests.test_merchant.test_the_frame import app_in
from tests.world import World

PAGE = "rewards"
CARD: dict[str, Any] = {
    "reward": "amount",
    "name": "Ten off",
    "text": "For your next order.",
    "points": "1000",
    "amount-USD": "10",
    "return_on_expiry": "yes",
    "is_active": "yes",
}
VOUCHER: dict[str, Any] = {"reward": "voucher", "name": "Free shipping", "points": "300", "is_active": "yes"}
# A form that was filled in wrongly is answered with 422, which the browser's console names.
REFUSED = ("422",)
DASH = "\N{EN DASH}"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """The app has the permissions that rewards need."""
    desk.world.saleor.apps.permit(desk.app_id, "MANAGE_ORDERS", "MANAGE_GIFT_CARD", "MANAGE_DISCOUNTS")
    return desk


def versions(world: World) -> list[RewardVersionRow]:
    with world.services.database.reading() as session:
        return list(session.exec(select(RewardVersionRow).order_by(col(RewardVersionRow.id))))


def amounts(world: World) -> list[tuple[str, int, Decimal | None]]:
    with world.services.database.reading() as session:
        rows = session.exec(select(RewardAmountRow).order_by(col(RewardAmountRow.id)))
        return [(row.currency, row.amount_units, row.points_per_unit) for row in rows]


def save(desk: Desk, place: str = "new/amount", **typed: Any) -> requests.Response:
    """Save the form twice, as an impatient merchant does; gives the first answer."""
    good = VOUCHER if place.endswith("voucher") else CARD
    form = place if place.startswith("new") else f"{place}/edit"
    sent = good | {"once": once_in(desk.get(f"{PAGE}/{form}"))} | typed
    first = desk.post(f"{PAGE}/{place}/save", sent)
    desk.post(f"{PAGE}/{place}/save", sent)
    return first


def voucher(desk: Desk, *, is_single_use: bool = True) -> str:
    return desk.world.saleor.vouchers.create("Free shipping", 100, type="SHIPPING", is_single_use=is_single_use)


def test_a_new_store_has_no_rewards_and_says_what_they_are(desk: Desk) -> None:
    text = seen(desk.get(PAGE))

    assert "No rewards yet" in text
    assert "Customers exchange points for a code" in text


def test_a_gift_card_is_made_once_however_often_the_form_is_sent(desk: Desk) -> None:
    answer = save(desk, limit_each="2", days_valid="30", **{"channel-default-channel": "yes"})

    assert notified(answer)["title"] == "Reward saved"
    [version] = versions(desk.world)
    assert (version.name, version.points, version.limit_each, version.days_valid, version.channels) == (
        "Ten off",
        1000,
        2,
        30,
        "default-channel",
    )
    assert version.created_by == "admin@example.com"
    assert amounts(desk.world) == [("USD", 1000, None)]
    assert "1,000 points: a gift card of 10.00 USD" in seen(answer)
    assert "2 for each customer, in the channels default-channel, a code is good for 30 days" in seen(answer)
    assert "The reward Ten off is new" in seen(desk.get("log"))


def test_customers_may_choose_any_amount_in_more_than_one_currency(desk: Desk) -> None:
    answer = save(desk, points="", **{"amount-USD": "50", "rate-USD": "100", "amount-JPY": "5000", "rate-JPY": "1"})

    assert notified(answer)["status"] == "success"
    assert amounts(desk.world) == [("JPY", 5000, Decimal(1)), ("USD", 5000, Decimal(100))]
    assert "any amount up to 50.00 USD, 100 points for 1.00" in seen(answer)


def test_a_change_is_a_new_version_and_no_change_is_none(desk: Desk) -> None:
    save(desk)
    desk.world.clock.advance(minutes=1)

    assert notified(save(desk, "1", reward="1"))["title"].startswith("Nothing to save")
    assert notified(save(desk, "1", reward="1", points="900"))["title"] == "Reward saved"

    assert [version.points for version in versions(desk.world)] == [1000, 900]
    assert "Points: 1000 → 900" in seen(desk.get("log"))


def test_a_reward_is_switched_off_and_stays_on_the_list(desk: Desk) -> None:
    save(desk)
    page = desk.get(f"{PAGE}/1")

    answers = [desk.post(f"{PAGE}/1/end", {"once": once_in(page), "reward": "1"}) for _ in range(2)]

    assert [notified(answer)["title"] for answer in answers] == ["Reward is off"] * 2
    assert [version.is_active for version in versions(desk.world)] == [True, False]
    assert "Ten off Gift card 1,000 points: a gift card of 10.00 USD 0 Off" in seen(desk.get(PAGE))


def test_days_are_those_of_the_stores_time_zone(desk: Desk) -> None:
    with desk.world.services.database.writing() as session:
        store = desk.world.store()
        store.time_zone = "Europe/Berlin"
        session.merge(store)

    save(desk, starts_on="2030-01-01", ends_on="2030-01-31")

    [version] = versions(desk.world)
    assert (version.starts_at, version.ends_at) == (datetime(2029, 12, 31, 23, tzinfo=UTC), datetime(2030, 1, 31, 23, tzinfo=UTC))
    form = desk.get(f"{PAGE}/1/edit").text
    assert 'value="2030-01-01"' in form
    assert 'value="2030-01-31"' in form
    assert "Not begun" in seen(desk.get(PAGE))


@pytest.mark.parametrize(
    ("typed", "name", "said"),
    [
        ({"name": ""}, "name", "Give it a name"),
        ({"points": ""}, "points", "Points are a whole number from 1"),
        ({"points": "1.5"}, "points", "whole number"),
        ({"amount-USD": "1,5"}, "amount-USD", "with a point before the decimals"),
        ({"rate-USD": "x"}, "rate-USD", "with a point before the decimals"),
        ({"picture_url": "http://shop.example/a.png"}, "picture_url", "begins with https://"),
        ({"starts_on": "tomorrow"}, "starts_on", "Write a day as"),
        ({"starts_on": "2030-02-01", "ends_on": "2030-01-01"}, "ends_on", "The end comes before the beginning"),
        ({"limit_in_all": "0"}, "limit_in_all", "above 0"),
        ({"days_valid": "99999"}, "days_valid", "whole number from 0 to 3,650"),
    ],
)
def test_a_wrong_value_is_said_beside_its_field(desk: Desk, typed: dict[str, str], name: str, said: str) -> None:
    answer = save(desk, **typed)

    assert answer.status_code == 422
    assert f'id="{name}-error"' in answer.text
    assert said in seen(answer)
    assert versions(desk.world) == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"amount-USD": ""}, "at least one currency"),
        ({"amount-USD": "10.001"}, "more digits than USD has"),
        ({"amount-usd": "10"}, "three capital letters"),
        ({"amount-USD": "0"}, "above 0"),
        ({"rate-USD": "100"}, "Leave them empty"),
        ({"channel-nope": "yes"}, "Saleor has no channel nope"),
    ],
)
def test_what_cannot_be_is_refused_in_words(desk: Desk, typed: dict[str, str], said: str) -> None:
    answer = save(desk, **typed)

    assert answer.status_code == 422
    assert said in seen(answer)
    assert versions(desk.world) == []


def test_without_the_permission_it_can_be_prepared_and_not_switched_on(desk: Desk) -> None:
    desk.world.saleor.apps.permit(desk.app_id, "MANAGE_ORDERS")

    refused = save(desk)

    assert refused.status_code == 422
    assert "The app lacks the permission MANAGE_GIFT_CARD" in seen(refused)
    assert notified(save(desk, is_active=""))["title"] == "Reward saved"
    assert [version.is_active for version in versions(desk.world)] == [False]


def test_a_voucher_is_chosen_from_the_shops_own(desk: Desk) -> None:
    voucher_id = voucher(desk)

    form = desk.get(f"{PAGE}/new/voucher")
    answer = save(desk, "new/voucher", voucher_id=voucher_id)

    assert "Free shipping (shipping)" in seen(form)
    assert notified(answer)["title"] == "Reward saved"
    [version] = versions(desk.world)
    assert (version.voucher_id, version.voucher_name) == (voucher_id, "Free shipping")
    assert "300 points: a code of the voucher Free shipping" in seen(answer)


def test_a_voucher_whose_codes_are_good_many_times_is_refused_with_an_offer_to_copy_it(desk: Desk) -> None:
    voucher_id = voucher(desk, is_single_use=False)

    refused = save(desk, "new/voucher", voucher_id=voucher_id)
    assert refused.status_code == 422
    assert "The codes of the voucher Free shipping can be used many times" in seen(refused)
    assert "Make a copy of this voucher" in seen(refused)

    sent = VOUCHER | {"once": once_in(refused), "voucher_id": voucher_id}
    copied, again = (desk.post(f"{PAGE}/new/voucher/copy", sent) for _ in range(2))

    assert notified(copied)["title"] == "Copy made"
    assert "This form was sent before" in seen(again)
    [copy] = [one for one in desk.world.saleor.vouchers.all() if one.id != voucher_id]
    assert (copy.name, copy.is_single_use) == ("Free shipping (points)", True)
    assert f'value="{copy.id}" selected' in copied.text
    assert notified(save(desk, "new/voucher", voucher_id=copy.id))["title"] == "Reward saved"


def test_a_voucher_that_is_gone_or_a_saleor_that_is_silent_is_said(desk: Desk) -> None:
    voucher_id = voucher(desk)
    desk.world.saleor.vouchers.delete(voucher_id)
    assert "does not have this voucher any more" in seen(save(desk, "new/voucher", voucher_id=voucher_id))

    desk.world.saleor.faults.always(faults.status(500), on="Voucher")
    assert "Saleor did not give the voucher" in seen(save(desk, "new/voucher", voucher_id=voucher_id))
    desk.world.saleor.faults.always(faults.status(500), on="Vouchers")
    assert "Saleor did not give its list of vouchers" in seen(desk.get(f"{PAGE}/new/voucher"))
    assert versions(desk.world) == []


def test_a_reward_of_another_store_or_none_is_not_shown(desk: Desk) -> None:
    for place in (f"{PAGE}/7", f"{PAGE}/7/edit", f"{PAGE}/{10**30}"):
        answer = desk.get(place)
        assert (answer.status_code, "This store has no such reward" in seen(answer)) == (422, True)
    assert desk.get(f"{PAGE}/new/else").status_code == 404


def test_a_form_about_another_reward_than_its_page_is_refused(desk: Desk) -> None:
    save(desk)

    answer = desk.post(f"{PAGE}/1/save", CARD | {"once": uuid4().hex, "reward": "2"})

    assert answer.status_code == 400
    assert len(versions(desk.world)) == 1


def take(world: World) -> None:
    """Let Ada take the reward: the points are still to be taken."""
    with world.services.database.writing() as session:
        reward = session.exec(select(RewardRow)).one()
        version = session.exec(select(RewardVersionRow)).one()
        session.add(
            RedemptionRow(
                store_id=reward.store_id,
                reward_id=reward.id or 0,
                version_id=version.id or 0,
                reference=uuid4(),
                email="ada@example.com",
                email_key="ada@example.com",
                account_id=world.account().id or 0,
                points=1000,
                currency="USD",
                amount_units=1000,
                code_sealed="sealed",
                code_mark="mark",
                asked_at=world.clock(),
            )
        )


def test_what_it_gave_out_stands_on_its_page_and_on_the_customers(desk: Desk) -> None:
    save(desk)
    take(desk.world)

    reward_page, customer = desk.get(f"{PAGE}/1"), desk.get("customers/ada@example.com")

    assert "1 taken" in seen(reward_page)
    assert f"ada@example.com 1,000 10.00 USD {DASH} {DASH} Points being taken" in seen(reward_page)
    assert f"Ten off 1,000 10.00 USD {DASH} {DASH} Points being taken" in seen(customer)
    assert "sealed" not in reward_page.text + customer.text


def test_who_may_not_see_customers_does_not_see_who_took_it(desk: Desk) -> None:
    save(desk)
    take(desk.world)
    desk.permissions = ("MANAGE_APPS",)

    page = desk.get(f"{PAGE}/1")

    assert "needs the permission MANAGE_ORDERS to see customers" in seen(page)
    assert "ada@example.com" not in page.text
    assert Desk(desk.world, ("MANAGE_ORDERS",)).get(PAGE).status_code == 403


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["wide", "narrow"])
def test_the_pages_can_be_read_by_everybody(
    dashboard: StandInDashboard, desk: Desk, frames: OpenFrame, theme: str, viewport: ViewportSize
) -> None:
    save(desk)
    take(desk.world)
    voucher(desk, is_single_use=False)
    dashboard.theme = theme
    page = frames(viewport=viewport)

    for path, heading in (
        ("rewards", "Rewards"),
        ("rewards/1", "Ten off"),
        ("rewards/1/edit", "Change Ten off"),
        ("rewards/new/voucher", "New voucher"),
    ):
        page.goto(dashboard.page(f"/{path}"))
        expect(app_in(page).get_by_role("heading", level=1)).to_have_text(heading)
        expect(app_in(page).locator("main")).not_to_have_attribute("aria-busy", "true")
        found = Axe().run(page.frames[1]).response["violations"]
        assert [f"{fault['id']}: {node['html']}" for fault in found for node in fault["nodes"]] == [], path
        assert page.frames[1].evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path


def test_the_permission_is_granted_and_a_reward_previewed_and_saved_in_the_dashboard(
    dashboard: StandInDashboard, desk: Desk, frames: OpenFrame
) -> None:
    desk.world.saleor.apps.permit(desk.app_id, "MANAGE_ORDERS")
    desk.permissions = (*desk.permissions, "MANAGE_GIFT_CARD")
    page = frames(expected=REFUSED)
    page.goto(dashboard.page("/rewards"))
    frame = app_in(page)
    frame.get_by_role("link", name="New gift card").click()
    frame.get_by_role("button", name="Grant").click()
    page.get_by_role("button", name="Approve").click()
    frame = app_in(page)

    expect(frame.get_by_label("Name")).to_be_visible()
    expect(frame.get_by_role("button", name="Grant")).to_have_count(0)
    frame.get_by_label("Name").fill("Ten off")
    frame.get_by_label("Amount in USD").fill("10")
    frame.get_by_role("button", name="Preview").click()
    expect(frame.get_by_role("alert")).to_contain_text("Please correct first")
    frame.get_by_label("Points", exact=True).fill("1000")
    frame.get_by_label("Customers can take it").check()
    frame.get_by_role("button", name="Preview").click()
    expect(frame.get_by_role("heading", name="Ten off", level=3)).to_be_visible()
    assert versions(desk.world) == []
    frame.get_by_role("button", name="Save reward").click()
    expect(frame.get_by_role("heading", name="Ten off", level=1)).to_be_visible()

    frame.get_by_text("Switch off", exact=True).first.click()
    frame.get_by_role("button", name="Switch off").click()
    expect(frame.get_by_text("Off", exact=True)).to_be_visible()
    assert [version.is_active for version in versions(desk.world)] == [True, False]
