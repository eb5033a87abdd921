"""`saleor-points doctor` names a permission that rewards need, and how many rewards wait since when."""

from app.usecases.operating.finding import Health
from tests.test_rewards.giving import GivingShop
from tests.test_staff.test_doctor import findings


def test_a_permission_that_was_taken_away_is_named_and_what_waits_for_it(shop: GivingShop) -> None:
    reward = shop.reward()
    shop.voucher()
    assert (findings(shop.world)["Saleor"].health, "rewards" in findings(shop.world)) == (Health.OK, False)

    shop.world.saleor.apps.permit(shop.world.store().app_id or "", "MANAGE_ORDERS", "MANAGE_DISCOUNTS")
    shop.taken(reward)

    found = findings(shop.world)
    assert "lacks MANAGE_GIFT_CARD: it cannot make their codes" in found["Saleor"].sentence
    assert found["rewards"].sentence.startswith("One reward that a customer took waits. It was taken on 20")


def test_a_reward_that_is_off_needs_no_permission(shop: GivingShop) -> None:
    shop.reward(is_active=False)
    shop.world.saleor.apps.permit(shop.world.store().app_id or "", "MANAGE_ORDERS")

    assert findings(shop.world)["Saleor"].health is Health.OK
