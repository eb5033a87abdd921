"""Rewards taken that need a person: on the overview, in the home box, and under Extensions."""

from typing import Any

import pytest
from sqlmodel import select

from app.db.tables import RedemptionRow, RedemptionUseRow, RewardVersionRow
from app.db.troubled_redemptions import LISTED_MAX
from app.domain.redemptions import RedemptionStage
from app.usecases.operating.tell_problems import tell_problems
from app.usecases.rewards.look_after_redemptions import GONE, NOT_ALLOWED
from tests.test_merchant.calls import Desk, notified, once_in, seen
from tests.test_merchant.test_overview import QUERIES_MAX, counted
from tests.test_rewards.giving import ADA
from tests.test_rewards.rows import new_redemption, new_reward, pay


@pytest.fixture
def reward(desk: Desk) -> RewardVersionRow:
    return new_reward(desk.world.services.database, store_id=desk.world.store().id)


def troubled(desk: Desk, reward: RewardVersionRow, **says: Any) -> None:
    """A reward was taken, and something is wrong with it: unless told otherwise, its gift card was deleted."""
    database = desk.world.services.database
    taken = new_redemption(database, reward)
    pay(database, taken)
    with database.writing() as session:
        row = session.get_one(RedemptionRow, taken.id)
        row.given_at = row.taken_at
        for name, value in ({"stage": "given", "problem_code": "deleted", "problem": GONE} | says).items():
            setattr(row, name, value)


def test_a_reward_that_needs_a_person_is_listed_with_what_to_do(desk: Desk, reward: RewardVersionRow) -> None:
    troubled(desk, reward)
    troubled(desk, reward, stage="taken", given_at=None, problem_code="permission", problem=NOT_ALLOWED)

    page = desk.get("overview")

    assert "Needs you 2" in seen(page)
    assert f"Reward 10 off taken by {ADA} {GONE} Ask the customer, or look at their orders" in seen(page)
    assert f"{NOT_ALLOWED} Open the reward, press “Change” and then “Grant”." in seen(page)
    assert f'href="/app/customers/{ADA}"' in page.text
    assert f'href="/app/rewards/{reward.reward_id}"' in page.text


def sent(desk: Desk, form: str, **fields: str) -> Any:
    page = desk.get(f"customers/{ADA}")
    return desk.post(f"customers/{ADA}/{form}", {"once": once_in(page), "email": ADA, "redemption": "1"} | fields)


def test_staff_write_off_the_points_of_a_deleted_gift_card(desk: Desk, reward: RewardVersionRow) -> None:
    troubled(desk, reward)
    assert "was deleted in Saleor. Say what becomes of the points" in seen(desk.get(f"customers/{ADA}"))

    refused = sent(desk, "settle-reward", gives_back="no")
    settled = sent(desk, "settle-reward", gives_back="no", reward_why="They bought with it.")

    assert (refused.status_code, settled.status_code) == (422, 200)
    assert "Please say why" in seen(refused)
    assert "Points written off" in notified(settled).values()
    assert "Nobody got the points back. Settled by admin@example.com: They bought with it." in seen(settled)
    assert "Say what becomes" not in seen(settled)
    assert "Needs you Nothing to do." in seen(desk.get("overview"))


def test_staff_withdraw_a_reward_once_however_often_the_form_is_sent(desk: Desk, reward: RewardVersionRow) -> None:
    troubled(desk, reward, problem_code=None, problem=None)
    page = desk.get(f"customers/{ADA}")
    form = {"once": once_in(page), "email": ADA, "redemption": "1"}

    answers = [desk.post(f"customers/{ADA}/withdraw-reward", form) for _ in range(2)]

    assert [notified(answer)["title"] for answer in answers] == ["The reward is being withdrawn"] * 2
    assert "Being withdrawn" in seen(answers[0])
    assert "This page shows the outcome by itself." in seen(answers[0])
    assert "The reward is being withdrawn" not in seen(sent(desk, "withdraw-reward", redemption="99"))
    assert "A reward is taken back" in seen(desk.get("log"))


def on_rewards_page(desk: Desk, version: RewardVersionRow, form: str, **fields: str) -> Any:
    place = f"rewards/{version.reward_id}"
    about = {"once": once_in(desk.get(place)), "reward": f"{version.reward_id}", "redemption": "1"}
    return desk.post(f"{place}/{form}", about | fields)


def test_a_rewards_own_page_withdraws_and_settles_what_it_gave_out(desk: Desk, reward: RewardVersionRow) -> None:
    troubled(desk, reward)
    troubled(desk, reward, problem_code=None, problem=None)

    refused = on_rewards_page(desk, reward, "settle-reward", gives_back="no")
    settled = on_rewards_page(desk, reward, "settle-reward", gives_back="no", reward_why="They bought with it.")
    withdrawn = on_rewards_page(desk, reward, "withdraw-reward", redemption="2")

    assert (refused.status_code, "Please say why" in seen(refused)) == (422, True)
    assert "Points written off" in notified(settled).values()
    assert notified(withdrawn)["title"] == "The reward is being withdrawn"
    assert "Being withdrawn" in seen(withdrawn)
    assert on_rewards_page(desk, reward, "withdraw-reward", redemption="2", reward="77").status_code == 400


def test_points_of_a_refunded_order_that_did_not_come_back_are_listed_though_the_reward_is_used(
    desk: Desk, reward: RewardVersionRow
) -> None:
    said = {"problem_code": "not_returned", "problem": "This customer is blocked."}
    troubled(desk, reward, stage=RedemptionStage.USED, used_units=1_000, **said)

    assert "This customer is blocked. Points of this reward did not come back for a refunded order." in seen(desk.get("overview"))


def test_an_orders_page_has_the_rewards_that_it_used(desk: Desk, reward: RewardVersionRow) -> None:
    troubled(desk, reward, stage=RedemptionStage.USED, used_units=1_000, problem_code=None, problem=None)
    order_id = desk.world.saleor.shop.place_paid_order("60", email=ADA)
    desk.world.deliver()
    use = RedemptionUseRow(redemption_id=1, saleor_order_id=order_id, amount_units=1_000, seen_at=desk.world.clock.now)
    with desk.world.services.database.writing() as session:
        session.add(use)

    page = seen(desk.get(f"orders/{order_id}"))

    assert f"Reward Customer Cost Used Points back Details 10 off {ADA} 500 10.00 USD" in page
    assert "Nothing comes back for this reward when an order is cancelled or refunded." in page


def test_a_reward_that_goes_on_by_itself_or_is_over_is_not_listed(desk: Desk, reward: RewardVersionRow) -> None:
    troubled(desk, reward, problem_code="saleor", problem="Saleor did not answer.")
    troubled(desk, reward, problem_code=None, problem=None)
    troubled(desk, reward, stage=RedemptionStage.USED, used_units=1_000)

    assert "Needs you Nothing to do." in seen(desk.get("overview"))


def test_orders_and_rewards_are_counted_together_by_few_queries(desk: Desk, reward: RewardVersionRow) -> None:
    desk.world.saleor.shop.place_paid_order("60", email="")
    desk.world.deliver()
    for _ in range(LISTED_MAX + 3):
        troubled(desk, reward)

    with counted(desk.world.services.database) as sent:
        page = seen(desk.get("overview"))

    # One more than without rewards: they are listed by a query of their own.
    assert 0 < len(sent) <= QUERIES_MAX + 1, sent
    assert f"Needs you {LISTED_MAX + 4}" in page
    assert page.count(GONE) == LISTED_MAX
    assert f"The newest {LISTED_MAX} of {LISTED_MAX + 3} rewards." in page


def test_the_home_box_counts_rewards_and_names_some(desk: Desk, reward: RewardVersionRow) -> None:
    for _ in range(3):
        troubled(desk, reward)

    box = seen(desk.widget("home"))

    assert "Needs you: 3" in box
    assert box.count(f"Reward taken by {ADA}") == 2
    assert "All 3 on the Overview" in box


def test_saleor_is_told_how_many_rewards_need_a_person(desk: Desk, reward: RewardVersionRow) -> None:
    world = desk.world
    troubled(desk, reward)

    tell_problems(world.services)
    told = world.store().problems_told
    with world.services.database.writing() as session:
        mended = session.exec(select(RedemptionRow)).one()
        mended.problem_code = mended.problem = None
    tell_problems(world.services)

    assert told == '{"points-rewards": "Rewards taken that need a person: 1. Open Saleor Points to see what to do."}'
    assert world.store().problems_told == "{}"
