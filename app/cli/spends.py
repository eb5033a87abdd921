"""What operators see of spends: points that customers paid with."""

import click

from app.cli.operating import minute, open_services, option_store, table
from app.usecases.spending.list_spends import list_spends


@click.group()
def spends() -> None:
    """See what customers paid with points."""


@spends.command(name="list")
@option_store
@click.option("--customer", metavar="EMAIL", default="", help="Of this customer only.")
@click.option("--before", type=int, metavar="ID", help="List the spends before this one: each page names it.")
def list_command(*, store: str, customer: str, before: int | None) -> None:
    """List spends with what was given back of them, newest first, fifty at a time."""
    with open_services() as services:
        page = list_spends(services, store, email=customer, before_id=before)
    rows = [(one.id, minute(one.at), one.email, one.points, one.given_back, one.reference, one.key_name) for one in page.spends]
    headings = ("ID", "AT (UTC)", "CUSTOMER", "PAID", "GIVEN BACK", "REFERENCE", "API KEY")
    click.echo(table(headings, rows) if rows else "Nobody paid with points yet.")
    if page.older_than is not None:
        click.echo(f"\nOlder spends: add --before {page.older_than}")
