"""An operator sees the open payments by points, and gives one back: Saleor is told first, then the customer gets the points."""

from typing import Any

import pytest

from app.domain.spending import ReturnReason, SpendStage
from app.errors import BadRequest
from app.usecases.spending.release_spend import release_spend
from tests.test_spending.paying import ADA, PayingShop
from tests.test_spending.test_looking_after import booked, later, look_after
from tests.test_staff.command_line import typed
from tests.world import SECRET_KEY


@pytest.fixture
def shop(shop: PayingShop, monkeypatch: pytest.MonkeyPatch) -> PayingShop:
    monkeypatch.setenv("DATABASE_URL", shop.world.settings.database_url)
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    return shop


def release(shop: PayingShop, number: int) -> Any:
    return typed("spends", "release", str(number), "--store", shop.world.store().slug, "--who", "Olga")


def test_a_confirmed_payment_is_listed_and_released_once(shop: PayingShop) -> None:
    session = shop.pay(shop.cart(), "15")
    later(shop, minutes=2)
    number = shop.spends()[0].id or 0

    listed = typed("spends", "payments", "--store", shop.world.store().slug).output
    assert listed.splitlines()[1].split()[3:] == [ADA, "(checkout)", "15.00", "USD", "1500", "0.00", "confirmed"]
    with pytest.raises(BadRequest, match="no payment 999"):
        release_spend(shop.world.services, shop.world.store().slug, 999, who="Olga")
    said = release_spend(shop.world.services, shop.world.store().slug, number, who="Olga")
    with pytest.raises(BadRequest, match="went back already"):
        release_spend(shop.world.services, shop.world.store().slug, number, who="Olga")
    assert shop.points() == (500, 1_500), "nothing is credited before Saleor was told"
    look_after(shop)

    [back] = shop.returns()
    assert (said, back.why, back.made_by) == (1_500, ReturnReason.STAFF, "Olga")
    assert (shop.points(), booked(shop, session)) == ((2_000, 0), (0, 15))
    assert shop.spends()[0].stage == SpendStage.RETURNED
    assert "No payment by points is open." in typed("spends", "payments", "--store", shop.world.store().slug).output
    assert shop.differences() == []


def test_a_payment_that_saleor_has_not_booked_yet_is_not_released(shop: PayingShop) -> None:
    shop.pay(shop.cart(), "15")

    refused = release(shop, shop.spends()[0].id or 0)

    assert refused.exit_code != 0
    assert "Saleor is still asked" in str(refused.exception)
    assert shop.returns() == []


def test_payments_are_listed_among_the_spends(shop: PayingShop) -> None:
    checkout_id = shop.cart("15")
    shop.pay(checkout_id)
    order_id = shop.world.saleor.checkouts.complete(checkout_id)
    later(shop, minutes=2)
    shop.pay(shop.cart("60"), "1")

    listed = typed("spends", "list", "--store", shop.world.store().slug).output.splitlines()

    assert listed[1].split()[3:] == [ADA, "100", "0", "payment", "2,", "checkout"]
    assert listed[2].split()[3:] == [ADA, "1500", "0", "payment", "1,", "order", order_id]
