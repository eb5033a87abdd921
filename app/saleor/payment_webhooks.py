"""The webhooks by which a Saleor takes points as a payment: in no manifest, because a shop is no gateway until it wants to be."""

from types import MappingProxyType

from app.saleor.manifest import subscription
from app.saleor.webhooks import Webhook

# By the last part of the address: the webhook's name, and its event. Each answers by itself, so each has an address of its own.
_EVENTS = MappingProxyType(
    {
        "gateway": ("Points: gateway", "PAYMENT_GATEWAY_INITIALIZE_SESSION"),
        "charge": ("Points: charge", "TRANSACTION_INITIALIZE_SESSION"),
        "refund": ("Points: refund", "TRANSACTION_REFUND_REQUESTED"),
        "cancel": ("Points: cancel", "TRANSACTION_CANCELATION_REQUESTED"),
        "charge-requested": ("Points: charge requested", "TRANSACTION_CHARGE_REQUESTED"),
    }
)


def payment_webhooks(api_url: str) -> tuple[Webhook, ...]:
    """Give the webhooks of a payment. Saleor delivers them only to an app with the permission HANDLE_PAYMENTS."""
    return tuple(
        Webhook(
            name,
            f"{api_url}/api/webhooks/payments/{place}",
            subscription(f"payment_{place.replace('-', '_')}"),
            sync_events=frozenset({event}),
        )
        for place, (name, event) in _EVENTS.items()
    )
