"""What operators see of spends: points that customers paid with."""

import click

from app.cli.operating import minute, open_services, option_store, option_who, table
from app.usecases.spending.list_spends import ListedSpend, list_spends
from app.usecases.spending.release_spend import LISTED_MAX, open_payments, release_spend
from app.usecases.spending.settle_debt import look_for_debt, write_off_debt
from app.usecases.spending.settle_missing import settle_missing


@click.group()
def spends() -> None:
    """See what customers paid with points, and give it back."""


@spends.command(name="list")
@option_store
@click.option("--customer", metavar="EMAIL", default="", help="Of this customer only.")
@click.option("--before", type=int, metavar="ID", help="List the spends before this one: each page names it.")
def list_command(*, store: str, customer: str, before: int | None) -> None:
    """List spends and payments of embedded points with what was given back of them, newest first, fifty at a time."""
    with open_services() as services:
        page = list_spends(services, store, email=customer, before_id=before)
    rows = [(one.id, minute(one.at), one.email, one.points, one.given_back, _paid(one), one.key_name) for one in page.spends]
    headings = ("ID", "AT (UTC)", "CUSTOMER", "PAID", "GIVEN BACK", "REFERENCE", "API KEY")
    click.echo(table(headings, rows) if rows else "Nobody paid with points yet.")
    if page.older_than is not None:
        click.echo(f"\nOlder spends: add --before {page.older_than}")


def _paid(one: ListedSpend) -> str:
    """Say what a spend paid: a receipt in the words of whoever asked, or an order or a checkout in Saleor."""
    if one.payment_id is None:
        return one.reference
    return f"payment {one.payment_id}, {f'order {one.order_id}' if one.order_id else 'checkout'}"


@spends.command(name="payments")
@option_store
@click.option("--before", type=int, metavar="ID", help="List the payments before this one.")
def payments_command(*, store: str, before: int | None) -> None:
    """List payments by points that were not given back in full, newest first, fifty at a time."""
    with open_services() as services:
        found = open_payments(services, store, before_id=before)
    rows = [
        (
            one.id,
            minute(one.at),
            one.email,
            one.order_id or "(checkout)",
            f"{one.amount} {one.currency}",
            one.points,
            one.returned,
            one.stage,
            one.problem,
        )
        for one in found
    ]
    headings = ("ID", "AT (UTC)", "CUSTOMER", "ORDER", "PAID", "POINTS", "GIVEN BACK", "STAGE", "PROBLEM")
    click.echo(table(headings, rows) if rows else "No payment by points is open.")
    if len(found) == LISTED_MAX:
        click.echo(f"\nOlder payments: add --before {found[-1].id}")


@spends.command(name="release")
@click.argument("spend_id", metavar="ID", type=int)
@option_store
@option_who
def release_command(*, spend_id: int, store: str, who: str) -> None:
    """Give back what is left of the payment ID, as `spends payments` lists it. Saleor is told first."""
    with open_services() as services:
        points = release_spend(services, store, spend_id, who=who)
    click.echo(f"Noted: {points} points go back. The worker does the rest.")


@spends.command(name="owed")
@click.argument("spend_id", metavar="ID", type=int)
@option_store
@click.option("--look-again/--write-off", "look_again", required=True, help="Take what is there now, or let all of it go.")
@click.option("--why", default="", help="The reason, where it is written off.")
@option_who
def owed_command(*, spend_id: int, store: str, look_again: bool, why: str, who: str) -> None:
    """Look again for the points that a reversed refund of the payment ID gave, or write them off."""
    with open_services() as services:
        if look_again:
            points = look_for_debt(services, store, spend_id, who=who)
        else:
            points = write_off_debt(services, store, spend_id, why=why, who=who)
    click.echo(f"{points} points are {'looked for again. The worker takes what is there' if look_again else 'written off'}.")


@spends.command(name="settle")
@click.argument("spend_id", metavar="ID", type=int)
@option_store
@click.option("--give-back/--write-off", "give_back", required=True, help="Who gets the points: the customer, or nobody.")
@click.option("--why", required=True, help="The reason, for whoever reads the log.")
@option_who
def settle_command(*, spend_id: int, store: str, give_back: bool, why: str, who: str) -> None:
    """Settle the payment ID that Saleor has no more, as `spends payments` says: give its points back, or write them off."""
    with open_services() as services:
        points = settle_missing(services, store, spend_id, give_back=give_back, why=why, who=who)
    click.echo(f"{points} points {'go back to the customer' if give_back else 'are written off'}.")
