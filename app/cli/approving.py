"""Changes by hand that wait for approval: see them, approve them, refuse them."""

import click

from app.cli.approve_refuse import add_decisions
from app.cli.operating import minute, open_services, option_store, table
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


add_decisions(
    approvals,
    decide_request,
    approve="Approve a change, and make it.",
    refuse="Refuse a change: nothing is changed.",
    approved="Approved.",
)
