"""The boxes beside a gift card and a voucher: which reward each belongs to."""

import re
from base64 import b64encode
from typing import Any

import pytest
from playwright.sync_api import expect

from app.db.tables import RedemptionRow, RewardRow, RewardVersionRow, StoreRow
from app.domain.rewards import RewardKind
from app.usecases.merchants.see_voucher_box import VoucherBox, see_voucher_box
from tests.browser import Opened
from tests.clock import START
from tests.standins.dashboard import StandInDashboard
from tests.test_merchant.calls import Desk, seen
from tests.test_merchant.conftest import OpenFrame
from tests.test_merchant.test_the_frame import app_in
from tests.test_merchant.test_widgets import manifest
from tests.test_rewards.giving import ADA
from tests.test_rewards.rows import new_redemption, new_reward, pay

CARD_ID = b64encode(b"GiftCard:7").decode()
VOUCHER_ID = b64encode(b"Voucher:3").decode()


def give_card(desk: Desk, **says: Any) -> RedemptionRow:
    """A customer took a gift card of 10.00 USD for points, and it exists in Saleor."""
    database = desk.world.services.database
    taken = new_redemption(database, new_reward(database, store_id=desk.world.store().id))
    pay(database, taken)
    with database.writing() as session:
        row = session.get_one(RedemptionRow, taken.id)
        row.given_at = row.taken_at
        for name, value in ({"stage": "given", "saleor_id": CARD_ID} | says).items():
            setattr(row, name, value)
    return taken


def offer_voucher(desk: Desk, *voucher_ids: str, store_id: int | None = None) -> int:
    """A reward whose versions give out codes of these vouchers, one after the other."""
    with desk.world.services.database.writing() as session:
        reward = RewardRow(
            store_id=store_id or desk.world.store().id or 0, kind=RewardKind.VOUCHER, made_at=START, made_by="tests"
        )
        session.add(reward)
        session.flush()
        for voucher_id in voucher_ids:
            session.add(
                RewardVersionRow(
                    reward_id=reward.id or 0,
                    name="Free shipping",
                    points=300,
                    voucher_id=voucher_id,
                    voucher_name="Shipping",
                    in_force_from=START,
                    created_by="tests",
                )
            )
            session.flush()
        return reward.id or 0


def test_a_gift_card_says_who_took_it_and_what_is_used(desk: Desk) -> None:
    give_card(desk, used_units=250)

    box = desk.widget("gift-card", giftCardId=CARD_ID)

    assert "10 off Given" in seen(box)
    assert f"{ADA} took it for 500 points" in seen(box)
    assert "2.50 USD of 10.00 USD used" in seen(box)
    found = re.search(r'href="[^"]*/extensions/app/[^/"]+/([^"]*)"', box.text)
    assert found
    assert ADA in seen(desk.get(found[1]))


def test_a_gift_card_that_needs_a_person_says_why(desk: Desk) -> None:
    give_card(desk, problem_code="deleted", problem="The gift card was deleted.")

    assert "The gift card was deleted." in seen(desk.widget("gift-card", giftCardId=CARD_ID))


def test_a_gift_card_of_nobodys_points_says_so(desk: Desk) -> None:
    give_card(desk)

    box = seen(desk.widget("gift-card", giftCardId=b64encode(b"GiftCard:8").decode()))

    assert "This gift card was not made for points" in box
    assert ADA not in box


def test_a_voucher_lists_its_rewards_and_those_that_had_it_before(desk: Desk) -> None:
    now, before = offer_voucher(desk, VOUCHER_ID), offer_voucher(desk, VOUCHER_ID, b64encode(b"Voucher:4").decode())

    box = desk.widget("voucher", voucherId=VOUCHER_ID)

    assert "Free shipping On 300 points: a code of the voucher Shipping; 0 taken" in seen(box)
    assert "gave out codes of this voucher before" in seen(box)
    assert [int(one) for one in re.findall(r"/rewards/(\d+)\"", box.text)] == [now, before]


def test_a_voucher_of_no_reward_says_so(desk: Desk) -> None:
    assert "No reward gives out codes of this voucher" in seen(desk.widget("voucher", voucherId=VOUCHER_ID))


def test_rewards_of_other_stores_are_not_listed(desk: Desk) -> None:
    store_id = desk.world.store().id or 0
    with desk.world.services.database.writing() as session:
        other = StoreRow(slug="other", name="Other", awards_from=START, created_at=START)
        session.add(other)
        session.flush()
        other_id = other.id
    offer_voucher(desk, VOUCHER_ID, store_id=other_id)

    assert see_voucher_box(desk.world.services, store_id, VOUCHER_ID) == VoucherBox((), ())


def test_who_may_not_open_the_pages_of_rewards_gets_no_link_there(desk: Desk) -> None:
    offer_voucher(desk, VOUCHER_ID)

    box = Desk(desk.world, ("MANAGE_ORDERS",)).widget("voucher", voucherId=VOUCHER_ID)

    assert "Free shipping On" in seen(box)
    assert "/rewards/" not in box.text


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_in_the_dashboard_both_boxes_can_be_read_by_everybody(
    desk: Desk, dashboard: StandInDashboard, frames: OpenFrame, theme: str
) -> None:
    give_card(desk)
    offer_voucher(desk, VOUCHER_ID)
    dashboard.theme = theme
    page = frames()
    boxes = {one["mount"]: one for one in manifest(desk.world, "3.24")["extensions"]}
    shown = {
        "GIFT_CARD_DETAILS_WIDGETS": ({"giftCardId": CARD_ID}, ADA),
        "VOUCHER_DETAILS_WIDGETS": ({"voucherId": VOUCHER_ID}, "Free shipping"),
    }

    for mount, (context, text) in shown.items():
        page.goto(dashboard.widget(boxes[mount], **context))
        expect(app_in(page).locator("main")).to_contain_text(text)
        assert Opened(page.frames[1]).faults() == []  # type: ignore[arg-type]  # a frame is asked just as a page
