"""Points of a payment go back to Coggins: once, to whoever holds them by now, and Saleor counts the same."""

import pytest
import requests
from sqlmodel import select

from app.db.tables import PointsCustomerRow
from app.domain.claim import Balance
from app.domain.spending import ReturnReason, SpendStage
from app.domain.store import AccountKind
from app.usecases.merchants.change_provider import change_provider
from app.usecases.merchants.move_customer import move_customer
from app.usecases.operating.erase_customer import erase_customer
from app.usecases.spending.giving_back import ERASED
from tests.standins import faults
from tests.standins.coggins import StandInCoggins
from tests.standins.faults import Fault
from tests.standins.saleor.calls import call
from tests.test_spending.paying import ADA, PayingShop, look_on

GRACE = "grace@example.com"


def paid(shop: PayingShop, amount: str = "15") -> str:
    """Pay an order by points alone; gives the transaction's id."""
    checkout_id = shop.cart(amount)
    transaction_id = shop.pay(checkout_id).transaction.id
    shop.world.saleor.checkouts.complete(checkout_id)
    return transaction_id


def refund(shop: PayingShop, transaction_id: str, amount: str | None = None) -> None:
    shop.world.saleor.requests.ask(transaction_id, amount=amount)
    shop.world.saleor.requests.deliver()


def charged(shop: PayingShop, transaction_id: str) -> int:
    return int(shop.world.saleor.payments[transaction_id].charged)


def lose_answers(shop: PayingShop) -> None:
    """Let the app do what it is asked, and lose its answers, as after 18 seconds."""

    def lost(method: str, url: str, **options: object) -> requests.Response:
        call(method, url, **options)  # type: ignore[arg-type]  # the same as it was asked with
        raise requests.ConnectionError

    shop.world.saleor.payments.asking.call = lost


def test_a_refund_gives_the_points_back_elsewhere(elsewhere: PayingShop) -> None:
    transaction_id = paid(elsewhere)

    refund(elsewhere, transaction_id, "5")
    look_on(elsewhere)

    assert charged(elsewhere, transaction_id) == 10
    assert elsewhere.world.balance(ADA) == Balance(1_000, 0)
    assert elsewhere.spends()[0].stage == SpendStage.ON_ORDER
    assert elsewhere.differences() == []


def test_a_whole_refund_whose_answer_was_lost_is_reported_although_coggins_has_the_points_first(elsewhere: PayingShop) -> None:
    transaction_id = paid(elsewhere)
    lose_answers(elsewhere)

    refund(elsewhere, transaction_id)
    assert charged(elsewhere, transaction_id) == 15
    look_on(elsewhere)

    assert charged(elsewhere, transaction_id) == 0
    assert elsewhere.world.balance(ADA) == Balance(2_000, 0)
    [spend] = elsewhere.spends()
    assert (spend.stage, spend.look_at) == (SpendStage.RETURNED, None)
    assert elsewhere.differences() == []


@pytest.mark.parametrize("fault", [faults.after_acting(faults.cut()), faults.cut(), faults.status(429)])
def test_a_return_whose_answer_coggins_loses_is_given_once(elsewhere: PayingShop, fault: Fault) -> None:
    transaction_id = paid(elsewhere)
    coggins = elsewhere.world.coggins
    assert coggins is not None
    coggins.faults.once(fault, on="instant")

    refund(elsewhere, transaction_id)
    look_on(elsewhere)

    assert charged(elsewhere, transaction_id) == 0
    assert elsewhere.world.balance(ADA) == Balance(2_000, 0)
    assert elsewhere.differences() == []


def test_what_saleor_did_not_book_comes_back_once_although_coggins_takes_its_time(elsewhere: PayingShop) -> None:
    lose_answers(elsewhere)
    session = elsewhere.pay(elsewhere.cart("60"), "15")
    coggins = elsewhere.world.coggins
    assert coggins is not None
    coggins.stop()
    look_on(elsewhere)
    assert [spend.stage for spend in elsewhere.spends()] == [SpendStage.CHECKING]

    coggins.start()
    look_on(elsewhere)

    assert session.event.type == "CHARGE_FAILURE"
    [spend] = elsewhere.spends()
    assert (spend.stage, spend.look_at) == (SpendStage.RETURNED, None)
    assert [back.why for back in elsewhere.returns()] == [ReturnReason.NOT_BOOKED]
    assert elsewhere.world.balance(ADA) == Balance(2_000, 0)
    assert elsewhere.differences() == []


def test_points_come_back_to_whoever_the_payer_was_moved_to(elsewhere: PayingShop) -> None:
    transaction_id = paid(elsewhere)
    elsewhere.world.clock.advance(minutes=1)
    move_customer(elsewhere.world.services, elsewhere.world.store().slug, ADA, GRACE, reason="A new address.", who="Ann")
    look_on(elsewhere)

    refund(elsewhere, transaction_id)
    look_on(elsewhere)

    assert charged(elsewhere, transaction_id) == 0
    assert (elsewhere.world.balance(ADA), elsewhere.world.balance(GRACE)) == (Balance(0, 0), Balance(2_000, 0))


def test_saleor_is_answered_and_nobody_credited_once_the_payer_was_erased(elsewhere: PayingShop) -> None:
    transaction_id = paid(elsewhere)
    look_on(elsewhere)
    erase_customer(elsewhere.world.services, elsewhere.world.store().slug, ADA)

    refund(elsewhere, transaction_id)
    look_on(elsewhere)

    assert charged(elsewhere, transaction_id) == 0
    [spend] = elsewhere.spends()
    assert (spend.stage, spend.look_at) == (SpendStage.RETURNED, None)
    assert [back.problem for back in elsewhere.returns()] == [ERASED]
    # Coggins keeps what it had; the app gives nobody anything.
    assert elsewhere.world.balance(ADA) == Balance(500, 0)
    assert elsewhere.differences() == []


def test_points_taken_elsewhere_come_back_to_the_account_of_today(elsewhere: PayingShop) -> None:
    transaction_id = paid(elsewhere)
    look_on(elsewhere)
    store = elsewhere.world.store()
    change_provider(elsewhere.world.services, store.slug, store.id or 0, kind=AccountKind.EMBEDDED)

    refund(elsewhere, transaction_id)
    look_on(elsewhere)

    assert charged(elsewhere, transaction_id) == 0
    assert elsewhere.world.coggins is not None
    assert elsewhere.world.coggins.books().balance(ADA).available == 500
    assert elsewhere.spends()[0].stage == SpendStage.RETURNED
    assert embedded_balance(elsewhere) == 1_500
    assert elsewhere.differences() == []


def test_embedded_points_come_back_to_coggins_once_the_store_uses_it(shop: PayingShop, coggins: StandInCoggins) -> None:
    transaction_id = paid(shop)
    look_on(shop)
    store = shop.world.store()
    change_provider(shop.world.services, store.slug, store.id or 0, kind=AccountKind.COGGINS, url=coggins.url, key=coggins.key)

    refund(shop, transaction_id)
    look_on(shop)

    assert charged(shop, transaction_id) == 0
    assert coggins.books().balance(ADA).available == 1_500
    assert shop.spends()[0].stage == SpendStage.RETURNED
    assert embedded_balance(shop) == 500
    assert shop.differences() == []


def test_they_come_to_the_address_that_the_payer_was_moved_to_there(shop: PayingShop, coggins: StandInCoggins) -> None:
    transaction_id = paid(shop)
    look_on(shop)
    store = shop.world.store()
    change_provider(shop.world.services, store.slug, store.id or 0, kind=AccountKind.COGGINS, url=coggins.url, key=coggins.key)
    coggins.adjust(ADA, 10)
    move_customer(shop.world.services, store.slug, ADA, GRACE, reason="A new address", who="Olga")
    look_on(shop)

    refund(shop, transaction_id)
    look_on(shop)

    assert (coggins.books().balance(ADA).available, coggins.books().balance(GRACE).available) == (0, 1_510)
    assert shop.spends()[0].stage == SpendStage.RETURNED
    assert shop.differences() == []


def test_a_return_that_waits_for_a_provider_comes_back_there_although_the_store_left_it(
    shop: PayingShop, coggins: StandInCoggins
) -> None:
    transaction_id = paid(shop)
    look_on(shop)
    store = shop.world.store()
    change_provider(shop.world.services, store.slug, store.id or 0, kind=AccountKind.COGGINS, url=coggins.url, key=coggins.key)
    coggins.stop()
    refund(shop, transaction_id)
    look_on(shop)

    change_provider(shop.world.services, store.slug, store.id or 0, kind=AccountKind.EMBEDDED)
    look_on(shop)
    coggins.start()
    # It was away for so long that it may be asked again after an hour and a quarter only.
    look_on(shop)
    look_on(shop)

    assert charged(shop, transaction_id) == 0
    assert (embedded_balance(shop), coggins.books().balance(ADA).available) == (500, 1_500)
    assert shop.spends()[0].stage == SpendStage.RETURNED
    assert shop.differences() == []


def embedded_balance(shop: PayingShop) -> int:
    with shop.world.services.database.reading() as session:
        return session.exec(select(PointsCustomerRow.available).where(PointsCustomerRow.email_key == ADA)).one()
