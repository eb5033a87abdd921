"""Install a store: take the token that a Saleor hands over, once that Saleor has confirmed it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from app.db.logbook import write_log
from app.db.spend_waking import strand_spends
from app.db.stores import as_slug, current_account, find_store, is_slug_taken, rules_of
from app.db.tables import RuleRow, StoreRow
from app.domain.staff_limits import new_store_limits
from app.domain.store import AccountKind, StoreState
from app.errors import NotAllowed, NotThisApp, SaleorBusy, SaleorFault, SaleorNotPublic, SaleorUnreachable
from app.saleor.api_urls import is_allowed
from app.saleor.own_app import require_this_app
from app.saleor.webhooks import wanted
from app.usecases.operating.change_account import new_account
from app.usecases.operating.sync_webhooks import webhooks_mark
from app.usecases.services import Services

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Installed:
    """What a Saleor handed over and confirmed."""

    api_url: str
    app_id: str
    token: str
    jwks: str
    saleor_version: str | None
    newest_change: datetime | None
    # What Saleor's clock said, to the second; None where it did not say.
    saleor_time: datetime | None


def install_store(services: Services, *, api_url: str, token: str, saleor_version: str | None, now: datetime) -> None:
    """Install a store, or install it again: the newest token of this app wins, and the books go on where they were.

    Raises NotAllowed, NotASaleor, NotThisApp, NotPermitted, SaleorUnreachable or Crowded with a sentence that the merchant reads
    in the Dashboard.
    """
    if not is_allowed(api_url, services.saleor_urls_allowed):
        raise NotAllowed(
            f"This Saleor ({api_url}) may not install Saleor Points. "
            "Whoever runs Saleor Points can allow it by adding that address to ALLOWED_SALEOR_URLS."
        )
    try:
        with services.bulkheads.registrations.place(api_url):
            installed = _confirmed(services, api_url, token, saleor_version)
    except SaleorNotPublic:
        raise
    except (SaleorUnreachable, SaleorFault, SaleorBusy) as error:
        raise SaleorUnreachable(
            f"Saleor Points cannot reach this Saleor at {api_url}. Set PUBLIC_URL, on Saleor's API and on its worker, to an "
            f"address that Saleor Points can reach, or map it with SALEOR_URL_MAP. ({error.message})"
        ) from error
    try:
        slug = _keep(services, installed, now)
    except IntegrityError:
        # The same Saleor was installed for the first time by another request at the same instant: now it has its row.
        slug = _keep(services, installed, now)
    log.info("store installed", store=slug, saleor=saleor_version)


def _confirmed(services: Services, api_url: str, token: str, saleor_version: str | None) -> Installed:
    """Ask the Saleor whose token this is, and for what else is kept of it."""
    app = services.saleor.app.own(api_url, token)
    require_this_app(app, identifier=services.manifest_for(saleor_version)["id"], manifest_urls=services.manifest_urls)
    _refuse_second_app(services, api_url, app.id)
    jwks = services.saleor.jwks(api_url)
    newest_change = services.saleor.orders.newest_change(api_url, token)
    return Installed(api_url, app.id, token, jwks, saleor_version, newest_change, app.saleor_time)


def _refuse_second_app(services: Services, api_url: str, app_id: str) -> None:
    """Refuse another app while the token of the installed one is in use. Removing an app ends its token at once."""
    with services.database.reading() as session:
        store = find_store(session, api_url)
    if store is None or store.token_sealed is None or store.app_id == app_id:
        return
    if services.saleor.app.is_token_in_use(api_url, services.sealer.open(store.token_sealed)):
        raise NotThisApp("Saleor Points is installed in this Saleor already. Remove that app first, then install it again.")


def _keep(services: Services, installed: Installed, now: datetime) -> str:
    with services.database.writing() as session:
        store = find_store(session, installed.api_url) or _new_store(session, installed, now)
        store.state = StoreState.ACTIVE
        store.app_id = installed.app_id
        store.token_sealed = services.sealer.seal(installed.token)
        store.jwks = installed.jwks
        store.jwks_asked_at = now
        store.saleor_version = installed.saleor_version
        # Saleor made those of the manifest. A store that comes back may need more: its first sweep asks.
        made_by_manifest = webhooks_mark(wanted(services.manifest_for(installed.saleor_version)))
        store.webhooks_mark = made_by_manifest if store.id is None else None
        if store.id is None:
            # A new store's sweep begins now. One that comes back goes on where it was left: an empty cursor is the beginning
            # of a shop that had no order yet, not a cursor to be set.
            store.sweep_cursor = installed.newest_change
        store.paused_until, store.failures, store.failing_since, store.problem = None, 0, None, None
        # What happened while the app was away is swept at once.
        store.swept_at = None
        # Its Dashboard may have moved; the first page that is opened tells where it is now.
        store.dashboard_url = None
        # This installation of the app was told of no problem yet.
        store.problems_told = store.problems_told_at = None
        session.add(store)
        session.flush()
        _complete(services, session, store, now)
        strand_spends(session, store.id or 0, now)
        write_log(session, store.id or 0, "installed", "Saleor Points was installed, and is told of this shop's orders.", now=now)
        return store.slug


def _new_store(session: Session, installed: Installed, now: datetime) -> StoreRow:
    host = urlsplit(installed.api_url).netloc
    return StoreRow(
        slug=_free_slug(session, host),
        name=host,
        saleor_api_url=installed.api_url,
        awards_from=_by_saleors_clock(installed.saleor_time, now),
        created_at=now,
        state=StoreState.INACTIVE,
        **new_store_limits(now),
    )


def _by_saleors_clock(saleor_time: datetime | None, now: datetime) -> datetime:
    """Give the moment that now is by Saleor's clock, which says when orders were placed. It says it to the second."""
    if saleor_time is None or saleor_time <= now < saleor_time + timedelta(seconds=1):
        return now
    return saleor_time


def _free_slug(session: Session, host: str) -> str:
    wanted = as_slug(host) or "store"
    slug, number = wanted, 2
    while is_slug_taken(session, slug):
        slug, number = f"{wanted}-{number}", number + 1
    return slug


def _complete(services: Services, session: Session, store: StoreRow, now: datetime) -> None:
    """Give a store what every store has: a rule to begin with, and an account."""
    if store.id is None:
        raise RuntimeError("a store without an id")
    if not rules_of(session, store.id):
        session.add(RuleRow(store_id=store.id, in_force_from=now))
    if current_account(session, store.id) is None:
        default = services.default_account
        kind = AccountKind.COGGINS if default.url else AccountKind.EMBEDDED
        session.add(new_account(services, store.id, kind=kind, url=default.url, key=default.key))
