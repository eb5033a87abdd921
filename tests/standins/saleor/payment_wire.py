"""Checkouts and transactions of apps in the words of Saleor's GraphQL schema."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.standins.saleor.app_mutations import app_fields
from tests.standins.saleor.apps import App, Apps
from tests.standins.saleor.asking_apps import HANDLE_PAYMENTS
from tests.standins.saleor.checkouts import Checkout
from tests.standins.saleor.code_wire import card_on_order
from tests.standins.saleor.gift_cards import GiftCard
from tests.standins.saleor.orders import Line, Order, global_id
from tests.standins.saleor.payments import Transaction
from tests.standins.saleor.shop import Shop
from tests.standins.saleor.wire import by_till, instant, money, taxed, token_of, transaction_fields, user_fields

INITIALIZE = "TRANSACTION_INITIALIZE_SESSION"
# Saleor lists its own gateway always.
GIFT_CARDS = {"id": "saleor.io.gift-card-payment-gateway", "name": "Gift Card", "config": [], "currencies": []}


@dataclass(frozen=True)
class PaymentWire:
    apps: Apps
    shop: Shop
    order_fields: Callable[[Order], dict[str, Any]]
    source_of: Callable[[str], Checkout | Order]
    card: Callable[[str], GiftCard | None]

    def source(self, source: Checkout | Order) -> dict[str, Any]:
        return self.order_fields(source) if isinstance(source, Order) else self.checkout(source)

    def transaction(self, transaction: Transaction, of: Checkout | Order | None = None) -> dict[str, Any]:
        source = of or self.source_of(transaction.id)

        def order(_info: Any) -> dict[str, Any] | None:
            return self.order_fields(source) if isinstance(source, Order) else None

        def checkout(_info: Any) -> dict[str, Any] | None:
            return self.checkout(source) if isinstance(source, Checkout) else None

        return transaction_fields(transaction, source.currency, self.made_by, order=order, checkout=checkout)

    def made_by(self, transaction: Transaction) -> Mapping[str, Any] | None:
        """Return the app that is installed now under the identifier of the one that made the transaction."""
        if transaction.app is None:
            return by_till(transaction)
        owner = next((app for app in self.apps.installed.values() if app.is_active and app.identifier == transaction.app), None)
        return None if owner is None else app_fields(owner)

    def checkout(self, checkout: Checkout) -> dict[str, Any]:
        currency = checkout.currency
        user = None if checkout.user_id is None else self.shop.customer(checkout.user_id)
        return {
            "__typename": "Checkout",
            "id": checkout.id,
            "token": token_of(checkout.id),
            "created": instant(checkout.created),
            "updatedAt": instant(checkout.updated_at),
            "email": checkout.email,
            "user": None if user is None else user_fields(user),
            "channel": {"id": checkout.channel.id, "slug": checkout.channel.slug, "currencyCode": currency},
            "languageCode": checkout.language,
            "lines": [_line(line, currency) for line in checkout.sold_lines],
            "subtotalPrice": taxed(checkout.subtotal, currency),
            "shippingPrice": taxed(checkout.sold_shipping, currency),
            "totalPrice": taxed(checkout.total, currency),
            "totalBalance": money(checkout.balance, currency),
            "chargeStatus": checkout.charge_status,
            "authorizeStatus": _authorize_status(checkout),
            "giftCards": [
                *([_unknown_card(checkout)] if checkout.gift_card else []),
                *(card_on_order(card) for card_id in checkout.cards if (card := self.card(card_id)) is not None),
            ],
            "voucherCode": None if checkout.voucher is None else checkout.voucher.code,
            "transactions": [self.transaction(one, checkout) for one in checkout.transactions],
            "availablePaymentGateways": [GIFT_CARDS, *self._gateways(currency)],
        }

    def _gateways(self, currency: str) -> list[dict[str, Any]]:
        return [
            {"id": app.identifier, "name": app.name, "config": [], "currencies": [currency]}
            for app in self.apps.installed.values()
            if _takes_payments(app)
        ]


def _takes_payments(app: App) -> bool:
    hears = any(webhook.is_active and INITIALIZE in webhook.sync_events for webhook in app.webhooks)
    return app.is_active and HANDLE_PAYMENTS in app.permissions and hears


def _authorize_status(checkout: Checkout) -> str:
    """Say how much is covered: what is pending counts."""
    covered = checkout.charged + checkout.authorized
    if covered <= 0:
        return "FULL" if not checkout.total.gross else "NONE"
    return "PARTIAL" if covered < checkout.total.gross else "FULL"


def _unknown_card(checkout: Checkout) -> dict[str, Any]:
    return {"id": global_id("GiftCard", checkout.id), "currentBalance": money(checkout.gift_card, checkout.currency)}


def _line(line: Line, currency: str) -> dict[str, Any]:
    kind = {"id": global_id("ProductType", line.kind), "kind": line.kind}
    product = {"id": global_id("Product", line.name), "name": line.name, "productType": kind}
    variant = {"id": global_id("ProductVariant", line.name), "name": line.name, "product": product}
    return {"id": line.id, "quantity": line.quantity, "totalPrice": taxed(line.total, currency), "variant": variant}
