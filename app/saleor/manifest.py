"""The manifest that Saleor reads when it installs the app, fitted to that Saleor's version."""

import json
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from app.saleor.versions import is_known_since, read_version
from app.saleor.webhooks import Webhook

FOLDER = Path(__file__).parents[2] / "manifest"
LOGO = FOLDER / "logo.png"

# An app is told of its own deletion and of its own pauses from here on.
APP_EVENTS_SINCE = (3, 23)
# A subscription can ask who was deleted from here on.
CUSTOMER_EVENTS_SINCE = (3, 23)
# Places in the Dashboard that only newer ones have. A place that it does not know makes it refuse the whole app.
MOUNTS_SINCE = {
    "ORDER_DETAILS_WIDGETS": (3, 22),
    "CUSTOMER_DETAILS_WIDGETS": (3, 22),
    "PRODUCT_DETAILS_WIDGETS": (3, 22),
    "GIFT_CARD_DETAILS_WIDGETS": (3, 22),
    "VOUCHER_DETAILS_WIDGETS": (3, 22),
    "HOMEPAGE_WIDGETS": (3, 23),
}


def manifest(
    *, app_id: str, app_name: str, api_url: str, public_url: str, iframe_url: str, schema_version: str | None
) -> dict[str, Any]:
    """Fill in the manifest. `schema_version` is what Saleor says of itself, such as `3.22`; without it the newest is meant.

    Addresses of widgets are whole: some Dashboards join a relative one to `appUrl`, others drop what that ends with. Those of
    pages are relative, because the Dashboard takes no other.
    """
    values = {
        "{api}": api_url,
        "{public}": public_url,
        "{iframe}": iframe_url,
        "{version}": app_version(),
        "{order_events}": subscription("order_events"),
        "{app_events}": subscription("app_events"),
        "{app_id}": app_id,
        "{app_name}": app_name,
    }
    filled = _filled(json.loads(_template()), values)
    if not has_app_events(schema_version):
        filled["webhooks"] = [webhook for webhook in filled["webhooks"] if webhook["name"] != "App"]
    filled["extensions"] = [
        one for one in filled["extensions"] if _is_since(schema_version, MOUNTS_SINCE.get(one["mount"], (0, 0)))
    ]
    return dict(filled)


def customers_webhook(api_url: str) -> Webhook:
    """Give the webhook by which a Saleor tells of customers who are deleted, if the app has the permission MANAGE_USERS."""
    events = frozenset({"CUSTOMER_DELETED", "ACCOUNT_DELETED"})
    return Webhook("Customers", f"{api_url}/api/webhooks/customers", subscription("customer_events"), events)


def tells_of_deleted_customers(version: str | None) -> bool:
    """Tell whether a Saleor is known to be of a version that can tell of them."""
    return is_known_since(version, CUSTOMER_EVENTS_SINCE)


@cache
def subscription(name: str) -> str:
    """Read a subscription document."""
    return (FOLDER / f"{name}.graphql").read_text()


@cache
def app_version() -> str:
    """Give the installed version of this app."""
    return version("saleor-points")


def has_app_events(schema_version: str | None) -> bool:
    """Tell whether a Saleor of this version tells an app of its own deletion. An unreadable version counts as the newest."""
    return _is_since(schema_version, APP_EVENTS_SINCE)


def _is_since(schema_version: str | None, since: tuple[int, int]) -> bool:
    """Tell whether a Saleor is of a version or newer. One that cannot be read counts as the newest."""
    version_read = read_version(schema_version)
    return version_read is None or version_read >= since


def _filled(value: Any, values: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, values) for item in value]
    if isinstance(value, str):
        for name, text in values.items():
            value = value.replace(name, text)
    return value


@cache
def _template() -> str:
    return (FOLDER / "manifest.json").read_text()
