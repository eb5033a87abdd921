"""What a person decides: unknown movements, extra points, shortfalls."""

from uuid import UUID

import click

from app.cli.operating import minute, open_services, option_store, option_who, table
from app.logs import written_out
from app.usecases.merchants import adjust_points
from app.usecases.merchants.adjust_points import FormOutcome
from app.usecases.moving.resolve_movement import resolve_movement, unknown_movements

_WAITS = "Above a limit of this store: nothing was changed yet. Somebody else approves it: saleor-points approvals list"


@click.group()
def movements() -> None:
    """See and resolve changes whose outcome is unknown."""


@movements.command(name="list")
@click.option("--unknown", is_flag=True, required=True, help="Those whose outcome is unknown.")
@click.option("--store", metavar="SLUG", help="Of this store only.")
def list_movements(*, unknown: bool, store: str | None) -> None:
    """List movements, with all that is needed to decide."""
    del unknown
    with open_services() as services:
        found = unknown_movements(services, store)
    if not found:
        click.echo("No movement's outcome is unknown.")
        return
    rows = [
        (
            movement.id,
            movement.store,
            movement.order_number or "-",
            movement.email,
            f"{movement.points:+}",
            minute(movement.sent_at),
            _points(movement.before),
            _points(movement.looked),
            "you" if movement.is_for_staff else "looking",
        )
        for movement in found
    ]
    click.echo(table(("ID", "STORE", "ORDER", "CUSTOMER", "POINTS", "SENT (UTC)", "BEFORE", "LOOKED", "WAITS FOR"), rows))
    click.echo("\nBEFORE and LOOKED are available/used points. Look at the customer's history at the provider, then say:")
    click.echo("  saleor-points movements resolve ID --accepted | --not-done --who NAME")


@movements.command()
@click.argument("movement_id", metavar="ID", type=click.UUID)
@click.option("--accepted/--not-done", "happened", required=True, default=None, help="It went through, or it did not.")
@option_who
def resolve(movement_id: UUID, *, happened: bool, who: str) -> None:
    """Say whether a movement went through."""
    with open_services() as services:
        resolve_movement(services, movement_id, happened=happened, who=who)
    click.echo("Noted: it went through." if happened else "Noted: it did not. The worker asks for it again, if it is still due.")


@click.command()
@option_store
@click.option("--order", "number", metavar="NUMBER", help="Change the points of this order.")
@click.option("--customer", "email", metavar="EMAIL", help="Adjust this customer's balance at once.")
@click.option("--points", type=int, required=True, help="How many; with a minus to take them.")
@click.option("--reason", required=True, help="Why: it is kept.")
@option_who
def adjust(*, store: str, number: str | None, email: str | None, points: int, reason: str, who: str) -> None:
    """Give or take extra points, for an order or for a customer."""
    if (number is None) == (email is None):
        raise click.UsageError("Name either --order or --customer.")
    with open_services() as services:
        if number is not None:
            outcome = adjust_points.adjust_order(services, store, number, points=points, reason=reason, who=who)
            is_made = outcome is not FormOutcome.WAITS
        else:
            adjusted = adjust_points.adjust_customer(services, store, email or "", points=points, reason=reason, who=who)
            is_made = adjusted is None or not adjusted.waits_for_approval
    click.echo(f"Noted: {points:+} points. The worker does the rest." if is_made else _WAITS)


@click.command(name="write-off")
@option_store
@click.option("--order", "number", metavar="NUMBER", required=True, help="The order whose shortfall is written off.")
@option_who
def write_off(*, store: str, number: str, who: str) -> None:
    """Close an order's shortfall without taking anything."""
    with open_services() as services:
        written_off = adjust_points.write_off(services, store, number, who=who)
    if written_off.outcome is FormOutcome.WAITS:
        click.echo(_WAITS)
        return
    click.echo(written_out(f"{written_off.points} points of order {number} were written off."))


@click.command(name="look-again")
@option_store
@click.option("--order", "number", metavar="NUMBER", required=True, help="The order to look at.")
def look_again(*, store: str, number: str) -> None:
    """Check an order now, and ask again for what the provider refused."""
    with open_services() as services:
        adjust_points.look_again(services, store, number)
    click.echo(written_out(f"Order {number} is in the worker's hands."))


def _points(balance: tuple[int | None, int | None]) -> str:
    available, used = balance
    return "-" if available is None else f"{available}/{used}"
