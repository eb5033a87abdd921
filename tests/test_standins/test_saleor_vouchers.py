"""Vouchers at the stand-in do what those of a running Saleor were seen to do."""

from decimal import Decimal
from typing import Any

import pytest

from tests.standins.saleor import Item
from tests.standins.saleor.refusals import Refusal
from tests.test_standins.recording import Installed

ADD_CODES = """
mutation AddCodes($id: ID!, $codes: [String!]) {
  voucherUpdate(id: $id, input: {addCodes: $codes}) {
    voucher { code codes(first: 5) { edges { node { id code used isActive } } } }
    errors { field code voucherCodes }
  }
}
"""
DELETE = "mutation Delete($ids: [ID!]!) { voucherCodeBulkDelete(ids: $ids) { count errors { code } } }"
COPY = """
mutation Copy($input: VoucherInput!) { voucherCreate(input: $input) { voucher { id name singleUse } errors { code } } }
"""
LISTING = """
mutation Listing($id: ID!, $input: VoucherChannelListingInput!) {
  voucherChannelListingUpdate(id: $id, input: $input) {
    voucher { channelListings { channel { slug } discountValue currency minSpent { amount } } }
    errors { code }
  }
}
"""
LIST = """
query List($after: String) {
  vouchers(first: 2, after: $after) { edges { node { name singleUse type } } pageInfo { hasNextPage endCursor } }
}
"""
ORDERS = """
query Orders($code: String!) { orders(first: 5, where: {voucherCode: {eq: $code}}) { edges { node { id voucherCode } } } }
"""


@pytest.fixture
def giving(installed: Installed) -> Installed:
    """Let the app handle vouchers, and let orders be placed that nobody paid."""
    installed.saleor.apps.permit(installed.app_id, "MANAGE_ORDERS", "MANAGE_DISCOUNTS")
    installed.saleor.checkouts.allow_unpaid.add("default-channel")
    return installed


def add(giving: Installed, voucher_id: str, *codes: str) -> dict[str, Any]:
    answer: dict[str, Any] = giving.ask(ADD_CODES, id=voucher_id, codes=list(codes))["data"]["voucherUpdate"]
    return answer


def codes_in(answer: dict[str, Any]) -> list[str]:
    return [edge["node"]["code"] for edge in answer["voucher"]["codes"]["edges"]]


def cart(giving: Installed, *codes: str, shipping: int = 0) -> str:
    checkout_id = giving.saleor.checkouts.create("60", email="ada@example.com", shipping=shipping)
    for code in codes:
        giving.saleor.codes.add(checkout_id, code)
    return checkout_id


def test_codes_are_added_and_listed_newest_first(giving: Installed) -> None:
    voucher_id = giving.saleor.vouchers.create("Fifteen off", 15, codes=["FIRST"])

    answer = add(giving, voucher_id, "SECOND")

    assert codes_in(answer) == ["SECOND", "FIRST"]
    assert answer["voucher"]["code"] == "FIRST"


def test_one_code_that_is_there_already_refuses_all(giving: Installed) -> None:
    voucher_id = giving.saleor.vouchers.create("Fifteen off", 15, codes=["FIRST"])

    refused = add(giving, voucher_id, "SECOND", "FIRST")

    assert refused["errors"] == [{"field": "codes", "code": "ALREADY_EXISTS", "voucherCodes": ["FIRST"]}]
    assert codes_in(add(giving, voucher_id, "first")) == ["first", "FIRST"]


def test_a_code_of_a_gift_card_is_taken_too(giving: Installed) -> None:
    giving.saleor.gift_cards.create("10", code="PTSABCDEFGH23456")
    voucher_id = giving.saleor.vouchers.create("Fifteen off", 15)

    assert add(giving, voucher_id, "PTSABCDEFGH23456")["errors"][0]["code"] == "ALREADY_EXISTS"


def test_a_voucher_that_is_gone_is_said(giving: Installed) -> None:
    voucher_id = giving.saleor.vouchers.create("Fifteen off", 15)
    giving.saleor.vouchers.delete(voucher_id)

    assert add(giving, voucher_id, "SECOND")["errors"] == [{"field": "id", "code": "NOT_FOUND", "voucherCodes": None}]


def test_it_needs_a_permission_of_its_own(installed: Installed) -> None:
    answer = installed.ask(LIST)

    assert answer["data"] == {"vouchers": None}
    assert answer["errors"][0]["extensions"]["exception"]["code"] == "PermissionDenied"


def test_deleting_a_code_that_is_gone_counts_none_and_is_no_error(giving: Installed) -> None:
    voucher_id = giving.saleor.vouchers.create("Fifteen off", 15, codes=["FIRST"])
    [code] = giving.saleor.vouchers[voucher_id].codes

    answers = [giving.ask(DELETE, ids=[code.id])["data"]["voucherCodeBulkDelete"] for _ in range(2)]

    assert answers == [{"count": 1, "errors": []}, {"count": 0, "errors": []}]


def test_a_voucher_lowers_the_order_and_is_found_by_its_code(giving: Installed) -> None:
    voucher_id = giving.saleor.vouchers.create("Fifteen off", 15, codes=["ONE", "TWO"])

    order_id = giving.saleor.checkouts.complete(cart(giving, "ONE", shipping=5))

    order = giving.saleor.book[order_id]
    assert (order.subtotal.gross, order.total.gross, order.voucher_code) == (Decimal(45), Decimal(50), "ONE")
    assert giving.ask(ORDERS, code="ONE")["data"]["orders"]["edges"] == [{"node": {"id": order_id, "voucherCode": "ONE"}}]
    assert giving.ask(ORDERS, code="TWO")["data"]["orders"]["edges"] == []
    assert [(one.code, one.used, one.is_active) for one in giving.saleor.vouchers[voucher_id].codes] == [
        ("TWO", 0, True),
        ("ONE", 0, False),
    ]


def test_an_order_without_a_usage_limit_leaves_used_at_nothing_and_with_one_counts_it(giving: Installed) -> None:
    voucher_id = giving.saleor.vouchers.create("Fifteen off", 15, codes=["ONE"], usage_limit=5)

    giving.saleor.checkouts.complete(cart(giving, "ONE"))

    assert giving.saleor.vouchers[voucher_id].codes[0].used == 1


def test_a_second_voucher_silently_replaces_the_first_and_a_card_stands_beside_it(giving: Installed) -> None:
    giving.saleor.vouchers.create("Fifteen off", 15, codes=["ONE"])
    giving.saleor.vouchers.create("Five off", 5, codes=["TWO"])
    giving.saleor.gift_cards.create("20", code="PTSABCDEFGH23456")

    checkout = giving.saleor.checkouts[cart(giving, "ONE", "TWO", "PTSABCDEFGH23456")]

    assert (checkout.subtotal.gross, checkout.total.gross) == (Decimal(55), Decimal(35))


def test_of_two_checkouts_with_one_code_the_second_cannot_complete_while_it_shows_the_discount(giving: Installed) -> None:
    giving.saleor.vouchers.create("Fifteen off", 15, codes=["ONE"])
    first, second = cart(giving, "ONE"), cart(giving, "ONE")
    order_id = giving.saleor.checkouts.complete(first)

    with pytest.raises(Refusal, match="Voucher not applicable"):
        giving.saleor.checkouts.complete(second)

    assert giving.saleor.checkouts[second].total.gross == 45
    giving.saleor.shop.cancel(order_id)
    with pytest.raises(Refusal, match="Voucher not applicable"):
        giving.saleor.checkouts.complete(second)
    giving.saleor.codes.remove(second, "ONE")
    assert giving.saleor.book[giving.saleor.checkouts.complete(second)].total.gross == 60


def test_a_code_deleted_while_it_lies_in_a_checkout_stops_it_until_it_is_taken_out(giving: Installed) -> None:
    voucher_id = giving.saleor.vouchers.create("Fifteen off", 15, codes=["ONE"])
    checkout_id = cart(giving, "ONE")
    giving.saleor.vouchers.delete_codes([giving.saleor.vouchers[voucher_id].codes[0].id])

    with pytest.raises(Refusal, match="Voucher not applicable"):
        giving.saleor.checkouts.complete(checkout_id)


def test_a_voucher_for_shipping_leaves_the_goods_alone(giving: Installed) -> None:
    giving.saleor.vouchers.create("Free shipping", 100, codes=["FREE"], type="SHIPPING", value_type="PERCENTAGE")

    checkout = giving.saleor.checkouts[cart(giving, "FREE", shipping=5)]

    assert (checkout.subtotal.gross, checkout.total.gross) == (Decimal(60), Decimal(60))


def test_tax_falls_with_a_discount(giving: Installed) -> None:
    giving.saleor.vouchers.create("Ten off", 12, codes=["TEN"])
    checkout_id = giving.saleor.checkouts.create(Item("120", "100"), email="ada@example.com", shipping=5)

    checkout = giving.saleor.codes.add(checkout_id, "TEN")

    assert (checkout.subtotal.gross, checkout.subtotal.net, checkout.total.gross) == (Decimal(108), Decimal(90), Decimal(113))


def test_whether_codes_are_good_once_is_fixed_by_the_first_use(giving: Installed) -> None:
    voucher_id = giving.saleor.vouchers.create("Fifteen off", 15, codes=["ONE"], is_single_use=False)
    giving.saleor.vouchers.change(voucher_id, is_single_use=True)
    giving.saleor.checkouts.complete(cart(giving, "ONE"))

    with pytest.raises(Refusal, match="Cannot change single use"):
        giving.saleor.vouchers.change(voucher_id, is_single_use=False)


def test_a_voucher_is_made_and_given_a_worth_in_a_channel(giving: Installed) -> None:
    terms = {"name": "Copy", "singleUse": True, "discountValueType": "FIXED"}
    assert giving.ask(COPY, input=terms)["data"]["voucherCreate"]["errors"] == [{"code": "GRAPHQL_ERROR"}]
    made = giving.ask(COPY, input={**terms, "addCodes": [""]})["data"]["voucherCreate"]
    channel = giving.saleor.shop.channel("default-channel").id

    listed = giving.ask(
        LISTING,
        id=made["voucher"]["id"],
        input={"addChannels": [{"channelId": channel, "discountValue": "5", "minAmountSpent": "20"}]},
    )

    assert made["errors"] == []
    assert listed["data"]["voucherChannelListingUpdate"]["voucher"]["channelListings"] == [
        {"channel": {"slug": "default-channel"}, "discountValue": 5.0, "currency": "USD", "minSpent": {"amount": 20.0}}
    ]


def test_vouchers_come_in_pages(giving: Installed) -> None:
    for name in ("C", "A", "B"):
        giving.saleor.vouchers.create(name, 5)

    page = giving.ask(LIST)["data"]["vouchers"]
    rest = giving.ask(LIST, after=page["pageInfo"]["endCursor"])["data"]["vouchers"]

    assert [edge["node"]["name"] for edge in page["edges"] + rest["edges"]] == ["A", "B", "C"]
    assert (page["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
