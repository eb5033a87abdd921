"""The app's webhooks: as the manifest wants them, and as a Saleor has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook. They are known by their names; `id` is Saleor's. Saleor waits for the answers to `sync_events`."""

    name: str
    target_url: str
    query: str
    events: frozenset[str] = frozenset()
    sync_events: frozenset[str] = frozenset()
    id: str | None = None


class ChangeKind(StrEnum):
    """What is to be done to a webhook."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Change:
    """One change that brings a Saleor nearer to the manifest."""

    kind: ChangeKind
    webhook: Webhook


def wanted(manifest: Mapping[str, Any]) -> list[Webhook]:
    """Read the webhooks of a manifest."""
    return [
        Webhook(hook["name"], hook["targetUrl"], hook["query"], frozenset(hook["asyncEvents"])) for hook in manifest["webhooks"]
    ]


def changes(have: Sequence[Webhook], want: Sequence[Webhook]) -> list[Change]:
    """Compare by name. Blanks and line ends in a query make no difference."""
    by_name = {webhook.name: webhook for webhook in have}
    needed = []
    for webhook in want:
        present = by_name.pop(webhook.name, None)
        if present is None:
            needed.append(Change(ChangeKind.CREATE, webhook))
        elif _essence(present) != _essence(webhook):
            needed.append(Change(ChangeKind.UPDATE, replace(webhook, id=present.id)))
    return needed + [Change(ChangeKind.DELETE, webhook) for webhook in by_name.values()]


def _essence(webhook: Webhook) -> tuple[str, str, frozenset[str], frozenset[str]]:
    return webhook.target_url, " ".join(webhook.query.split()), webhook.events, webhook.sync_events
