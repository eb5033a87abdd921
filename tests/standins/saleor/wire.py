"""Orders and apps in the words of Saleor's GraphQL schema: what the default resolver reads."""

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from graphql import GraphQLError

from tests.standins.saleor.book import STAFF
from tests.standins.saleor.money import Taxed, digits_of
from tests.standins.saleor.orders import Customer, Fulfillment, Line, Order, global_id
from tests.standins.saleor.payments import Payment, Transaction
from tests.standins.saleor.shop import ListedProduct, ListedVariant
from tests.standins.saleor.till import PAYMENT_APP

# A field that fails when it is resolved.
Broken = Callable[..., Any]
# Who made a transaction, as `createdBy` shows it; None once the app is gone.
MadeBy = Callable[[Transaction], Mapping[str, Any] | None]


def broken(*_args: Any, **_kwargs: Any) -> Any:
    message = "Internal Server Error"
    raise GraphQLError(message)


def instant(moment: datetime) -> str:
    return moment.isoformat()


def money(amount: Decimal, currency: str) -> dict[str, Any]:
    digits = digits_of(currency)
    return {"amount": amount, "currency": currency, "fractionalAmount": int(amount.scaleb(digits)), "fractionDigits": digits}


def taxed(price: Taxed, currency: str) -> dict[str, Any]:
    tax = money(price.gross - price.net, currency)
    return {"currency": currency, "gross": money(price.gross, currency), "net": money(price.net, currency), "tax": tax}


def by_till(transaction: Transaction) -> Mapping[str, Any] | None:
    """Tell who made a transaction of the till."""
    return STAFF if transaction.is_by_staff else PAYMENT_APP


def order_fields(order: Order, made_by: MadeBy = by_till) -> dict[str, Any]:
    currency, metadata = order.currency, dict(order.metadata or {})

    def metafields(_info: Any, keys: Sequence[str] | None = None) -> dict[str, str]:
        return {key: value for key, value in metadata.items() if keys is None or key in keys}

    def metafield(_info: Any, key: str) -> str | None:
        return metadata.get(key)

    return {
        "__typename": "Order",
        "id": order.id,
        "number": str(order.number),
        "created": instant(order.created),
        "updatedAt": instant(order.updated_at),
        "status": order.status,
        # Orders of some shops have none, although the schema says that all have: asking for it spoils the whole read.
        "origin": None,
        "userEmail": order.email,
        "user": order.customer and user_fields(order.customer),
        "channel": {"id": order.channel.id, "slug": order.channel.slug, "currencyCode": currency},
        "languageCodeEnum": order.language,
        "chargeStatus": order.charge_status,
        "isPaid": order.charged >= order.total.gross,
        "total": taxed(order.total, currency),
        "subtotal": taxed(order.subtotal, currency),
        "shippingPrice": taxed(order.shipping, currency),
        "totalCharged": money(order.charged, currency),
        "totalAuthorized": money(order.authorized, currency),
        "totalRefunded": money(order.refunded, currency),
        "totalRefundPending": money(order.refund_pending, currency),
        "totalGrantedRefund": money(order.granted, currency),
        "totalBalance": money(order.charged + order.charge_pending - order.owed, currency),
        "transactions": [transaction_fields(transaction, currency, made_by) for transaction in order.transactions],
        "payments": [_payment(payment, currency) for payment in order.payments],
        "giftCards": [{"id": global_id("GiftCard", order.id)}] if order.gift_card else [],
        "voucherCode": order.voucher_code,
        "original": order.original,
        "fulfillments": [_fulfillment(one) for one in order.fulfillments],
        "events": [{"id": entry.id, "type": entry.type, "date": instant(entry.date)} for entry in order.history],
        "lines": [_line(line, currency) for line in order.lines],
        "metadata": [{"key": key, "value": value} for key, value in metadata.items()],
        "metafield": metafield,
        "metafields": metafields,
    }


def user_fields(customer: Customer) -> dict[str, Any]:
    """Return a customer as the schema knows them."""
    return {
        "__typename": "User",
        "id": customer.id,
        "email": customer.email,
        "isConfirmed": customer.is_confirmed,
        "isActive": customer.is_active,
        "isStaff": customer.is_staff,
    }


def transaction_fields(
    transaction: Transaction, currency: str, made_by: MadeBy = by_till, **about: Callable[..., Any]
) -> dict[str, Any]:
    """Return a transaction as the schema knows it; `about` says which checkout or order it is of."""
    maker = made_by(transaction)
    events = [
        {
            "__typename": "TransactionEvent",
            "id": event.id or global_id("TransactionEvent", f"{transaction.id}{index}"),
            "createdAt": instant(event.created_at),
            "type": event.type,
            "amount": money(event.amount, currency),
            "pspReference": event.psp_reference,
            "message": event.message,
            "idempotencyKey": transaction.idempotency_key if event is transaction.events[-1] else None,
            "createdBy": maker,
        }
        for index, event in enumerate(transaction.events)
    ]
    return {
        "__typename": "TransactionItem",
        "id": transaction.id,
        "token": token_of(transaction.id),
        "name": transaction.name,
        "pspReference": transaction.psp_reference,
        "actions": list(transaction.actions),
        "createdBy": maker,
        "chargedAmount": money(transaction.charged, currency),
        "chargePendingAmount": money(transaction.charge_pending, currency),
        "refundedAmount": money(transaction.refunded, currency),
        "refundPendingAmount": money(transaction.refund_pending, currency),
        "authorizedAmount": money(transaction.authorized, currency),
        "events": events,
        **about,
    }


def token_of(node_id: str) -> str:
    """Return the UUID that a global id holds."""
    return base64.b64decode(node_id).decode().partition(":")[2]


def _payment(payment: Payment, currency: str) -> dict[str, Any]:
    return {"id": payment.id, "gateway": payment.gateway, "capturedAmount": money(payment.charged, currency)}


def _fulfillment(fulfillment: Fulfillment) -> dict[str, Any]:
    lines = [
        {"id": global_id("FulfillmentLine", f"{fulfillment.id}{line_id}"), "quantity": quantity, "orderLine": {"id": line_id}}
        for line_id, quantity in fulfillment.lines
    ]
    return {"id": fulfillment.id, "status": fulfillment.status, "lines": lines}


def _line(line: Line, currency: str) -> dict[str, Any]:
    kind = {"id": global_id("ProductType", line.kind), "kind": line.kind}
    product = {"id": global_id("Product", line.name), "name": line.name, "productType": kind}
    return {
        "id": line.id,
        "productName": line.name,
        "quantity": line.quantity,
        "quantityToFulfill": line.quantity_to_fulfill,
        "quantityFulfilled": line.quantity - line.quantity_to_fulfill,
        "totalPrice": taxed(line.total, currency),
        "variant": None if line.is_variant_deleted else {"id": global_id("ProductVariant", line.name), "product": product},
    }


def channel_fields(currencies: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return all channels as the schema knows them."""
    return [
        {"id": global_id("Channel", number), "slug": slug, "name": slug.title(), "isActive": True, "currencyCode": currency}
        for number, (slug, currency) in enumerate(currencies.items(), start=1)
    ]


def product_fields(product: ListedProduct, channel: str, currencies: Mapping[str, str]) -> dict[str, Any] | None:
    """Return a product as a channel shows it; None where it is not sold there."""
    if channel not in product.prices:
        return None
    start, stop = (taxed(price, currencies[channel]) for price in product.prices[channel])
    return {
        "__typename": "Product",
        "id": product.id,
        "name": "A product",
        "productType": {"id": global_id("ProductType", 1), "kind": "GIFT_CARD" if product.is_gift_card else "NORMAL"},
        "pricing": {"priceRange": {"start": start, "stop": stop}},
    }


def variant_fields(variant: ListedVariant, channel: str, currency: str) -> dict[str, Any]:
    """Return a variant as a channel shows it."""
    kind = {"id": global_id("ProductType", variant.kind), "kind": variant.kind}
    return {
        "__typename": "ProductVariant",
        "id": variant.id,
        "name": "A variant",
        "product": {"id": global_id("Product", variant.id), "name": "A product", "productType": kind},
        "pricing": {"price": taxed(variant.prices[channel], currency)},
    }
