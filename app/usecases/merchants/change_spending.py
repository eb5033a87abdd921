"""Change how points pay, and let Saleor ask the app for payments, or ask it no more."""

from app.db.form_tokens import FormToken
from app.errors import Crowded
from app.usecases.merchants.change_spend_rule import SpendDraft, change_spend_rule, end_spend_rule
from app.usecases.operating.sync_webhooks import sync_webhooks
from app.usecases.services import Services


def change_spending(
    services: Services, store_id: int, slug: str, draft: SpendDraft, *, who: str, once: FormToken | None = None
) -> tuple[bool, str]:
    """Put a spend rule in force, then make or remove the webhooks. Tells whether the rule changed.

    The sentence says why Saleor did not change the webhooks; it is empty where it did. The rule is saved all the same.

    Raises as `change_spend_rule` does.
    """
    is_changed = change_spend_rule(services, store_id, draft, who=who, once=once)
    return is_changed, _sync(services, slug)


def follow_default_spending(
    services: Services, store_id: int, slug: str, channel: str, *, who: str, once: FormToken | None = None
) -> str:
    """End a channel's own spend rule. Gives the sentence that `change_spending` gives.

    Raises as `end_spend_rule` does.
    """
    end_spend_rule(services, store_id, channel, who=who, once=once)
    return _sync(services, slug)


def _sync(services: Services, slug: str) -> str:
    try:
        with services.bulkheads.look_ups.place(slug):
            return "".join(synced.error or "" for synced in sync_webhooks(services, only_store=slug))
    except Crowded as crowded:
        return crowded.message
