"""What becomes of a code that was given: used, given back, or over. Nothing is credited that an order took."""

from datetime import timedelta
from decimal import Decimal

from app.domain.redemptions import RedemptionStage
from app.usecases.rewards.withdraw import withdraw
from tests.standins import faults
from tests.test_rewards.giving import GivingShop


def give_back(shop: GivingShop, redemption_reference: object) -> None:
    [row] = [one for one in shop.rows() if one.reference == redemption_reference]
    withdraw(shop.world.services, row.store_id, row.reference, who="tests")


def test_an_unused_card_comes_back_ten_minutes_after_it_was_blocked(shop: GivingShop) -> None:
    redemption = shop.taken(shop.reward())

    give_back(shop, redemption.reference)
    shop.work()
    card = shop.card(redemption)
    assert (card.is_active, card.current, shop.points()[0]) == (False, Decimal(10), 700)
    assert shop.see(redemption).code == ""
    shop.wait(minutes=9)
    assert shop.points()[0] == 700
    shop.wait(minutes=2)

    assert shop.card(redemption).current == 0
    assert shop.see(redemption).stage == RedemptionStage.WITHDRAWN
    assert shop.points()[0] == 1_200
    assert shop.differences() == []


def test_a_card_that_an_order_uses_while_it_is_taken_back_is_used(shop: GivingShop) -> None:
    redemption = shop.taken(shop.reward())
    checkout_id = shop.world.saleor.checkouts.create("60", email="ada@example.com")
    shop.world.saleor.codes.add(checkout_id, redemption.code)

    def meanwhile() -> None:
        give_back(shop, redemption.reference)
        shop.work()

    shop.world.saleor.checkouts.complete(checkout_id, meanwhile=meanwhile)
    shop.wait(minutes=11)

    assert shop.see(redemption).stage == RedemptionStage.USED
    assert shop.points()[0] == 700
    assert shop.differences() == []


def test_of_a_card_used_in_part_the_rest_comes_back(shop: GivingShop) -> None:
    redemption = shop.taken(shop.reward())
    shop.buy(redemption.code, price="6.66")
    shop.wait(hours=1)
    assert shop.see(redemption).used == Decimal("6.66")

    give_back(shop, redemption.reference)
    shop.work()
    shop.wait(minutes=11)

    assert shop.see(redemption).returned_points == 167
    assert shop.points()[0] == 867
    assert shop.differences() == []


def test_a_used_card_ends_and_says_so(shop: GivingShop) -> None:
    redemption = shop.taken(shop.reward())
    shop.buy(redemption.code)
    shop.wait(hours=1)

    assert shop.see(redemption).stage == RedemptionStage.USED
    assert [row.look_at for row in shop.rows()] == [None]


def test_a_used_code_of_a_voucher_is_found_by_its_order(shop: GivingShop) -> None:
    redemption = shop.taken(shop.voucher())
    shop.buy(redemption.code)

    give_back(shop, redemption.reference)
    shop.work()
    shop.wait(minutes=11)

    assert shop.see(redemption).stage == RedemptionStage.USED
    assert shop.points()[0] == 900


def test_an_unused_code_of_a_voucher_comes_back_and_is_gone(shop: GivingShop) -> None:
    redemption = shop.taken(shop.voucher())

    give_back(shop, redemption.reference)
    shop.work()
    assert shop.world.saleor.codes.vouchers.with_code(redemption.code) is None
    shop.wait(minutes=11)

    assert shop.see(redemption).stage == RedemptionStage.WITHDRAWN
    assert shop.points()[0] == 1_200
    assert shop.differences() == []


def test_a_code_whose_time_is_over_brings_its_points_back(shop: GivingShop) -> None:
    redemption = shop.taken(shop.reward(days_valid=2))

    shop.wait(days=4)
    shop.wait(minutes=11)

    assert shop.see(redemption).stage == RedemptionStage.EXPIRED
    assert shop.points()[0] == 1_200
    assert shop.differences() == []


def test_or_lapses_where_the_reward_says_so(shop: GivingShop) -> None:
    redemption = shop.taken(shop.reward(days_valid=2, return_on_expiry=False))

    shop.wait(days=4)
    shop.wait(minutes=11)

    assert shop.see(redemption).stage == RedemptionStage.EXPIRED
    assert (shop.points()[0], shop.returns()) == (700, [])
    assert shop.differences() == []


def test_a_reward_given_back_can_be_taken_again(shop: GivingShop) -> None:
    reward = shop.reward(limit_each=1)
    redemption = shop.taken(reward)
    give_back(shop, redemption.reference)
    shop.work()
    shop.wait(minutes=11)

    assert shop.taken(reward).stage == RedemptionStage.GIVEN


def test_a_card_given_back_before_it_was_surely_made_comes_back_once(shop: GivingShop) -> None:
    shop.world.saleor.faults.once(faults.after_acting(faults.cut()), on="GiftCardCreate")
    redemption = shop.taken(shop.reward())

    give_back(shop, redemption.reference)
    shop.work()
    shop.wait(minutes=11)
    shop.wait(minutes=11)

    assert shop.see(redemption).stage == RedemptionStage.WITHDRAWN
    assert [(card.is_active, card.current) for card in shop.cards()] == [(False, Decimal(0))]
    assert shop.points()[0] == 1_200


def test_a_card_deleted_in_saleor_needs_a_person(shop: GivingShop) -> None:
    redemption = shop.taken(shop.reward())
    shop.world.saleor.codes.cards.delete(shop.card(redemption).id)

    shop.wait(hours=1)

    assert [row.problem_code for row in shop.rows()] == ["deleted"]
    assert shop.points()[0] == 700


def test_a_code_of_a_voucher_that_was_deleted_needs_a_person_who_withdraws_it(shop: GivingShop) -> None:
    redemption = shop.taken(shop.voucher())
    [voucher] = shop.world.saleor.codes.vouchers.all()
    shop.world.saleor.codes.vouchers.delete(voucher.id)

    shop.wait(hours=1)
    assert [(row.stage, row.problem_code) for row in shop.rows()] == [("given", "voucher_gone")]
    give_back(shop, redemption.reference)
    shop.work()
    shop.wait(minutes=11)

    assert shop.see(redemption).stage == RedemptionStage.WITHDRAWN
    assert shop.points()[0] == 1_200
    assert shop.differences() == []


def test_moments_that_lie_ahead_hold_nothing_up(shop: GivingShop) -> None:
    redemption = shop.taken(shop.reward())
    give_back(shop, redemption.reference)
    shop.work()
    ahead = shop.world.clock.now + timedelta(days=300)
    with shop.world.services.database.writing() as session:
        [row] = shop.rows()
        row.blocked_at = row.look_at = ahead
        session.add(row)

    shop.work()
    shop.wait(minutes=11)

    assert shop.see(redemption).stage == RedemptionStage.WITHDRAWN
