"""Choose whether customers whom Saleor deletes are erased here, and after how many days."""

from app.db.form_tokens import FormToken
from app.domain.permissions import Feature
from app.errors import BadRequest, Crowded
from app.usecases.merchants.change_store import change_store
from app.usecases.merchants.see_permissions import see_permissions
from app.usecases.operating.sync_webhooks import sync_webhooks
from app.usecases.services import Services


def change_erasing(services: Services, store_id: int, slug: str, days: int | None, *, who: str, once: FormToken) -> str:
    """Change the setting, and let Saleor tell of deletions, or tell no more. None: nobody is erased, and nobody is told of.

    Gives a sentence where Saleor did not change the webhook: the setting is saved all the same.

    Raises BadRequest when the days will not do, or the app lacks the permission.
    """
    if days is not None:
        seen = see_permissions(services, store_id)
        if Feature.ERASING not in seen.features:
            raise BadRequest(seen.trouble or "Saleor tells apps of deleted customers from version 3.23 on.")
        missing = seen.missing_for(Feature.ERASING)
        if missing:
            raise BadRequest(f"Grant the app {', '.join(missing)} first, with the button above.")
    change_store(services, slug, who=who, once=once, erase_after_days=days)
    try:
        with services.bulkheads.look_ups.place(slug):
            return "".join(synced.error or "" for synced in sync_webhooks(services, only_store=slug))
    except Crowded as crowded:
        return crowded.message
