"""A payment that Saleor has no more waits for a person, who gives its points back or writes them off."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.spending import SpendStage
from app.errors import BadRequest
from app.usecases.spending.look_after_spends import MISSING
from app.usecases.spending.settle_missing import settle_missing
from tests.standins import faults
from tests.standins.saleor.app_payments import Session
from tests.test_spending.paying import ADA, PayingShop
from tests.test_spending.test_looking_after import REPORTS, later, look_after
from tests.test_spending.test_reversed_refunds import move_on
from tests.test_staff.command_line import typed
from tests.world import SECRET_KEY


def lose(shop: PayingShop, session: Session) -> None:
    """Let Saleor have nothing any more of what happened in a transaction."""
    shop.world.saleor.payments.change(session.transaction.id, lambda old: replace(old, events=()), None)


def lost_payment(shop: PayingShop) -> int:
    """Pay 15.00, and let Saleor lose the charge after it was confirmed. Gives the payment's number."""
    session = shop.pay(shop.cart(), "15")
    later(shop, minutes=2)
    lose(shop, session)
    later(shop, hours=24)
    [spend] = shop.spends()
    assert (spend.stage, spend.problem_code, spend.problem) == (SpendStage.CONFIRMED, "missing", MISSING)
    return spend.id or 0


def settle(shop: PayingShop, number: int, **how: Any) -> int:
    says: dict[str, Any] = {"give_back": True, "why": "The order was deleted.", "who": "Olga"} | how
    return settle_missing(shop.world.services, shop.world.store().slug, number, **says)


def test_its_points_are_given_back(shop: PayingShop) -> None:
    number = lost_payment(shop)

    assert settle(shop, number) == 1_500

    assert shop.points() == (2_000, 0)
    [spend], [back] = shop.spends(), shop.returns()
    assert (spend.stage, spend.problem_code, spend.look_at) == (SpendStage.RETURNED, None, None)
    assert (back.made_by, back.problem) == ("Olga", None)
    assert shop.differences() == []


def test_a_payment_that_is_lost_while_it_goes_back_waits_for_a_person_too(shop: PayingShop) -> None:
    session = shop.pay(shop.cart(), "15")
    later(shop, minutes=2)
    shop.world.clock.advance(hours=24)
    shop.world.saleor.faults.once(lambda act: act(), on=REPORTS)
    shop.world.saleor.faults.once(faults.cut(), on=REPORTS)
    look_after(shop)
    assert len(shop.returns()) == 1

    lose(shop, session)
    later(shop, minutes=5)
    [spend] = shop.spends()
    assert (spend.problem_code, spend.returned_units) == ("missing", 0)
    settle(shop, spend.id or 0)

    assert shop.points() == (2_000, 0)
    assert shop.spends()[0].stage == SpendStage.RETURNED
    assert shop.differences() == []


def test_its_points_are_written_off(shop: PayingShop) -> None:
    number = lost_payment(shop)

    assert settle(shop, number, give_back=False) == 1_500

    assert shop.points() == (500, 1_500)
    [spend], [back] = shop.spends(), shop.returns()
    assert (spend.stage, spend.look_at) == (SpendStage.RETURNED, None)
    assert back.problem == "Written off: nobody got these points. The order was deleted."
    assert shop.differences() == []


def test_it_is_settled_once_and_with_a_reason(shop: PayingShop) -> None:
    number = lost_payment(shop)

    with pytest.raises(BadRequest, match="say why"):
        settle(shop, number, why=" ")
    settle(shop, number)
    with pytest.raises(BadRequest, match="went back already"):
        settle(shop, number)

    assert shop.points() == (2_000, 0)


def test_a_payment_that_saleor_has_is_not_settled_so(shop: PayingShop) -> None:
    shop.pay(shop.cart(), "15")
    later(shop, minutes=2)

    with pytest.raises(BadRequest, match="Saleor has this payment"):
        settle(shop, shop.spends()[0].id or 0)

    assert shop.returns() == []


def test_it_is_settled_by_command(shop: PayingShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", shop.world.settings.database_url)
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    number, slug = lost_payment(shop), shop.world.store().slug

    released = typed("spends", "release", str(number), "--store", slug, "--who", "Olga")
    settled = typed("spends", "settle", str(number), "--store", slug, "--give-back", "--why", "deleted", "--who", "Olga")

    assert "spends settle" in str(released.exception)
    assert "1500 points go back to the customer." in settled.output
    assert shop.points() == (2_000, 0)


def test_at_coggins_it_ends_when_the_account_has_answered(elsewhere: PayingShop) -> None:
    number = lost_payment(elsewhere)

    settle(elsewhere, number)
    assert elsewhere.spends()[0].stage == SpendStage.CONFIRMED
    move_on(elsewhere)

    assert elsewhere.points() == (2_000, 0)
    assert elsewhere.spends()[0].stage == SpendStage.RETURNED
    assert elsewhere.differences() == []


def test_what_was_not_booked_waits_for_an_account_that_is_away(elsewhere: PayingShop) -> None:
    session = elsewhere.pay(elsewhere.cart(), "15")
    lose(elsewhere, session)

    later(elsewhere, minutes=2)
    later(elsewhere, minutes=10)
    assert len(elsewhere.returns()) == 1
    move_on(elsewhere)

    assert elsewhere.points() == (2_000, 0)
    assert elsewhere.spends()[0].stage == SpendStage.RETURNED


def test_payments_open_while_the_app_was_removed_say_so_until_saleor_was_asked(shop: PayingShop) -> None:
    shop.pay(shop.cart(), "15")
    later(shop, minutes=2)
    shop.world.saleor.apps.uninstall(shop.world.store().app_id or "")
    shop.world.deliver()

    shop.world.clock.advance(minutes=2)
    shop.world.install()
    assert shop.spends()[0].problem_code == "stranded"
    look_after(shop)
    assert shop.spends()[0].problem_code == "permission"
    shop.open()
    later(shop, hours=24)

    assert shop.points(ADA) == (2_000, 0)
    assert shop.spends()[0].stage == SpendStage.RETURNED
