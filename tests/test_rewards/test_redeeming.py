"""A customer takes a reward: points first, then the code, once, whatever is lost on the way."""

from decimal import Decimal

import pytest

from app.domain.redemptions import RedemptionStage
from app.domain.rewards import RewardRefusal
from tests.standins import faults
from tests.standins.faults import Fault
from tests.test_rewards.giving import GivingShop


def test_points_become_a_gift_card(shop: GivingShop) -> None:
    redemption = shop.taken(shop.reward(days_valid=30))

    assert redemption.stage == RedemptionStage.GIVEN
    assert (redemption.amount, redemption.currency, redemption.points) == (Decimal("10.00"), "USD", 500)
    card = shop.card(redemption)
    assert (card.current, card.is_active) == (Decimal(10), True)
    assert shop.points()[0] == 700
    assert shop.differences() == []


def test_points_become_a_code_of_a_voucher(shop: GivingShop) -> None:
    redemption = shop.taken(shop.voucher())

    assert redemption.stage == RedemptionStage.GIVEN
    assert redemption.amount is None
    assert shop.world.saleor.codes.vouchers.with_code(redemption.code) is not None
    assert shop.points()[0] == 900
    assert shop.differences() == []


def test_the_customer_chooses_an_amount(shop: GivingShop) -> None:
    redemption = shop.taken(shop.reward(points=None, units=5_000, rate=Decimal(50)), amount=Decimal("12.50"))

    assert (redemption.points, shop.card(redemption).current) == (625, Decimal("12.50"))


def test_the_same_request_again_gives_the_same_code_and_takes_no_more(shop: GivingShop) -> None:
    reward = shop.reward()

    first, again = shop.taken(reward, key="k"), shop.taken(reward, key="k")

    assert first == again
    assert len(shop.cards()) == 1
    assert shop.points()[0] == 700


@pytest.mark.parametrize(("points", "refusal"), [(1_201, RewardRefusal.NO_POINTS), (1_200, None)])
def test_no_more_points_are_taken_than_there_are(shop: GivingShop, points: int, refusal: RewardRefusal | None) -> None:
    answer = shop.take(shop.reward(points=points))

    assert (answer is refusal) or refusal is None
    assert len(shop.cards()) == (0 if refusal else 1)


def test_a_limit_holds_and_a_reward_of_another_store_is_unknown(shop: GivingShop) -> None:
    reward = shop.reward(limit_each=1)
    shop.taken(reward)

    assert shop.take(reward) is RewardRefusal.YOURS_TAKEN
    assert shop.take(reward + 1_000) is None


def test_a_code_whose_answer_was_lost_is_found_by_its_letters(shop: GivingShop) -> None:
    shop.world.saleor.faults.once(faults.after_acting(faults.cut()), on="GiftCardCreate")

    redemption = shop.taken(shop.reward())
    assert (redemption.stage, redemption.code) == (RedemptionStage.TAKEN, "")
    shop.wait(minutes=2)

    redemption = shop.see(redemption)
    assert redemption.stage == RedemptionStage.GIVEN
    assert [card.code for card in shop.cards()] == [redemption.code]
    assert shop.points()[0] == 700
    assert shop.differences() == []


def test_a_code_that_saleor_has_and_does_not_show_needs_a_person_after_an_hour(shop: GivingShop) -> None:
    shop.world.saleor.faults.once(faults.after_acting(faults.cut()), on="GiftCardCreate")
    hidden = faults.edited(lambda _: {"data": {"giftCards": {"edges": []}}})
    shop.world.saleor.faults.always(hidden, on="GiftCardByCode")
    redemption = shop.taken(shop.reward())

    shop.wait(minutes=50)
    early = [row.problem_code for row in shop.rows()]
    shop.wait(minutes=20)
    late = [row.problem_code for row in shop.rows()]
    shop.world.saleor.faults.clear()
    shop.wait(minutes=2)

    assert (early, late) == (["not_sure"], ["unclear"])
    assert (shop.see(redemption).stage, [row.problem_code for row in shop.rows()]) == (RedemptionStage.GIVEN, [None])


@pytest.mark.parametrize("fault", [faults.status(500), faults.cut()])
def test_while_saleor_is_away_no_code_is_shown_and_no_points_are_lost(shop: GivingShop, fault: Fault) -> None:
    shop.world.saleor.faults.always(fault)

    redemption = shop.taken(shop.reward())
    shop.wait(hours=2)
    assert (shop.see(redemption).stage, shop.see(redemption).code) == (RedemptionStage.TAKEN, "")
    shop.world.saleor.faults.clear()
    shop.wait(hours=2)

    assert shop.see(redemption).stage == RedemptionStage.GIVEN
    assert len(shop.cards()) == 1
    assert shop.differences() == []


def test_points_come_back_once_where_saleor_refuses_the_code(shop: GivingShop) -> None:
    reward = shop.voucher(is_single_use=False)

    redemption = shop.taken(reward)
    shop.wait(hours=1)

    assert shop.see(redemption).stage == RedemptionStage.NOT_MADE
    assert shop.see(redemption).returned_points == 300
    assert [row.because for row in shop.rows()] == ["The voucher's codes can be used more than once. The points go back."]
    assert shop.points()[0] == 1_200
    assert len(shop.returns()) == 1
    assert shop.differences() == []


def test_after_a_lost_answer_a_refusal_is_believed_only_later(shop: GivingShop) -> None:
    reward = shop.voucher()
    shop.world.saleor.faults.once(faults.cut(), on="VoucherCodeAdd")
    redemption = shop.taken(reward)
    [voucher] = shop.world.saleor.codes.vouchers.all()
    shop.world.saleor.codes.vouchers.change(voucher.id, is_single_use=False)

    shop.wait(minutes=2)
    assert shop.see(redemption).stage == RedemptionStage.TAKEN
    shop.wait(minutes=15)

    assert shop.see(redemption).stage == RedemptionStage.NOT_MADE
    assert shop.points()[0] == 1_200


def test_without_the_permission_the_code_waits_until_it_is_there(shop: GivingShop) -> None:
    app_id = shop.world.store().app_id or ""
    shop.world.saleor.apps.permit(app_id, "MANAGE_ORDERS")
    redemption = shop.taken(shop.reward())
    assert [row.problem_code for row in shop.rows()] == ["permission"]

    shop.world.saleor.apps.permit(app_id, "MANAGE_ORDERS", "MANAGE_GIFT_CARD")
    shop.wait(hours=2)

    assert shop.see(redemption).stage == RedemptionStage.GIVEN
    assert [row.problem_code for row in shop.rows()] == [None]
