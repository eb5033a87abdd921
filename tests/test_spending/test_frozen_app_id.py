"""Once points paid, the app's identifier in Saleor is frozen: the payments belong to it."""

import pytest
from sqlalchemy import update

from app.db.tables import StoreRow
from app.errors import BadSetting
from app.usecases.operating.check_app_id import check_app_id
from app.usecases.operating.examine import examine
from app.usecases.operating.finding import Health
from tests.test_spending.paying import PayingShop
from tests.test_staff.command_line import typed
from tests.world import SECRET_KEY


def test_before_points_paid_any_identifier_will_do(shop: PayingShop) -> None:
    check_app_id(shop.world.services.database, "saleor.points.other")

    assert shop.world.store().payments_app_id is None


def test_the_first_payment_freezes_the_identifier(shop: PayingShop) -> None:
    shop.pay(shop.cart(), "15")

    assert shop.world.store().payments_app_id == shop.gateway
    check_app_id(shop.world.services.database, shop.gateway)
    with pytest.raises(BadSetting, match=f"Set MANIFEST_APP_ID={shop.gateway}"):
        check_app_id(shop.world.services.database, "saleor.points.other")


def test_a_first_payment_at_coggins_freezes_it(elsewhere: PayingShop) -> None:
    elsewhere.pay(elsewhere.cart(), "15")

    assert elsewhere.world.store().payments_app_id == elsewhere.gateway


def test_what_was_refused_freezes_nothing(shop: PayingShop) -> None:
    shop.pay(shop.cart(), "15", by=None)

    assert shop.world.store().payments_app_id is None


def test_payments_of_a_version_before_freeze_the_identifier_at_the_next_start(shop: PayingShop) -> None:
    shop.pay(shop.cart(), "15")
    with shop.world.services.database.writing() as session:
        session.execute(update(StoreRow).values(payments_app_id=None))

    check_app_id(shop.world.services.database, shop.gateway)

    assert shop.world.store().payments_app_id == shop.gateway


def test_another_identifier_stops_the_start_and_doctor_names_it(shop: PayingShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", shop.world.settings.database_url)
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    shop.pay(shop.cart(), "15")
    with shop.world.services.database.writing() as session:
        session.execute(update(StoreRow).values(payments_app_id="saleor.points.before"))

    started = typed("worker")
    [found] = [one for one in examine(shop.world.services, shop.world.settings) if "saleor.points.before" in one.sentence]

    assert isinstance(started.exception, BadSetting)
    assert "saleor.points.before" in started.exception.message
    assert (found.health, found.advice) == (Health.BAD, "Set MANIFEST_APP_ID=saleor.points.before")
