"""Changes by hand that wait for approval: see them, approve them, refuse them."""

import click

from app.cli.operating import minute, open_services, option_store, option_who, table
from app.usecases.merchants.decide_request import decide_request
from app.usecases.merchants.list_requests import list_requests


@click.group()
def approvals() -> None:
    """See and decide changes by staff that are above a limit."""


@approvals.command(name="list")
@option_store
def list_command(*, store: str) -> None:
    """List the changes that wait for approval."""
    with open_services() as services:
        waiting, _ = list_requests(services, store)
    if not waiting:
        click.echo("Nothing waits for approval.")
        return
    rows = [
        (
            one.id,
            minute(one.asked_at),
            one.asked_by,
            f"{one.points:+}" if one.wanted == "adjust" else f"write off {one.points}",
            one.email or f"order {one.order_number or one.order_id}",
            one.reason,
        )
        for one in waiting
    ]
    click.echo(table(("ID", "ASKED (UTC)", "BY", "POINTS", "OF", "REASON"), rows))


@approvals.command()
@click.argument("request_id", metavar="ID", type=int)
@option_store
@click.option("--reason", required=True, help="Why: it is kept.")
@option_who
def approve(request_id: int, *, store: str, reason: str, who: str) -> None:
    """Approve a change, and make it."""
    with open_services() as services:
        decide_request(services, store, request_id, approves=True, reason=reason, who=who)
    click.echo("Approved.")


@approvals.command()
@click.argument("request_id", metavar="ID", type=int)
@option_store
@click.option("--reason", required=True, help="Why: it is kept.")
@option_who
def refuse(request_id: int, *, store: str, reason: str, who: str) -> None:
    """Refuse a change: nothing is changed."""
    with open_services() as services:
        decide_request(services, store, request_id, approves=False, reason=reason, who=who)
    click.echo("Refused.")
