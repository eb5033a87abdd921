"""What Saleor checks in a manifest before it installs the app."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from graphql import GraphQLEnumType, GraphQLError, OperationDefinitionNode, OperationType, parse, validate

from tests.standins.saleor.orders import new_id
from tests.standins.saleor.schema import schema

# Before 3.22 mounts were an enum, and an unknown one refused the whole manifest.
OLD_MOUNTS = frozenset(
    {f"{thing}_{place}" for thing in ("CUSTOMER", "PRODUCT", "ORDER") for place in ("OVERVIEW_CREATE", "OVERVIEW_MORE_ACTIONS")}
    | {f"{thing}_DETAILS_MORE_ACTIONS" for thing in ("CUSTOMER", "PRODUCT", "ORDER")}
    | {f"NAVIGATION_{thing}" for thing in ("CATALOG", "ORDERS", "CUSTOMERS", "DISCOUNTS", "TRANSLATIONS", "PAGES")}
)
OLD_TARGETS = frozenset({"POPUP", "APP_PAGE"})


@dataclass(frozen=True)
class Webhook:
    id: str
    name: str
    target_url: str
    query: str
    events: tuple[str, ...]
    is_active: bool = True
    # The events that Saleor waits for an answer to.
    sync_events: tuple[str, ...] = ()


def webhooks_of(manifest: Mapping[str, Any]) -> list[Webhook]:
    return [
        Webhook(
            new_id("Webhook"),
            entry["name"],
            entry["targetUrl"],
            entry["query"],
            tuple(entry.get("asyncEvents", ())),
            entry.get("isActive", True),
            tuple(entry.get("syncEvents", ())),
        )
        for entry in manifest.get("webhooks", ())
    ]


def refusal_of(manifest: Mapping[str, Any], schema_version: str, taken: Sequence[str]) -> str | None:
    """Return the first reason to refuse `manifest`, or None."""
    return next(_refusals(manifest, _version(schema_version), taken), None)


@cache
def subscription_refusal(query: str) -> str | None:
    """Return why Saleor would not take `query` as a webhook's subscription, or None."""
    try:
        document = parse(query)
    except GraphQLError as error:
        return f"Unable to parse the query: {error.message}"
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].operation is not OperationType.SUBSCRIPTION:
        return "Webhook query must be one subscription."
    errors = validate(schema(), document)
    return errors[0].message if errors else None


def _refusals(manifest: Mapping[str, Any], version: tuple[int, ...], taken: Sequence[str]) -> Iterator[str]:
    missing = [name for name in ("id", "name", "version") if not manifest.get(name)]
    if missing:
        yield f"{missing[0]}: Field required."
        return
    if manifest["id"] in taken:
        yield "identifier: App with the same identifier is already installed."
    yield from _version_refusals(manifest.get("requiredSaleorVersion"), version)
    yield from _permission_refusals(manifest.get("permissions", ()))
    for name in ("appUrl", "tokenTargetUrl"):
        if name in manifest and not _is_url(manifest[name]):
            yield f"{name}: Incorrect format."
    for extension in manifest.get("extensions", ()):
        yield from _extension_refusals(extension, manifest, version)
    for webhook in manifest.get("webhooks", ()):
        yield from _webhook_refusals(webhook)


def _version_refusals(required: str | None, version: tuple[int, ...]) -> Iterator[str]:
    """Check the plain comparisons of a range: `>=3.20 <4`."""
    compare = {">=": version.__ge__, ">": version.__gt__, "<": version.__lt__, "<=": version.__le__}
    for sign, bound in re.findall(r"(>=|<=|>|<)\s*([\d.]+)", required or ""):
        if not compare[sign](_version(bound)):
            yield f"requiredSaleorVersion: Saleor version {'.'.join(map(str, version))} is not supported by the app."


def _permission_refusals(permissions: Sequence[str]) -> Iterator[str]:
    for permission in permissions:
        if permission not in _names_of("PermissionEnum"):
            yield f"permissions: Given permission {permission} doesn't exist."
        if permission == "MANAGE_APPS":
            yield "permissions: MANAGE_APPS can't be granted to an app."


def _extension_refusals(extension: Mapping[str, Any], manifest: Mapping[str, Any], version: tuple[int, ...]) -> Iterator[str]:
    missing = [name for name in ("label", "url", "mount") if not extension.get(name)]
    if missing:
        yield f"extensions: {missing[0]} is required."
        return
    mount, target = extension["mount"].upper(), extension.get("target", "POPUP").upper()
    if version < (3, 22) and (mount not in OLD_MOUNTS or target not in OLD_TARGETS):
        yield f"extensions: Incorrect value for field mount or target: {mount}, {target}."
    if extension["url"].startswith("/") and not manifest.get("appUrl"):
        yield "extensions: Incorrect relation between extension's target and URL fields."
    if set(extension.get("permissions", ())) - set(manifest.get("permissions", ())):
        yield "extensions: Extension permission must be listed in App's permissions."


def _webhook_refusals(webhook: Mapping[str, Any]) -> Iterator[str]:
    missing = [name for name in ("name", "targetUrl", "query") if not webhook.get(name)]
    if missing:
        yield f"webhooks: {missing[0]} is required."
        return
    if not _is_url(webhook["targetUrl"]):
        yield "webhooks: Invalid target url."
    for kind in ("async", "sync"):
        unknown = set(webhook.get(f"{kind}Events", ())) - _names_of(f"WebhookEventType{kind.title()}Enum")
        if unknown:
            yield f"webhooks: Invalid {kind}Events: {', '.join(sorted(unknown))}."
    refusal = subscription_refusal(webhook["query"])
    if refusal is not None:
        yield f"webhooks: Subscription query is not valid: {refusal}"


def _names_of(enum: str) -> set[str]:
    kind = schema().type_map[enum]
    return set(kind.values) if isinstance(kind, GraphQLEnumType) else set()


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _is_url(value: Any) -> bool:
    parts = urlsplit(str(value))
    return parts.scheme in ("http", "https") and bool(parts.netloc)
