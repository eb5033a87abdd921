"""Gift cards and vouchers in the words of Saleor's GraphQL schema."""

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from graphql import GraphQLError

from tests.standins.saleor.callers import denied
from tests.standins.saleor.gift_cards import CardEvent, GiftCard
from tests.standins.saleor.money import digits_of
from tests.standins.saleor.orders import global_id
from tests.standins.saleor.vouchers import Listing, Voucher, VoucherCode
from tests.standins.saleor.wire import instant, money

PAGE_MAX = 100


def card_fields(card: GiftCard, email_of: Callable[[str], str | None]) -> dict[str, Any]:
    """Return a card as its own queries and mutations show it."""

    def events(_info: Any, **args: Any) -> list[dict[str, Any]]:
        wanted = args.get("filter") or {}
        return [
            _event(event, card.currency)
            for event in card.events
            if wanted.get("type") in (None, event.type) and (not wanted.get("orders") or event.order_id in wanted["orders"])
        ]

    return {
        **card_on_order(card),
        "code": card.code,
        "created": instant(card.created),
        "expiryDate": None if card.expiry_date is None else card.expiry_date.isoformat(),
        "assignedToEmail": None if card.assigned_to is None else email_of(card.assigned_to),
        "initialBalance": money(card.initial, card.currency),
        "events": events,
    }


def card_on_order(card: GiftCard) -> dict[str, Any]:
    """Return a card as an order shows it: with MANAGE_ORDERS alone, asking for the code fails the whole order."""

    def code(_info: Any) -> str:
        raise denied("MANAGE_GIFT_CARD, OWNER")

    return {
        "id": card.id,
        "code": code,
        "last4CodeChars": card.code[-4:],
        "isActive": card.is_active,
        "currentBalance": money(card.current, card.currency),
    }


def voucher_fields(voucher: Voucher, channels: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a voucher as the schema knows it. `code` is its oldest one."""
    terms = voucher.terms

    def codes(_info: Any, first: int | None = None, after: str | None = None) -> dict[str, Any]:
        return connection([_code(one) for one in voucher.codes], first, after, "codes")

    def named(kind: str, name: str) -> Callable[..., dict[str, Any]]:
        nodes = [{"id": one, "name": ""} for one in terms.get(name) or ()]

        def listed(_info: Any, first: int | None = None, after: str | None = None) -> dict[str, Any]:
            return connection(nodes, first, after, kind)

        return listed

    return {
        "id": voucher.id,
        "name": voucher.name,
        "code": voucher.codes[-1].code if voucher.codes else None,
        "codes": codes,
        "type": voucher.type,
        "discountValueType": voucher.value_type,
        "usageLimit": voucher.usage_limit,
        "used": sum(one.used for one in voucher.codes),
        "startDate": instant(voucher.starts_at),
        "endDate": None if voucher.ends_at is None else instant(voucher.ends_at),
        "applyOncePerOrder": terms.get("applyOncePerOrder") or False,
        "applyOncePerCustomer": terms.get("applyOncePerCustomer") or False,
        "singleUse": voucher.is_single_use,
        "onlyForStaff": terms.get("onlyForStaff") or False,
        "minCheckoutItemsQuantity": terms.get("minCheckoutItemsQuantity"),
        "countries": [{"code": code} for code in terms.get("countries") or ()],
        "channelListings": [
            _listing(voucher, channel, voucher.listings[channel["slug"]])
            for channel in channels
            if channel["slug"] in voucher.listings
        ],
        **{name: named(name, name) for name in ("products", "variants", "collections", "categories")},
    }


def connection(nodes: Sequence[Mapping[str, Any]], first: int | None, after: str | None, name: str) -> dict[str, Any]:
    """Return a page of a list that does not change between two pages; a cursor is a place in it."""
    if first is None or first > PAGE_MAX:
        message = f"You must provide a `first` value of at most {PAGE_MAX} to properly paginate the `{name}` connection."
        raise GraphQLError(message)
    start = 0 if after is None else int(base64.b64decode(after)) + 1
    places = [(base64.b64encode(str(place).encode()).decode(), node) for place, node in enumerate(nodes)][start : start + first]
    return {
        "edges": [{"node": node, "cursor": cursor} for cursor, node in places],
        "pageInfo": {
            "hasNextPage": start + first < len(nodes),
            "hasPreviousPage": start > 0,
            "startCursor": places[0][0] if places else None,
            "endCursor": places[-1][0] if places else None,
        },
        "totalCount": len(nodes),
    }


def day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _event(event: CardEvent, currency: str) -> dict[str, Any]:
    def amount(value: Decimal | None) -> dict[str, Any] | None:
        return None if value is None else money(value.quantize(Decimal(1).scaleb(-digits_of(currency))), currency)

    balance = {
        "initialBalance": amount(event.initial),
        "currentBalance": amount(event.current),
        "oldInitialBalance": amount(event.old_initial),
        "oldCurrentBalance": amount(event.old_current),
    }
    return {
        "id": event.id,
        "date": instant(event.date),
        "type": event.type,
        "orderId": event.order_id,
        "balance": None if event.current is None else balance,
    }


def _code(one: VoucherCode) -> dict[str, Any]:
    return {
        "id": one.id,
        "code": one.code,
        "used": one.used,
        "isActive": one.is_active,
        "createdAt": instant(one.created_at),
    }


def _listing(voucher: Voucher, channel: Mapping[str, Any], listing: Listing) -> dict[str, Any]:
    currency = channel["currencyCode"]
    return {
        "id": global_id("VoucherChannelListing", f"{voucher.id}{channel['slug']}"),
        "channel": channel,
        "discountValue": listing.value,
        "currency": currency,
        "minSpent": None if listing.least_spent is None else money(listing.least_spent, currency),
    }
