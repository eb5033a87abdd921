"""Gift cards and vouchers by our client, against a stand-in of each version of Saleor."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest

from app.errors import SaleorFault, SaleorRefused, SaleorUnreachable
from app.saleor.client import SaleorClient
from app.saleor.code_calls import CARDS_MAX, CodeCalls, CodeRefusal, NewCard
from app.saleor.code_parsing import Card, CardUse, OrderOfCode, VoucherWorth
from tests.clock import MovableClock
from tests.standins.faults import after_acting, cut, edited, graphql_errors
from tests.standins.saleor import SigningKey, StandInSaleor
from tests.test_saleor.conftest import Caller

CODE = "PTSABCDEFGH23456"
TEN = NewCard(CODE, Decimal("10.00"), "USD")
VERSIONS = ("3.20.0", "3.21.0", "3.22.0", "3.23.0", "3.24.0-a.0")


@dataclass(frozen=True)
class Giving:
    """Our calls about codes, and the Saleor they are made to."""

    calls: CodeCalls
    client: SaleorClient
    saleor: StandInSaleor
    token: str
    app_id: str

    @property
    def url(self) -> str:
        return self.saleor.api_url

    def make(self, new: NewCard = TEN) -> Card | CodeRefusal:
        return self.calls.make_card(self.url, self.token, new, version=self.saleor.version)

    def made(self, new: NewCard = TEN) -> Card:
        card = self.make(new)
        assert isinstance(card, Card)
        return card

    def cart(self, *codes: str) -> str:
        checkout_id = self.saleor.checkouts.create("60", email="ada@example.com")
        for code in codes:
            self.saleor.codes.add(checkout_id, code)
        return checkout_id

    def orders_of(self, code: str) -> list[OrderOfCode]:
        since = self.saleor.clock() - timedelta(days=1)
        return self.calls.orders_of_voucher_code(self.url, self.token, code, version=self.saleor.version, since=since)


def giving_at(caller: Caller) -> Giving:
    caller.saleor.apps.permit(caller.app_id, "MANAGE_ORDERS", "MANAGE_GIFT_CARD", "MANAGE_DISCOUNTS")
    caller.saleor.checkouts.allow_unpaid.add("default-channel")
    return Giving(caller.client.codes, caller.client, caller.saleor, caller.token, caller.app_id)


@pytest.fixture
def giving(caller: Caller) -> Giving:
    return giving_at(caller)


@pytest.fixture(params=VERSIONS)
def every_version(request: pytest.FixtureRequest, clock: MovableClock, signing_key: SigningKey) -> Iterator[StandInSaleor]:
    with StandInSaleor(clock, key=signing_key, version=request.param) as running:
        yield running


def test_a_card_is_made_used_and_read_in_every_version(every_version: StandInSaleor) -> None:
    app = every_version.apps.create("by hand", "MANAGE_ORDERS", "MANAGE_GIFT_CARD", "MANAGE_DISCOUNTS")
    giving = giving_at(Caller(SaleorClient(), every_version, app.id, app.token))
    ends_on = every_version.clock().date() + timedelta(days=30)
    card = giving.made(NewCard(CODE, Decimal("10.00"), "USD", ends_on, "nobody@example.com", "A reward"))
    order_id = every_version.checkouts.complete(giving.cart(CODE))

    read = giving.calls.cards(giving.url, giving.token, [card.id])

    assert (card.is_active, card.currency, card.balance, card.uses) == (True, "USD", Decimal(10), ())
    assert read == {card.id: Card(card.id, True, "USD", Decimal(0), (CardUse(order_id, Decimal(10)),), ())}
    assert every_version.gift_cards[card.id].expiry_date == ends_on


def test_orders_are_found_by_a_vouchers_code_in_every_version(every_version: StandInSaleor) -> None:
    app = every_version.apps.create("by hand", "MANAGE_ORDERS", "MANAGE_GIFT_CARD", "MANAGE_DISCOUNTS")
    giving = giving_at(Caller(SaleorClient(), every_version, app.id, app.token))
    every_version.vouchers.create("Fifteen off", 15, codes=["ONE", "TWO"])
    order_id = every_version.checkouts.complete(giving.cart("ONE"))
    number = str(every_version.book[order_id].number)

    assert giving.orders_of("ONE") == [OrderOfCode(order_id, number, is_cancelled=False)]
    assert giving.orders_of("TWO") == []
    every_version.shop.cancel(order_id)
    assert giving.orders_of("ONE") == [OrderOfCode(order_id, number, is_cancelled=True)]


def test_a_card_whose_answer_was_lost_is_found_by_its_code(giving: Giving) -> None:
    giving.saleor.faults.once(after_acting(cut()), on="GiftCardCreate")
    with pytest.raises(SaleorUnreachable):
        giving.make()

    assert giving.make() is CodeRefusal.TAKEN
    found = giving.calls.find_card(giving.url, giving.token, CODE)
    assert found is not None
    assert found.balance == 10
    assert giving.calls.find_card(giving.url, giving.token, CODE.lower()) is None


def test_a_card_is_bound_to_a_customer_who_is_known(giving: Giving) -> None:
    ada = giving.saleor.shop.register_customer("ada@example.com")

    card = giving.made(NewCard(CODE, Decimal(10), "USD", assigned_to="Ada@example.com"))

    assert giving.saleor.gift_cards[card.id].assigned_to == ada


def test_what_saleor_does_not_make_is_said(giving: Giving) -> None:
    assert giving.make(NewCard("SHORT", Decimal(10), "USD")) is CodeRefusal.OTHER
    assert giving.make(NewCard(CODE, Decimal("10.001"), "USD")) is CodeRefusal.OTHER
    assert giving.saleor.gift_cards.all() == []


def test_without_the_permission_saleor_refuses(giving: Giving) -> None:
    giving.saleor.apps.permit(giving.app_id, "MANAGE_ORDERS")

    with pytest.raises(SaleorRefused):
        giving.make()
    with pytest.raises(SaleorRefused):
        giving.calls.vouchers(giving.url, giving.token)
    assert giving.saleor.gift_cards.all() == []


@pytest.mark.parametrize(
    "garble",
    [
        lambda _body: {"data": {"giftCardCreate": None}},
        lambda _body: {"data": {"giftCardCreate": {"errors": [], "giftCard": None}}},
        lambda body: {"data": {"giftCardCreate": {"errors": None, "giftCard": body}}},
    ],
)
def test_an_answer_that_says_neither_yes_nor_no_is_a_fault(giving: Giving, garble: object) -> None:
    giving.saleor.faults.once(edited(garble), on="GiftCardCreate")  # type: ignore[arg-type]  # parametrized

    with pytest.raises(SaleorFault):
        giving.make()


def test_a_card_is_switched_off_and_emptied_and_tells_what_was_used_meanwhile(giving: Giving) -> None:
    card = giving.made()
    checkout_id = giving.cart(CODE)

    off = []
    order_id = giving.saleor.checkouts.complete(
        checkout_id, meanwhile=lambda: off.append(giving.calls.deactivate_card(giving.url, giving.token, card.id))
    )
    emptied = giving.calls.empty_card(giving.url, giving.token, card.id)

    assert off == [Card(card.id, False, "USD", Decimal(10), (), ())]
    assert emptied == Card(card.id, False, "USD", Decimal(0), (CardUse(order_id, Decimal(10)),), ())


def test_what_a_refund_put_back_is_told_apart(giving: Giving) -> None:
    card = giving.made()
    order_id = giving.saleor.checkouts.complete(giving.cart(CODE))
    giving.saleor.gift_cards.refund(card.id, order_id, "4")

    read = giving.calls.cards(giving.url, giving.token, [card.id])[card.id]

    assert (read.uses, read.put_back) == ((CardUse(order_id, Decimal(10)),), (CardUse(order_id, Decimal(4)),))


def test_a_card_that_is_gone_is_said(giving: Giving) -> None:
    card = giving.made()
    giving.saleor.gift_cards.delete(card.id)

    assert giving.calls.deactivate_card(giving.url, giving.token, card.id) is CodeRefusal.NOT_FOUND
    assert giving.calls.empty_card(giving.url, giving.token, card.id) is CodeRefusal.NOT_FOUND
    assert giving.calls.cards(giving.url, giving.token, [card.id]) == {}


def test_twenty_cards_are_read_in_two_requests(giving: Giving) -> None:
    made = [giving.saleor.gift_cards.create("5").id for _ in range(CARDS_MAX)]

    read = giving.calls.cards(giving.url, giving.token, made)

    assert list(read) == made
    assert giving.saleor.counts["GiftCards"] == 2
    with pytest.raises(ValueError, match="at most 20"):
        giving.calls.cards(giving.url, giving.token, [*made, made[0]])


def test_a_code_is_added_to_a_voucher_found_and_deleted(giving: Giving) -> None:
    voucher_id = giving.saleor.vouchers.create("Fifteen off", 15, codes=[f"OLD{number}" for number in range(150)])

    added = giving.calls.add_voucher_code(giving.url, giving.token, voucher_id, CODE)
    again = giving.calls.add_voucher_code(giving.url, giving.token, voucher_id, CODE)
    found = giving.calls.voucher_code_id(giving.url, giving.token, voucher_id, CODE)
    oldest = giving.calls.voucher_code_id(giving.url, giving.token, voucher_id, "OLD0")

    assert (added, again) == (None, CodeRefusal.TAKEN)
    assert found is not None
    assert oldest is not None
    assert giving.calls.voucher_code_id(giving.url, giving.token, voucher_id, CODE.lower()) is None
    assert [giving.calls.delete_voucher_code(giving.url, giving.token, found) for _ in range(2)] == [None, None]
    assert giving.calls.voucher_code_id(giving.url, giving.token, voucher_id, CODE) is None


def test_a_voucher_that_is_gone_is_said(giving: Giving) -> None:
    voucher_id = giving.saleor.vouchers.create("Fifteen off", 15)
    giving.saleor.vouchers.delete(voucher_id)

    assert giving.calls.add_voucher_code(giving.url, giving.token, voucher_id, CODE) is CodeRefusal.NOT_FOUND
    assert giving.calls.voucher_code_id(giving.url, giving.token, voucher_id, CODE) is None
    assert giving.calls.voucher(giving.url, giving.token, voucher_id) is None


def test_vouchers_are_read_with_whether_their_codes_are_good_once(giving: Giving) -> None:
    once = giving.saleor.vouchers.create("A tenth off", "10.5", value_type="PERCENTAGE")
    giving.saleor.vouchers.create("Many times", 5, is_single_use=False, usage_limit=7, terms={"onlyForStaff": True})

    [first, second] = giving.calls.vouchers(giving.url, giving.token).vouchers

    assert (first.id, first.is_single_use, first.is_percentage, first.channels) == (once, True, True, ("default-channel",))
    assert first.worth == (VoucherWorth("default-channel", Decimal("10.5"), "USD"),)
    assert (second.is_single_use, second.usage_limit, second.is_for_staff) == (False, 7, True)
    assert giving.calls.voucher(giving.url, giving.token, once) == first


def test_a_list_of_many_vouchers_has_pages(giving: Giving) -> None:
    for number in range(101):
        giving.saleor.vouchers.create(f"Voucher {number:03}", 5)

    page = giving.calls.vouchers(giving.url, giving.token)
    rest = giving.calls.vouchers(giving.url, giving.token, after=page.after)

    assert (len(page.vouchers), len(rest.vouchers), rest.after) == (100, 1, None)


def test_a_copy_of_a_voucher_has_its_terms_and_codes_that_are_good_once(giving: Giving) -> None:
    terms = {"products": ["UHJvZHVjdDox"], "countries": ["PL"], "minCheckoutItemsQuantity": 2}
    original = giving.saleor.vouchers.create("Juice", 5, type="SPECIFIC_PRODUCT", is_single_use=False, terms=terms)
    giving.saleor.vouchers.list_in(original, "japan", "500", "1000")

    copy = giving.client.voucher_copies.make(giving.url, giving.token, original)

    assert copy is not None
    assert (copy.name, copy.kind, copy.is_single_use, copy.channels) == (
        "Juice (points)",
        "SPECIFIC_PRODUCT",
        True,
        ("default-channel", "japan"),
    )
    made = giving.saleor.vouchers[copy.id]
    assert {name: made.terms[name] for name in terms} == terms
    assert made.listings["japan"].least_spent == 1000
    assert giving.client.voucher_copies.make(giving.url, giving.token, "Vm91Y2hlcjo5OTk=") is None


def test_a_copy_that_saleor_does_not_finish_is_a_fault(giving: Giving) -> None:
    original = giving.saleor.vouchers.create("Juice", 5, is_single_use=False)
    giving.saleor.faults.once(graphql_errors(), on="VoucherListing")

    with pytest.raises(SaleorFault):
        giving.client.voucher_copies.make(giving.url, giving.token, original)
