"""What an operator does to stores: list, sweep, webhooks, accounts, secrets."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import click

from app.cli.operating import open_services, option_store, option_who_if_any, table
from app.domain.store import AccountKind
from app.usecases.merchants.change_store import change_store
from app.usecases.operating import rotate_secrets, sync_webhooks
from app.usecases.operating.change_account import change_account
from app.usecases.operating.create_store import create_store
from app.usecases.operating.list_stores import list_stores
from app.usecases.services import Services
from app.usecases.settling import award_since

_SIGNS = MappingProxyType({"create": "+", "update": "~", "delete": "-"})


@click.group(invoke_without_command=True)
@click.pass_context
def stores(context: click.Context) -> None:
    """List the stores and their problems; change their settings."""
    if context.invoked_subcommand is None:
        context.invoke(list_command)


@stores.command(name="list")
def list_command() -> None:
    """List the stores and their problems."""
    with open_services() as services:
        found = list_stores(services)
    rows = [(one.slug, one.state, one.points or "-", one.saleor_api_url or "-", one.problem or "-") for one in found]
    click.echo(table(("STORE", "STATE", "POINTS", "SALEOR", "PROBLEM"), rows) if rows else "No store is installed yet.")


@stores.command(name="create")
@click.argument("name")
def create_store_command(name: str) -> None:
    """Create a store without a Saleor, for clients of the Points API."""
    with open_services() as services:
        slug = create_store(services, name)
    click.echo(f"The store {slug} is there. A key for it: saleor-points keys create --store {slug}")


@stores.command(name="set")
@click.argument("slug")
@click.option("--default-expires-days", metavar="N|never", help="Days that a claim can be taken, where a request names none.")
@click.option("--customer-types", metavar="A,B", help='The types that the Points API takes; "" for any.')
@click.option("--time-zone", metavar="ZONE", help="The time zone in which a day ends, such as Europe/Berlin.")
@click.option("--debt-policy", metavar="floor|negative", help="Whether a debit may leave a balance below zero.")
@click.option("--claim-link", metavar="own|direct", help="The link on orders: the app's order link, or the provider's own.")
@click.option(
    "--erase-after-days",
    metavar="N|never",
    help="Erase customers so many days after Saleor deleted them; then run webhooks sync. It needs MANAGE_USERS.",
)
@click.option("--staff-change-max", metavar="N|none", help="Most points that staff change at once without approval.")
@click.option("--staff-day-max", metavar="N|none", help="Most points that one person changes in a day without approval.")
@click.option("--storefront-api", metavar="on|off", help="Whether storefronts can ask for their shoppers' points.")
@click.option(
    "--storefront-origins", metavar="A,B", help='Whose pages can, such as https://shop.example.com; "" for servers only.'
)
@click.option("--hosted-wallet", metavar="on|off", help="Whether customers see their points on the app's own pages.")
@option_who_if_any
def set_store(slug: str, *, who: str | None, **options: str | None) -> None:
    """Change settings of the store SLUG. What is left out stays as it is."""
    given = {name: value for name, value in options.items() if value is not None}
    if not given:
        raise click.UsageError("Say what to change; --help lists what there is.")
    with open_services() as services:
        change_store(services, slug, who=who, **{name: _READ.get(name, str)(text) for name, text in given.items()})
    click.echo(f"The settings of {slug} are changed.")


@click.command()
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="Award orders placed on this day or later; it begins at midnight in the store's time zone (stores set --time-zone).",
)
@click.option("--store", "slug", metavar="SLUG", help="Of this store; needed where there are several.")
@click.option("--dry-run", is_flag=True, help="Only say how many orders and points it would be.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def sweep(*, since: datetime, slug: str | None, dry_run: bool, yes: bool) -> None:
    """Award orders that are older than the installation. You can stop it, and run it again."""
    day = since.replace(tzinfo=UTC).date()
    with open_services() as services:
        store = slug or _only_store(services)
        preview = award_since.Progress()
        with click.progressbar(award_since.preview_since(services, store, day), label="Counting", item_show_func=_count) as pages:
            for preview in pages:  # noqa: B007 - the last one counts
                pages.update(0)
        click.echo(f"{preview.orders} orders since {day}, of which {preview.earning} earn {preview.points} points in all.")
        if dry_run or not preview.earning:
            return
        if not yes:
            click.confirm("Award them?", abort=True)
        with click.progressbar(length=preview.orders, label="Waking") as bar:
            done = 0
            for progress in award_since.award_since(services, store, day):
                bar.update(progress.orders - done)
                done = progress.orders
    click.echo("All of them are in the worker's hands now.")


@click.group()
def webhooks() -> None:
    """Look after the app's webhooks in installed stores."""


@webhooks.command(name="sync")
@click.option("--dry-run", is_flag=True, help="Only say what would be changed.")
def sync(*, dry_run: bool) -> None:
    """Update all stores' webhooks to this version. Saleor reads the manifest only when it installs the app."""
    has_failed = False
    with open_services() as services:
        for synced in sync_webhooks.sync_webhooks(services, is_dry_run=dry_run):
            click.echo(f"{synced.store}: {synced.error or ('up to date' if not synced.changes else '')}".rstrip())
            for change in synced.changes:
                events = sorted(change.webhook.events | change.webhook.sync_events)
                click.echo(f"  {_SIGNS[change.kind]} {change.webhook.name} ({', '.join(events)})")
            has_failed = has_failed or synced.error is not None
    if has_failed:
        raise click.exceptions.Exit(1)


@click.group()
def account() -> None:
    """Choose where a store's points live."""


@account.command()
@option_store
@option_who_if_any
def embedded(*, store: str, who: str | None) -> None:
    """Keep new points in this app. Older ones are taken back where they were given."""
    with open_services() as services:
        change_account(services, store, kind=AccountKind.EMBEDDED, who=who)
    click.echo(f"New points of {store} are kept here.")


@account.command()
@option_store
@click.option("--url", required=True, help="Base address of the Points API.")
@click.option("--key", envvar="POINTS_API_KEY", prompt="API key", hide_input=True, help="API key (POINTS_API_KEY, or asked for).")
@option_who_if_any
def coggins(*, store: str, url: str, key: str, who: str | None) -> None:
    """Keep new points at a Coggins Points API. Older ones are taken back where they were given."""
    with open_services() as services:
        change_account(services, store, kind=AccountKind.COGGINS, url=url, key=key, who=who)
    click.echo(f"New points of {store} are kept at {url}.")


@click.group()
def secrets() -> None:
    """Look after what SECRET_KEY seals."""


@secrets.command()
def rotate() -> None:
    """Seal everything anew with SECRET_KEY. What SECRET_KEY_PREVIOUS sealed is opened first."""
    with (
        open_services() as services,
        click.progressbar(length=rotate_secrets.count_sealed(services), label="Sealing") as bar,
    ):
        for count in rotate_secrets.rotate_secrets(services):
            bar.update(count)
    click.echo("Done. SECRET_KEY_PREVIOUS is no longer needed.")


def _days(text: str) -> int | None:
    if text.strip().lower() == "never":
        return None
    if not text.strip().isdecimal():
        raise click.UsageError("This option takes a whole number of days, or never.")
    return int(text)


def _limit(text: str) -> int | None:
    if text.strip().lower() == "none":
        return None
    if not text.strip().isdecimal() or len(text.strip()) > 15:
        raise click.UsageError("This option takes a whole number of points, or none.")
    return int(text)


def _switch(text: str) -> bool:
    if text.strip().lower() not in {"on", "off"}:
        raise click.UsageError("This option takes on or off.")
    return text.strip().lower() == "on"


_READ: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {
        "default_expires_days": _days,
        "erase_after_days": _days,
        "customer_types": lambda text: text.split(","),
        "staff_change_max": _limit,
        "staff_day_max": _limit,
        "storefront_api": _switch,
        "storefront_origins": lambda text: text.split(","),
        "hosted_wallet": _switch,
    }
)


def _only_store(services: Services) -> str:
    slugs = [store.slug for store in list_stores(services)]
    if len(slugs) != 1:
        raise click.UsageError(f"Name one with --store: {', '.join(slugs) or 'no store is installed yet'}.")
    return slugs[0]


def _count(progress: award_since.Progress | None) -> str | None:
    return None if progress is None else f"{progress.orders} of about {progress.orders_in_all} orders, {progress.points} points"
