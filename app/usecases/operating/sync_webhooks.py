"""Bring an installed store's webhooks up to this version's manifest: Saleor never reads a manifest again."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import structlog
from sqlalchemy import exists
from sqlmodel import col, select

from app.db.spend_rules import has_open_spends, points_can_pay
from app.db.tables import SpendRuleRow, StoreRow
from app.domain.store import StoreState
from app.errors import AppError, BadRequest
from app.saleor.manifest import tells_of_deleted_customers
from app.saleor.webhooks import Change, Webhook, changes, wanted
from app.sealing import fingerprint
from app.usecases.services import Services

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Synced:
    """What was, or would be, changed at one store; `error` says why it could not."""

    store: str
    changes: list[Change] = field(default_factory=list)
    error: str | None = None


def sync_webhooks(
    services: Services, *, is_dry_run: bool = False, only_where_needed: bool = False, only_store: str | None = None
) -> Iterator[Synced]:
    """Compare each active store's webhooks with those that it should have, and change what differs.

    `only_where_needed` asks only the stores that are not known to have them, `only_store` just that one.
    """
    for store in _stores(services):
        if only_store not in {None, store.slug}:
            continue
        want = wanted_webhooks(services, store)
        mark = webhooks_mark(want)
        if only_where_needed and store.webhooks_mark == mark:
            continue
        try:
            needed = _sync(services, store, want, is_dry_run=is_dry_run)
        except AppError as error:
            yield Synced(store.slug, error=error.message)
            continue
        if not is_dry_run:
            _remember(services, store, mark)
        yield Synced(store.slug, needed)


def sync_where_needed(services: Services) -> None:
    """Bring the webhooks of stores up to date that may lag behind, and log what came of it. A store that is away is left."""
    for synced in sync_webhooks(services, only_where_needed=True):
        log.info("webhooks synced", store=synced.store, changes=len(synced.changes), error=synced.error)


def end_payment_webhooks(services: Services) -> None:
    """Remove the webhooks of payments where points can pay no more, and nothing that they paid can go back any more."""
    for store in _stores_with_spend_rules(services):
        want = wanted_webhooks(services, store)
        if store.failures == 0 and store.webhooks_mark == webhooks_mark([*want, *services.payment_webhooks]):
            for synced in sync_webhooks(services, only_store=store.slug):
                log.info("payment webhooks ended", store=synced.store, changes=len(synced.changes), error=synced.error)


def sync_unknown(services: Services, store: StoreRow) -> None:
    """Make the webhooks of a store that is not known to have them: one that was installed again may need more than its manifest.

    A store that is away is left.
    """
    if store.webhooks_mark is not None:
        return
    for synced in sync_webhooks(services, only_store=store.slug):
        log.info("webhooks synced", store=synced.store, changes=len(synced.changes), error=synced.error)


def wanted_webhooks(services: Services, store: StoreRow) -> list[Webhook]:
    """Give the webhooks that a store's Saleor should have.

    That of deleted customers only where they are erased; those of payments only while points can pay, or something that they
    paid can still go back.
    """
    want = wanted(services.manifest_for(store.saleor_version))
    if store.erase_after_days is not None and tells_of_deleted_customers(store.saleor_version):
        want.append(services.customers_webhook)
    with services.database.reading() as session:
        if points_can_pay(session, store.id or 0) or has_open_spends(session, store.id or 0):
            want.extend(services.payment_webhooks)
    return want


def webhooks_mark(webhooks: Sequence[Webhook]) -> str:
    """Give the mark of a store's webhooks."""
    told = [
        {
            "name": hook.name,
            "targetUrl": hook.target_url,
            "query": hook.query,
            "asyncEvents": sorted(hook.events),
            "syncEvents": sorted(hook.sync_events),
        }
        for hook in webhooks
    ]
    return fingerprint(json.dumps(told, sort_keys=True))


def leads_home(webhook: Webhook) -> bool:
    """Tell whether a webhook's address is of this machine alone."""
    return urlsplit(webhook.target_url).hostname in {"localhost", "127.0.0.1", "::1"}


def _sync(services: Services, store: StoreRow, want: Sequence[Webhook], *, is_dry_run: bool) -> list[Change]:
    api_url, token = store.saleor_api_url or "", services.sealer.open(store.token_sealed or "")
    have = services.saleor.app.webhooks(api_url, token)
    if any(leads_home(webhook) for webhook in want) and not all(leads_home(webhook) for webhook in have):
        raise BadRequest(
            "This would turn the store's deliveries from a public address to this machine alone. "
            "Set PUBLIC_URL, or APP_API_BASE_URL, to where Saleor reaches the app."
        )
    needed = changes(have, want)
    for change in needed if not is_dry_run else ():
        services.saleor.app.change_webhook(api_url, token, change)
        log.info("webhook changed", store=store.slug, change=change.kind, webhook=change.webhook.name)
    return needed


def _stores(services: Services) -> list[StoreRow]:
    with services.database.reading() as session:
        query = select(StoreRow).where(StoreRow.state == StoreState.ACTIVE, col(StoreRow.token_sealed).is_not(None))
        return list(session.exec(query.order_by(col(StoreRow.id))))


def _stores_with_spend_rules(services: Services) -> list[StoreRow]:
    has_rules = exists().where(col(SpendRuleRow.store_id) == col(StoreRow.id))
    with services.database.reading() as session:
        query = select(StoreRow).where(StoreRow.state == StoreState.ACTIVE, col(StoreRow.token_sealed).is_not(None), has_rules)
        return list(session.exec(query.order_by(col(StoreRow.id))))


def _remember(services: Services, store: StoreRow, mark: str) -> None:
    with services.database.writing() as session:
        session.add(store)
        store.webhooks_mark = mark
