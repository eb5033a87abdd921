"""Rewards are made, changed and ended; what Saleor knows of a voucher is asked first."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlmodel import col, select

from app.db.tables import RewardVersionRow
from app.domain.rewards import RewardAmount, RewardKind, RewardRefusal, RewardTerms
from app.errors import BadRequest, Unavailable
from app.usecases.merchants.change_reward import add_reward, change_reward, end_reward
from app.usecases.merchants.form_tokens import as_once, new_token
from app.usecases.merchants.reward_fields import read_reward_draft, reward_draft_as_typed
from app.usecases.merchants.shown_rewards import list_rewards, see_reward
from app.usecases.merchants.vouchers_to_choose import copy_voucher, list_vouchers
from tests.standins import faults
from tests.test_merchant.calls import Desk
from tests.world import World

WHO = "eve@example.com"
CARD = RewardTerms(0, 0, RewardKind.AMOUNT, "Ten off", points=1000, amounts=(RewardAmount("USD", Decimal("10.00")),))
VOUCHER = RewardTerms(0, 0, RewardKind.VOUCHER, "Free shipping", points=300)


@pytest.fixture
def world(desk: Desk) -> World:
    """The app has the permissions that rewards need."""
    desk.world.saleor.apps.permit(desk.app_id, "MANAGE_ORDERS", "MANAGE_GIFT_CARD", "MANAGE_DISCOUNTS")
    return desk.world


def store_id(world: World) -> int:
    return world.store().id or 0


def add(world: World, terms: RewardTerms) -> int:
    return add_reward(world.services, store_id(world), terms, who=WHO)


def versions(world: World) -> int:
    with world.services.database.reading() as session:
        return len(session.exec(select(RewardVersionRow).order_by(col(RewardVersionRow.id))).all())


def test_a_reward_is_made_and_reads_as_it_was_written(world: World) -> None:
    reward_id = add(world, CARD)

    [listed] = list_rewards(world.services, store_id(world))

    assert replace(listed.terms, id=0, reward_id=0) == CARD
    assert (listed.terms.reward_id, listed.taken, listed.closed) == (reward_id, 0, None)
    assert see_reward(world.services, store_id(world), reward_id) == listed


def test_a_change_is_a_version_and_no_change_is_none(world: World) -> None:
    reward_id = add(world, CARD)

    same = change_reward(world.services, store_id(world), reward_id, CARD, who=WHO)
    other = change_reward(world.services, store_id(world), reward_id, replace(CARD, points=900), who=WHO)

    assert (same, other, versions(world)) == (False, True, 2)
    assert see_reward(world.services, store_id(world), reward_id).terms.points == 900


def test_a_reward_keeps_its_kind(world: World) -> None:
    reward_id = add(world, CARD)
    voucher_id = world.saleor.vouchers.create("Free shipping", 100)

    with pytest.raises(BadRequest, match="stays a gift card"):
        change_reward(world.services, store_id(world), reward_id, replace(VOUCHER, voucher_id=voucher_id), who=WHO)


def test_an_ended_reward_is_closed_and_ending_it_twice_is_fine(world: World) -> None:
    reward_id = add(world, CARD)

    for _ in range(2):
        end_reward(world.services, store_id(world), reward_id, who=WHO)

    assert see_reward(world.services, store_id(world), reward_id).closed is RewardRefusal.ENDED
    assert versions(world) == 2


def test_of_another_store_there_is_no_reward(world: World) -> None:
    for act in (
        lambda: end_reward(world.services, store_id(world), 7, who=WHO),
        lambda: change_reward(world.services, store_id(world), 7, CARD, who=WHO),
        lambda: see_reward(world.services, store_id(world), 7),
    ):
        with pytest.raises(BadRequest, match="no such reward"):
            act()


def test_a_channel_that_saleor_does_not_have_is_refused(world: World) -> None:
    with pytest.raises(BadRequest, match="no channel nope"):
        add(world, replace(CARD, channels=("nope",)))


def test_without_the_permission_it_cannot_be_switched_on(world: World, desk: Desk) -> None:
    world.saleor.apps.permit(desk.app_id, "MANAGE_ORDERS")
    with pytest.raises(BadRequest, match="lacks the permission MANAGE_GIFT_CARD"):
        add(world, CARD)
    reward_id = add(world, replace(CARD, is_active=False))
    assert list_vouchers(world.services, store_id(world)).missing == ("MANAGE_DISCOUNTS",)

    world.saleor.apps.permit(desk.app_id, "MANAGE_ORDERS", "HANDLE_PAYMENTS", "MANAGE_USERS", "MANAGE_GIFT_CARD")

    assert change_reward(world.services, store_id(world), reward_id, CARD, who=WHO)


def test_a_voucher_is_named_as_saleor_does_and_must_be_good_once(world: World) -> None:
    many = world.saleor.vouchers.create("Many times", 5, is_single_use=False)
    with pytest.raises(BadRequest, match="codes of the voucher Many times can be used many times"):
        add(world, replace(VOUCHER, voucher_id=many))

    once = as_once(new_token(), store_id=store_id(world), made_by=WHO, user_id="1")
    copy = copy_voucher(world.services, store_id(world), many, once=once)
    with pytest.raises(BadRequest, match="sent before"):
        copy_voucher(world.services, store_id(world), many, once=once)
    reward_id = add(world, replace(VOUCHER, voucher_id=copy.id))

    assert see_reward(world.services, store_id(world), reward_id).terms.voucher_name == "Many times (points)"
    assert {one.name: one.is_single_use for one in list_vouchers(world.services, store_id(world)).vouchers} == {
        "Many times": False,
        "Many times (points)": True,
    }


def test_a_saleor_that_does_not_say_is_waited_for(world: World) -> None:
    voucher_id = world.saleor.vouchers.create("Free shipping", 100)
    world.saleor.faults.always(faults.status(500), on="Voucher")

    with pytest.raises(Unavailable, match="did not give the voucher"):
        add(world, replace(VOUCHER, voucher_id=voucher_id))
    assert versions(world) == 0


def test_what_a_form_holds_reads_as_what_was_written_into_it() -> None:
    typed = {
        "name": "Any amount",
        "text": "",
        "picture_url": "https://shop.example/a.png",
        "points": "",
        "voucher_id": "",
        "starts_on": "2030-01-01",
        "ends_on": "2030-01-31",
        "limit_in_all": "100",
        "limit_each": "",
        "days_valid": "30",
        "return_on_expiry": "yes",
        "return_on_refund": "",
        "is_active": "",
        "amount-USD": "50",
        "rate-USD": "100",
        "channel-default-channel": "yes",
    }

    terms, errors = read_reward_draft(typed, RewardKind.AMOUNT, time_zone="Europe/Berlin")

    assert errors == {}
    assert terms is not None
    assert terms.amounts == (RewardAmount("USD", Decimal(50), Decimal(100)),)
    assert reward_draft_as_typed(terms, time_zone="Europe/Berlin") == typed
