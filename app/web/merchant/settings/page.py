"""The settings page as it is shown: all forms, the keys, and what goes into the mails."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from flask import Response, request

from app.domain.order_link import wallet_link
from app.domain.store import AccountKind, ClaimLink, DebtPolicy
from app.usecases.api.manage_keys import list_keys
from app.usecases.merchants.form_tokens import new_token
from app.usecases.merchants.show_settings import ShownSettings, show_settings
from app.usecases.services import Services
from app.web.merchant import snippets
from app.web.merchant.authentication import MANAGE_APPS, Staff, require, staff_of
from app.web.merchant.brand_preview import render_preview
from app.web.merchant.fragments import at, fragment, notify

CLAIM_LINKS = (
    (ClaimLink.OWN.value, "Our order link"),
    (ClaimLink.DIRECT.value, "The provider's claim link"),
)
DEBT_POLICIES = (
    (DebtPolicy.FLOOR.value, "Never below zero"),
    (DebtPolicy.NEGATIVE.value, "Below zero if needed"),
)
PROVIDERS = ((AccountKind.EMBEDDED.value, "In this app"), (AccountKind.COGGINS.value, "Coggins Points API"))

# Proposed where deleted customers are not erased yet: time to notice that somebody was deleted by mistake.
ERASE_AFTER_DAYS = 30

# The boxes to tick, by form: another form's box was not sent because it stands elsewhere, not because it is not ticked.
_BOXES = {
    "store": ("order_notes",),
    "brand": ("remove_logo",),
    "erasing": ("erases_deleted",),
    "storefront": ("storefront_api",),
    "wallet": ("hosted_wallet",),
}


def changer(services: Services) -> Staff:
    """Verify a staff user who may change settings.

    Raises NotPermitted where the user may not.
    """
    staff = staff_of(services, request)
    require(staff, MANAGE_APPS)
    return staff


def show(
    services: Services, staff: Staff, *, failed: str = "", errors: Mapping[str, str] | None = None, **values: Any
) -> Response:
    """Show the page; after a form that failed, with what was typed into it and an error beside each field."""
    shown = show_settings(services, staff.store_id)
    typed = {**_stored(shown), **(_typed(failed) if failed else {})}
    answer = fragment(
        "settings.html",
        staff,
        status=422 if failed else 200,
        shown=shown,
        typed=typed,
        failed=failed,
        errors=errors or {},
        keys=list_keys(services, staff.store_slug),
        claim_page=render_preview(shown.brand),
        snippets=snippets.snippets(services.claim_url_base, staff.store_slug),
        claim_links=CLAIM_LINKS,
        debt_policies=DEBT_POLICIES,
        providers=PROVIDERS,
        time_zones=[(name, name) for name in sorted(available_timezones() | {shown.time_zone})],
        storefront_url=f"{services.public_url}/api/storefront/v1/{staff.store_slug}",
        running_out="decided at Coggins" if shown.account.kind is AccountKind.COGGINS else shown.policy,
        wallet_url=wallet_link(services.claim_url_base, staff.store_slug),
        new_token=new_token,
        **{"new_key": "", **values},
    )
    return at(answer, "settings") if request.method == "POST" else answer


def show_saved(services: Services, staff: Staff, title: str) -> Response:
    """Show the page after a form was saved, and say so."""
    return notify(show(services, staff), "success", title)


def _stored(shown: ShownSettings) -> dict[str, Any]:
    """Write the settings as their forms would hold them."""
    return {
        "kind": shown.account.kind,
        "url": shown.account.url or "",
        "test_email": "",
        "claim_link": shown.claim_link,
        "debt_policy": shown.debt_policy,
        "time_zone": shown.time_zone,
        "default_expires_days": "" if shown.default_expires_days is None else f"{shown.default_expires_days}",
        "customer_types": "\n".join(shown.customer_types),
        "order_notes": shown.order_notes,
        "staff_change_max": "" if shown.staff_change_max is None else f"{shown.staff_change_max}",
        "staff_day_max": "" if shown.staff_day_max is None else f"{shown.staff_day_max}",
        "storefront_api": shown.storefront_api,
        "storefront_origins": "\n".join(shown.storefront_origins),
        "hosted_wallet": shown.hosted_wallet,
        "name": shown.brand.name,
        "accent": shown.brand.accent or "",
        "text": shown.brand.text or "",
        "remove_logo": False,
        "label": "",
        "erases_deleted": shown.erase_after_days is not None,
        "erase_after_days": f"{ERASE_AFTER_DAYS if shown.erase_after_days is None else shown.erase_after_days}",
    }


def _typed(failed: str) -> dict[str, Any]:
    """Give what was typed into the form that failed. A box that is not ticked is not sent, and the key is never shown again."""
    boxes = dict.fromkeys(_BOXES.get(failed, ()), False)
    return boxes | {name: value for name, value in request.form.items() if name != "key"}
