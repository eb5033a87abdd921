"""Keys of the Points API."""

import click

from app.cli.operating import minute, open_services, option_store, option_who_if_any, table
from app.usecases.api import manage_keys


@click.group()
def keys() -> None:
    """Make, list and revoke keys of the Points API."""


@keys.command()
@option_store
@click.option("--label", default="", help="What the key is for; shown in the list.")
@option_who_if_any
def create(*, store: str, label: str, who: str | None) -> None:
    """Make a key for a store's points. It is shown once, alone on the last line."""
    with open_services() as services:
        key = manage_keys.create_key(services, store, label, who=who)
    click.echo("Keep it well: only its fingerprint is stored, so it cannot be shown again.", err=True)
    click.echo(key)


@keys.command(name="list")
@click.option("--store", metavar="SLUG", help="Of this store only.")
def list_keys(*, store: str | None) -> None:
    """List keys, with when they were last used. The keys themselves are not stored."""
    with open_services() as services:
        found = manage_keys.list_keys(services, store)
    rows = [
        (
            key.id,
            key.store,
            key.label or "-",
            minute(key.created_at),
            minute(key.last_used_at),
            "revoked " + minute(key.revoked_at) if key.revoked_at else "open",
        )
        for key in found
    ]
    headings = ("ID", "STORE", "LABEL", "CREATED (UTC)", "LAST USED (UTC)", "STATE")
    click.echo(table(headings, rows) if rows else "There is no key yet: saleor-points keys create --store NAME")


@keys.command()
@click.argument("key_id", metavar="ID", type=int)
@option_who_if_any
def revoke(key_id: int, *, who: str | None) -> None:
    """Revoke a key by its number in the list. It stops working at once."""
    with open_services() as services:
        manage_keys.revoke_key(services, key_id, who=who)
    click.echo(f"Key {key_id} is revoked.")
