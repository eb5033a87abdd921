"""What an operator sees of rewards that customers took, and how one is taken back or settled."""

import click

from app.cli.operating import minute, open_services, option_store, option_who, table
from app.usecases.rewards.list_redemptions import LISTED_MAX, list_redemptions_of
from app.usecases.rewards.settle_deleted import settle_deleted
from app.usecases.rewards.withdraw import release_redemption


@click.group()
def redemptions() -> None:
    """See which rewards customers took, and take one back."""


@redemptions.command(name="list")
@option_store
@click.option("--customer", metavar="EMAIL", default="", help="Of this customer only.")
@click.option("--reward", type=int, metavar="ID", help="Of this reward only.")
@click.option("--before", type=int, metavar="ID", help="List those before this one.")
def list_command(*, store: str, customer: str, reward: int | None, before: int | None) -> None:
    """List what customers took for points, newest first, fifty at a time. Codes are not shown: whoever has one can use it."""
    with open_services() as services:
        found = list_redemptions_of(services, store, email=customer, reward_id=reward, before_id=before)
    rows = [
        (
            one.id,
            minute(one.at),
            one.email,
            one.name,
            one.points,
            one.returned_points,
            "" if one.amount is None else f"{one.used} of {one.amount} {one.currency}",
            one.stage,
            minute(one.over_at),
            one.problem,
        )
        for one in found
    ]
    headings = ("ID", "AT (UTC)", "CUSTOMER", "REWARD", "POINTS", "GIVEN BACK", "USED", "STAGE", "GOOD UNTIL (UTC)", "PROBLEM")
    click.echo(table(headings, rows) if rows else "Nobody has taken a reward yet.")
    if len(found) == LISTED_MAX:
        click.echo(f"\nOlder ones: add --before {found[-1].id}")


@redemptions.command(name="withdraw")
@click.argument("redemption_id", metavar="ID", type=int)
@option_store
@option_who
def withdraw_command(*, redemption_id: int, store: str, who: str) -> None:
    """Take the redemption ID back: its code is blocked, and ten minutes later the points of what no order used come back."""
    with open_services() as services:
        release_redemption(services, store, redemption_id, who=who)
    click.echo("Noted. The worker blocks the code, and gives the points back ten minutes later.")


@redemptions.command(name="settle")
@click.argument("redemption_id", metavar="ID", type=int)
@option_store
@click.option("--give-back/--write-off", "gives_back", required=True, help="Who gets the points: the customer, or nobody.")
@click.option("--why", required=True, help="The reason, for whoever reads the log and the customer's page.")
@option_who
def settle_command(*, redemption_id: int, store: str, gives_back: bool, why: str, who: str) -> None:
    """Settle the redemption ID, whose gift card was deleted in Saleor: the points of what no order used go back, or to nobody."""
    with open_services() as services:
        points = settle_deleted(services, store, redemption_id, gives_back=gives_back, why=why, who=who)
    click.echo(f"{points} points go back to the customer." if gives_back else f"Nobody gets back {points} points.")
