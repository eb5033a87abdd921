"""The app that a token belongs to, as its Saleor names it, and whether that app is this one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.errors import NotPermitted, NotThisApp
from app.saleor.api_urls import is_one_of

PERMISSION = "MANAGE_ORDERS"
URL_SHOWN_MAX = 200
# What a merchant reads, and can do, where Saleor refuses what the app asks.
NOT_ACCEPTED = "Saleor does not accept this app's token. Switch the app on under Extensions, or install it again."
NOT_PERMITTED = f"The app lacks the permission {PERMISSION}. Grant it again under Extensions, or install the app again."
REFUSED = (
    f"Saleor refuses what this app asks. Grant it the permission {PERMISSION} again under Extensions, or install the app again."
)


@dataclass(frozen=True, slots=True)
class OwnApp:
    """An app of a Saleor. `manifest_url` is where Saleor read its manifest; None where staff made the app by hand.

    `saleor_time` is what Saleor's clock said when it answered, to the second; None where it did not say.
    """

    id: str
    identifier: str | None
    manifest_url: str | None
    permissions: frozenset[str]
    saleor_time: datetime | None = None

    @property
    def may_read_orders(self) -> bool:
        """Tell whether Saleor grants what everything here needs."""
        return PERMISSION in self.permissions


def parse_own_app(app: Any, saleor_time: datetime | None = None) -> OwnApp | None:
    """Read the answer; None where it names no app."""
    if not isinstance(app, dict) or not isinstance(app.get("id"), str):
        return None
    permissions = app.get("permissions")
    return OwnApp(
        id=app["id"],
        identifier=_text(app.get("identifier")),
        manifest_url=_text(app.get("manifestUrl")),
        permissions=frozenset(
            str(permission.get("code"))
            for permission in (permissions if isinstance(permissions, list) else ())
            if isinstance(permission, dict)
        ),
        saleor_time=saleor_time,
    )


def require_this_app(app: OwnApp, *, identifier: str, manifest_urls: Sequence[str]) -> None:
    """Refuse the token of any other app. The first of `manifest_urls` is the one that a merchant is told.

    Staff can give an app of their own any identifier, so the manifest's address decides: Saleor itself writes it down.

    Raises NotThisApp, or NotPermitted when Saleor did not grant the permission that everything here needs.
    """
    if app.manifest_url is None:
        raise NotThisApp(
            f"This token belongs to an app that was made by hand. Install Saleor Points from its manifest: {manifest_urls[0]}"
        )
    if app.identifier != identifier:
        raise NotThisApp(
            f"This token belongs to another app of this Saleor. Install Saleor Points from its manifest: {manifest_urls[0]}"
        )
    if not is_one_of(app.manifest_url, manifest_urls):
        raise NotThisApp(
            f"Saleor read the manifest at {app.manifest_url[:URL_SHOWN_MAX]}, which is no address of this Saleor Points. "
            f"Install it from {manifest_urls[0]}, or set APP_API_BASE_URL to the address by which Saleor reaches it."
        )
    if not app.may_read_orders:
        raise NotPermitted(f"Saleor Points needs the permission {PERMISSION}. Install it again, and grant that permission.")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
