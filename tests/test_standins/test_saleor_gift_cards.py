"""Gift cards at the stand-in do what those of a running Saleor were seen to do."""

from decimal import Decimal
from typing import Any

import pytest

from tests.standins.saleor.gift_cards import GiftCard
from tests.standins.saleor.refusals import Refusal
from tests.test_standins.recording import Clock, Installed

CREATE = """
mutation Make($input: GiftCardCreateInput!) {
  giftCardCreate(input: $input) {
    giftCard { id code isActive expiryDate assignedToEmail currentBalance { amount currency } }
    errors { field code message }
  }
}
"""
BY_CODE = "query ByCode($code: String!) { giftCards(first: 2, filter: {code: $code}) { edges { node { id } } } }"
DEACTIVATE = "mutation Off($id: ID!) { giftCardDeactivate(id: $id) { giftCard { isActive } errors { field code } } }"
RESET = """
mutation Reset($id: ID!) {
  giftCardUpdate(id: $id, input: {balanceAmount: "0"}) {
    giftCard { events { type orderId balance { currentBalance { amount } oldCurrentBalance { amount } } } }
    errors { field code }
  }
}
"""
ADD = (
    "mutation Add($id: ID!, $code: String!) { checkoutAddPromoCode(id: $id, promoCode: $code) { errors { field code message } } }"
)
CODE = "PTSABCDEFGH23456"


@pytest.fixture
def giving(installed: Installed) -> Installed:
    """Let the app handle gift cards."""
    installed.saleor.apps.permit(installed.app_id, "MANAGE_ORDERS", "MANAGE_GIFT_CARD")
    return installed


def make(giving: Installed, **wanted: Any) -> dict[str, Any]:
    whole = {"balance": {"amount": "10.00", "currency": "USD"}, "isActive": True, "code": CODE, **wanted}
    answer: dict[str, Any] = giving.ask(CREATE, input=whole)["data"]["giftCardCreate"]
    return answer


def error(answer: dict[str, Any]) -> tuple[str, str]:
    [told] = answer["errors"]
    return told["field"], told["code"]


def uses(card: GiftCard) -> list[Any]:
    return [
        (event.order_id, (event.old_current or Decimal(0)) - (event.current or Decimal(0)))
        for event in card.events
        if event.type == "USED_IN_ORDER"
    ]


def test_a_card_is_made_with_the_code_that_was_chosen(giving: Installed) -> None:
    answer = make(giving, expiryDate="2026-04-01")

    assert answer["errors"] == []
    card = answer["giftCard"]
    assert (card["code"], card["isActive"], card["expiryDate"]) == (CODE, True, "2026-04-01")
    assert card["currentBalance"] == {"amount": 10.0, "currency": "USD"}


def test_it_needs_a_permission_of_its_own(installed: Installed) -> None:
    answer = installed.ask(CREATE, input={"balance": {"amount": "10", "currency": "USD"}, "isActive": True, "code": CODE})

    assert answer["data"] == {"giftCardCreate": None}
    assert answer["errors"][0]["extensions"]["exception"]["code"] == "PermissionDenied"


def test_the_same_code_again_is_refused_and_found_by_its_letters(giving: Installed) -> None:
    made = make(giving)["giftCard"]

    assert error(make(giving)) == ("code", "ALREADY_EXISTS")
    assert giving.ask(BY_CODE, code=CODE)["data"]["giftCards"]["edges"] == [{"node": {"id": made["id"]}}]
    assert giving.ask(BY_CODE, code=CODE.lower())["data"]["giftCards"]["edges"] == []


@pytest.mark.parametrize(
    ("wanted", "field", "code"),
    [
        ({"code": "SHORT"}, "code", "INVALID"),
        ({"code": "X" * 17}, "code", "INVALID"),
        ({"balance": {"amount": "1.234", "currency": "USD"}}, "balance", "INVALID"),
        ({"balance": {"amount": "0", "currency": "USD"}}, "balance", "INVALID"),
        ({"balance": {"amount": "1", "currency": "USDD"}}, "currency", "INVALID"),
        ({"expiryDate": "2026-03-01"}, "expiryDate", "INVALID"),
        ({"assignedTo": "VXNlcjo5OTk5OTk="}, "assignedTo", "NOT_FOUND"),
    ],
)
def test_what_makes_no_card_is_refused_by_its_field(giving: Installed, wanted: Any, field: str, code: str) -> None:
    assert error(make(giving, **wanted)) == (field, code)


def test_no_currency_is_refused(giving: Installed) -> None:
    assert make(giving, balance={"amount": "5", "currency": "QQQ"})["errors"] == []


def test_a_deleted_cards_code_can_be_made_again(giving: Installed) -> None:
    giving.saleor.gift_cards.delete(make(giving)["giftCard"]["id"])

    assert make(giving)["errors"] == []


def test_switching_off_twice_is_fine_and_a_card_that_is_gone_is_said(giving: Installed) -> None:
    card = make(giving)["giftCard"]

    answers = [giving.ask(DEACTIVATE, id=card["id"])["data"]["giftCardDeactivate"] for _ in range(2)]

    assert answers == [{"giftCard": {"isActive": False}, "errors": []}] * 2
    giving.saleor.gift_cards.delete(card["id"])
    assert error(giving.ask(DEACTIVATE, id=card["id"])["data"]["giftCardDeactivate"]) == ("giftCardId", "NOT_FOUND")


def test_a_card_pays_a_part_of_an_order_and_notes_how_much(giving: Installed) -> None:
    saleor, card = giving.saleor, giving.saleor.gift_cards.create("15", code=CODE)
    checkout_id = saleor.checkouts.create("60", email="ada@example.com")
    saleor.checkouts.allow_unpaid.add("default-channel")

    saleor.codes.add(checkout_id, CODE)
    order = saleor.book[saleor.checkouts.complete(checkout_id)]

    assert (order.total.gross, order.subtotal.gross) == (Decimal(45), Decimal(60))
    assert uses(saleor.gift_cards[card.id]) == [(order.id, 15)]
    assert saleor.gift_cards[card.id].current == 0


def test_an_order_shows_its_cards_but_not_their_codes(giving: Installed) -> None:
    saleor = giving.saleor
    saleor.gift_cards.create("60", code=CODE)
    checkout_id = saleor.checkouts.create("60", email="ada@example.com")
    saleor.codes.add(checkout_id, CODE)
    order_id = saleor.checkouts.complete(checkout_id)

    shown = "query Shown($id: ID!) { order(id: $id) { giftCards { last4CodeChars currentBalance { amount } } } }"
    whole = "query Whole($id: ID!) { order(id: $id) { giftCards { code } } }"

    [card] = giving.ask(shown, id=order_id)["data"]["order"]["giftCards"]
    assert card == {"last4CodeChars": "3456", "currentBalance": {"amount": 0.0}}
    assert giving.ask(whole, id=order_id)["data"] == {"order": None}


def test_the_second_checkout_with_a_card_is_priced_anew_when_the_first_completes(giving: Installed) -> None:
    saleor, card = giving.saleor, giving.saleor.gift_cards.create("60", code=CODE)
    first, second = (saleor.checkouts.create("60", email="ada@example.com") for _ in range(2))
    for checkout_id in (first, second):
        saleor.codes.add(checkout_id, CODE)
    saleor.checkouts.allow_unpaid.add("default-channel")

    one, other = saleor.checkouts.complete(first), saleor.checkouts.complete(second)

    assert saleor.book[other].total.gross == 60
    assert uses(saleor.gift_cards[card.id]) == [(one, 60), (other, 0)]


def test_a_card_that_is_switched_off_stops_the_checkout_and_a_deleted_one_does_not(giving: Installed) -> None:
    saleor, card = giving.saleor, giving.saleor.gift_cards.create("60", code=CODE)
    checkout_id = saleor.checkouts.create("60", email="ada@example.com")
    saleor.codes.add(checkout_id, CODE)
    saleor.checkouts.allow_unpaid.add("default-channel")
    saleor.gift_cards.deactivate(card.id)

    with pytest.raises(Refusal, match="Gift card has expired"):
        saleor.checkouts.complete(checkout_id)

    saleor.gift_cards.delete(card.id)
    assert saleor.book[saleor.checkouts.complete(checkout_id)].total.gross == 60


def test_a_card_switched_off_while_a_checkout_completes_is_used_all_the_same(giving: Installed) -> None:
    saleor, card = giving.saleor, giving.saleor.gift_cards.create("10", code=CODE)
    checkout_id = saleor.checkouts.create("60", email="ada@example.com")
    saleor.codes.add(checkout_id, CODE)
    saleor.checkouts.allow_unpaid.add("default-channel")

    order_id = saleor.checkouts.complete(checkout_id, meanwhile=lambda: giving.ask(DEACTIVATE, id=card.id))

    assert saleor.book[order_id].total.gross == 50
    assert uses(saleor.gift_cards[card.id]) == [(order_id, 10)]


def test_a_card_emptied_while_a_checkout_completes_makes_the_order_cheaper_and_pays_nothing(giving: Installed) -> None:
    saleor, card = giving.saleor, giving.saleor.gift_cards.create("10", code=CODE)
    checkout_id = saleor.checkouts.create("60", email="ada@example.com")
    saleor.codes.add(checkout_id, CODE)
    saleor.checkouts.allow_unpaid.add("default-channel")

    order_id = saleor.checkouts.complete(checkout_id, meanwhile=lambda: giving.ask(RESET, id=card.id))

    assert saleor.book[order_id].total.gross == 50
    assert uses(saleor.gift_cards[card.id]) == [(order_id, 0)]


def test_a_reset_answers_with_all_that_happened_to_the_card(giving: Installed) -> None:
    card = giving.saleor.gift_cards.create("10", code=CODE)
    giving.saleor.gift_cards.use(card.id, "T3JkZXI6MQ==", "4")

    events = giving.ask(RESET, id=card.id)["data"]["giftCardUpdate"]["giftCard"]["events"]

    assert [(event["type"], event["orderId"]) for event in events] == [
        ("ISSUED", None),
        ("USED_IN_ORDER", "T3JkZXI6MQ=="),
        ("BALANCE_RESET", None),
    ]
    assert events[1]["balance"] == {"currentBalance": {"amount": 6.0}, "oldCurrentBalance": {"amount": 10.0}}


def test_an_assigned_card_is_taken_only_from_its_customers_own_checkout(giving: Installed) -> None:
    saleor = giving.saleor
    ada = saleor.shop.register_customer("ada@example.com")
    saleor.shop.register_customer("bob@example.com")
    assert make(giving, assignedTo=ada)["giftCard"]["assignedToEmail"] == "ada@example.com"
    hers, guests = saleor.checkouts.create("60", user="ada@example.com"), saleor.checkouts.create("60", email="ada@example.com")

    refused = giving.ask(ADD, id=guests, code=CODE)["data"]["checkoutAddPromoCode"]["errors"]
    taken = giving.ask(ADD, id=hers, code=CODE)["data"]["checkoutAddPromoCode"]["errors"]

    assert refused == [{"field": "promoCode", "code": "INVALID", "message": "Promo code is invalid"}]
    assert taken == []


def test_a_card_is_good_through_its_last_day(giving: Installed, clock: Clock) -> None:
    make(giving, expiryDate="2026-03-02")
    clock.advance(days=1)
    first, second = (giving.saleor.checkouts.create("60", email="ada@example.com") for _ in range(2))

    assert giving.saleor.codes.add(first, CODE).total.gross == 50
    clock.advance(days=1)
    with pytest.raises(Refusal, match="invalid"):
        giving.saleor.codes.add(second, CODE)


def test_what_a_refund_puts_back_is_noted(giving: Installed) -> None:
    card = giving.saleor.gift_cards.create("10", code=CODE)
    giving.saleor.gift_cards.use(card.id, "T3JkZXI6MQ==", "10")

    back = giving.saleor.gift_cards.refund(card.id, "T3JkZXI6MQ==", "4")

    assert (int(back.current), back.events[-1].type, back.events[-1].order_id) == (4, "REFUNDED_IN_ORDER", "T3JkZXI6MQ==")


def test_a_replica_that_lags_does_not_show_a_new_card(giving: Installed, clock: Clock) -> None:
    before = clock()
    clock.advance(minutes=1)
    make(giving)

    giving.saleor.serve_orders_as_of(before)

    assert giving.ask(BY_CODE, code=CODE)["data"]["giftCards"]["edges"] == []
    assert error(make(giving)) == ("code", "ALREADY_EXISTS")
