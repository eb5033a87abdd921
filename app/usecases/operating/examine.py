"""Examine an installation: what is wrong, and what to do about it. Changes nothing."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import col, select

from app.db.migrations import head, is_migrated
from app.db.payments_app_id import other_app_id
from app.db.spend_rules import points_can_pay
from app.db.stores import current_account
from app.db.tables import StoreRow
from app.domain.permissions import NEEDED, Feature
from app.domain.store import StoreState
from app.errors import AppError, BadSetting
from app.providers.protocol import NotSent
from app.saleor.own_app import PERMISSION, OwnApp
from app.settings import Settings
from app.usecases.operating.check_secret import check_secret
from app.usecases.operating.examine_processes import examine_processes
from app.usecases.operating.examine_rewards import missing_for_rewards, waiting_rewards
from app.usecases.operating.finding import Finding, Health
from app.usecases.operating.outbox_figures import examine_outbox
from app.usecases.operating.store_figures import StoreFigures, figures_of_stores
from app.usecases.operating.sync_webhooks import sync_webhooks
from app.usecases.services import Services

# A worker takes what waits within seconds; a batch of slow calls may hold it up for a minute.
WAITS_TOO_LONG = timedelta(minutes=5)
CLOCKS_DIFFER = timedelta(seconds=5)
# Saleor says its time to the second, and its answer takes a while. Half a minute does harm already: orders count by its clock.
SALEORS_CLOCK_DIFFERS = timedelta(seconds=30)
FREE_BYTES_MIN = 500 * 1024 * 1024


def examine(services: Services, settings: Settings) -> Iterator[Finding]:
    """Look at settings, database, secret, processes, and each store's Saleor, webhooks, sweep and points provider."""
    yield _addresses(settings)
    yield _database(services)
    if not is_migrated(services.database):
        yield Finding("tables", Health.BAD, f"The database does not have the tables of {head()}.", "saleor-points migrate")
        return
    yield Finding("tables", Health.OK, f"The database is at {head()}.")
    secret = _secret(services)
    yield secret
    yield from _app_id(services)
    yield examine_processes(services)
    yield examine_outbox(services)
    figures = {one.slug: one for one in figures_of_stores(services)}
    with services.database.reading() as session:
        stores = list(session.exec(select(StoreRow).order_by(col(StoreRow.id))))
    if not stores:
        yield Finding(
            "stores", Health.WARNING, "No store is installed.", "Open the install link that `saleor-points run` prints."
        )
    for store in stores:
        if secret.health is Health.OK:
            yield from _store(services, settings, store, figures.get(store.slug))


def _addresses(settings: Settings) -> Finding:
    if settings.app_env != "production":
        return Finding("settings", Health.OK, f"Development; browsers reach the app at {settings.browser_url}.")
    plain = [url for url in (settings.browser_url, settings.api_base_url, settings.claim_url_base) if url.startswith("http://")]
    if plain:
        return Finding(
            "settings",
            Health.BAD,
            f"{plain[0]} is not HTTPS; a Dashboard on HTTPS will not show it.",
            "Set PUBLIC_URL to https://…",
        )
    if not settings.trusted_proxies:
        return Finding(
            "settings",
            Health.WARNING,
            "HTTPS, and no proxy is trusted: all shoppers may seem to come from one address, and share its limit.",
            "Set TRUSTED_PROXIES to the number of proxies in front.",
        )
    return Finding("settings", Health.OK, f"Production; browsers reach the app at {settings.browser_url}.")


def _database(services: Services) -> Finding:
    with services.database.engine.connect() as connection:
        if services.database.is_sqlite:
            version = connection.execute(text("SELECT sqlite_version()")).scalar_one()
            free = services.database.free_bytes()
            if free is not None and free < FREE_BYTES_MIN:
                return Finding(
                    "database",
                    Health.BAD,
                    f"SQLite {version}; only {free // 1024 // 1024} MB are free on its disk.",
                    "Make room: when the disk is full nothing can be written.",
                )
            return Finding("database", Health.OK, f"SQLite {version}.")
        version = connection.execute(text("SHOW server_version")).scalar_one()
        apart = abs(connection.execute(text("SELECT now()")).scalar_one() - services.clock())
    if apart > CLOCKS_DIFFER:
        return Finding(
            "clock",
            Health.BAD,
            f"This clock and PostgreSQL's are {int(apart.total_seconds())} seconds apart; leases need clocks that agree.",
            "Let both follow a time server (NTP).",
        )
    return Finding("database", Health.OK, f"PostgreSQL {version}; its clock agrees with ours.")


def _secret(services: Services) -> Finding:
    try:
        check_secret(services.database, services.sealer)
    except BadSetting as error:
        return Finding("secret", Health.BAD, error.message, "Nothing can be done for any store before that.")
    return Finding("secret", Health.OK, "SECRET_KEY opens what the database holds.")


def _app_id(services: Services) -> Iterator[Finding]:
    with services.database.reading() as session:
        other = other_app_id(session, services.app_id)
    if other is not None:
        said = f"MANIFEST_APP_ID is {services.app_id}; points paid by {other}, and only that one can refund them."
        yield Finding("settings", Health.BAD, said, f"Set MANIFEST_APP_ID={other}")


def _store(services: Services, settings: Settings, store: StoreRow, figures: StoreFigures | None) -> Iterator[Finding]:
    if store.state != StoreState.ACTIVE or store.token_sealed is None or store.saleor_api_url is None or figures is None:
        yield Finding(store.slug, Health.WARNING, f"It is {store.state}: nothing is done for it.", "")
        return
    yield from _saleor(services, store, store.saleor_api_url, store.token_sealed)
    yield _webhooks(services, store)
    yield from _work(services, settings, store, figures)
    yield _provider(services, store)
    yield from waiting_rewards(services, store)


def _saleor(services: Services, store: StoreRow, api_url: str, token_sealed: str) -> Iterator[Finding]:
    subject = f"{store.slug}: Saleor"
    asked_at = services.clock()
    try:
        app = services.saleor.app.own(api_url, services.sealer.open(token_sealed))
        answered_at = services.clock()
        services.saleor.jwks(api_url)
    except AppError as error:
        yield Finding(subject, Health.BAD, error.message, "If the token is refused: install the app again.")
        return
    yield from _saleors_clock(store, app.saleor_time, asked_at, answered_at)
    if app.id != store.app_id:
        yield Finding(subject, Health.BAD, "The token belongs to another app of this Saleor.", "Install the app again.")
    elif not app.may_read_orders:
        yield Finding(
            subject,
            Health.BAD,
            f"The app lacks the permission {PERMISSION}: it is told of no order, and can read none.",
            "Grant it in the Dashboard under Extensions, or install the app again.",
        )
    elif store.erase_after_days is not None and (missing := _missing(app, Feature.ERASING)):
        yield Finding(
            subject,
            Health.WARNING,
            f"Customers who are deleted in Saleor are to be erased, but the app lacks {missing}: it is told of none.",
            "Grant it in the app's settings, on the card Permissions.",
        )
    elif (missing := _missing(app, Feature.SPENDING)) and _lets_points_pay(services, store):
        yield Finding(
            subject,
            Health.WARNING,
            f"Points are to pay at the checkout, but the app lacks {missing}: Saleor asks it for no payment.",
            "Grant it in the app's settings, on the page Paying with points.",
        )
    elif missing := missing_for_rewards(services, store, tuple(app.permissions)):
        yield Finding(
            subject,
            Health.WARNING,
            f"Customers can take rewards, but the app lacks {missing}: it cannot make their codes.",
            "Open a reward in the Dashboard, press Change and then Grant, or switch the reward off.",
        )
    else:
        yield Finding(subject, Health.OK, f"{api_url} answers, knows the app, and gives its keys.")


def _missing(app: OwnApp, feature: Feature) -> str:
    return ", ".join(permission for permission in NEEDED[feature] if permission not in app.permissions)


def _lets_points_pay(services: Services, store: StoreRow) -> bool:
    with services.database.reading() as session:
        return points_can_pay(session, store.id or 0)


def _saleors_clock(store: StoreRow, saleor_time: datetime | None, asked_at: datetime, answered_at: datetime) -> Iterator[Finding]:
    if saleor_time is None:
        return
    ahead = asked_at - saleor_time - timedelta(seconds=1)
    behind = saleor_time - answered_at
    apart = max(ahead, behind)
    if apart >= SALEORS_CLOCK_DIFFERS:
        yield Finding(
            f"{store.slug}: clock",
            Health.WARNING,
            f"Our clock is {int(apart.total_seconds())} seconds {'ahead of' if ahead > behind else 'behind'} Saleor's.",
            "Let both follow a time server (NTP). Holds and expiries are counted by our clock, orders by Saleor's.",
        )


def _webhooks(services: Services, store: StoreRow) -> Finding:
    subject = f"{store.slug}: webhooks"
    for synced in sync_webhooks(services, is_dry_run=True, only_store=store.slug):
        if synced.error is not None:
            return Finding(subject, Health.BAD, synced.error, "")
        if synced.changes:
            return Finding(
                subject,
                Health.BAD,
                f"{len(synced.changes)} of its webhooks are not as they should be.",
                "saleor-points webhooks sync",
            )
    return Finding(subject, Health.OK, "They are as this version wants them.")


def _work(services: Services, settings: Settings, store: StoreRow, figures: StoreFigures) -> Iterator[Finding]:
    now = services.clock()
    if store.problem:
        yield Finding(f"{store.slug}: state", Health.BAD, store.problem, "")
    waited = now - figures.oldest_look_at if figures.oldest_look_at is not None else timedelta()
    if waited > WAITS_TOO_LONG and figures.paused_until is None and figures.account_paused_until is None:
        yield Finding(
            f"{store.slug}: orders",
            Health.BAD,
            f"{figures.waiting_orders} orders wait, the oldest for {int(waited.total_seconds()) // 60} minutes.",
            "Is a worker running? saleor-points worker",
        )
    else:
        yield Finding(f"{store.slug}: orders", Health.OK, f"{figures.waiting_orders} orders wait.")
    if not settings.sweep_seconds:
        yield Finding(
            f"{store.slug}: sweep", Health.WARNING, "It is switched off: lost deliveries stay lost.", "Set SWEEP_SECONDS."
        )
    elif figures.paused_until is None and _is_late(figures.sweep_ended_at, now, timedelta(seconds=settings.sweep_seconds)):
        yield Finding(
            f"{store.slug}: sweep",
            Health.BAD,
            f"The last one ended {figures.sweep_ended_at:%Y-%m-%d %H:%M} UTC.",
            "Is a worker running?",
        )
    for_people = figures.orders_with_problem + figures.movements_for_staff
    if for_people:
        yield Finding(
            f"{store.slug}: people",
            Health.WARNING,
            f"{figures.orders_with_problem} orders have a problem, {figures.movements_for_staff} movements wait for a word.",
            "See the app in the Dashboard, or: saleor-points movements list --unknown",
        )


def _is_late(sweep_ended_at: datetime | None, now: datetime, every: timedelta) -> bool:
    return sweep_ended_at is not None and now - sweep_ended_at > 3 * every + WAITS_TOO_LONG


def _provider(services: Services, store: StoreRow) -> Finding:
    subject = f"{store.slug}: points"
    with services.database.reading() as session:
        account = current_account(session, store.id or 0)
    if account is None:
        return Finding(
            subject, Health.BAD, "The store has no account for its points.", "saleor-points account embedded --store …"
        )
    # Asking for nobody's balance shows that key and address are right, and changes nothing.
    answer = services.provider_of(store, account).balances([account.nobody])
    if isinstance(answer, NotSent):
        return Finding(subject, Health.BAD, answer.reason, f"saleor-points account {account.kind} --store {store.slug} …")
    return Finding(subject, Health.OK, f"The {account.kind} account answers.")
