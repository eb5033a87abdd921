"""What staff do for one customer: show, give out, or erase what is kept."""

import json
from typing import Any

import click

from app.cli.operating import minute, open_services, option_store, option_who, table
from app.cli.private_output import keep_output_private
from app.domain.how_many import how_many
from app.usecases.merchants.list_moves import list_moves
from app.usecases.merchants.move_customer import move_customer, preview_move
from app.usecases.merchants.two_customers import CustomerMove
from app.usecases.operating.erase_customer import erase_customer
from app.usecases.operating.list_split import list_split
from app.usecases.operating.show_customer import KeptCustomer, export_customer, show_customer
from app.usecases.rewards.list_redemptions import ListedRedemption, list_redemptions_of

# As many as fit on a screen; `export` gives all.
LINES_MAX = 20


@click.group()
def customers() -> None:
    """Show, export, move or erase what is kept of a customer."""


@customers.command()
@click.argument("email")
@option_store
@click.option("--before", type=int, metavar="ENTRY", help="Show the entries before this one: each page names it.")
def show(email: str, *, store: str, before: int | None) -> None:
    """Show a customer's balance with its history, claims, orders, movements and rewards: the newest of each.

    The history is every change of a balance that this app keeps, with who made it and the balance after it. At Coggins, changes
    by other programs and points that were spent cannot be seen.
    """
    with open_services() as services:
        kept = show_customer(services, store, email, history_size=LINES_MAX, before=before)
        taken = list_redemptions_of(services, store, email=email)
    click.echo(_balance(kept))
    if kept.open_amounts:
        click.echo(
            f"Waiting to be taken: {how_many(len(kept.open_amounts), 'claim')} of {how_many(sum(kept.open_amounts), 'point')}."
        )
    for heading, text in (*_parts(kept), *_rewards(taken)):
        click.echo(f"\n{heading}\n{text}")
    if kept.history.older is not None:
        click.echo(f"\nOlder entries: add --before {kept.history.older}")
    if not kept.is_embedded:
        click.echo("\nCoggins keeps this balance: what other programs changed, and what was spent, is not seen here.")


@customers.command()
@click.argument("email")
@option_store
def export(email: str, *, store: str) -> None:
    """Write all that is kept of a customer as JSON to standard output: the answer to a data request."""
    keep_output_private()
    with open_services() as services:
        click.echo(_json(export_customer(services, store, email)))


@customers.command()
@click.argument("email")
@option_store
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(email: str, *, store: str, yes: bool) -> None:
    """Erase a customer: the address and the claim links, everywhere in this app. It cannot be undone.

    Sums stay as they are: entries and movements are kept, and belong to nobody. Saleor, and a points provider elsewhere, keep
    what they have.
    """
    with open_services() as services:
        if not yes:
            kept = show_customer(services, store, email)
            click.echo(f"{_balance(kept)} {how_many(len(kept.orders), 'order')}, {how_many(len(kept.claims), 'claim')}.")
            click.confirm("Erase this customer? The points are lost, and it cannot be undone.", abort=True)
        erased = erase_customer(services, store, email)
    click.echo(
        f"Erased. The address was taken from {how_many(erased.orders, 'order')}, {how_many(erased.movements, 'movement')} and"
        f" {how_many(erased.claims, 'claim')}. Claims withdrawn at once: {erased.withdrawn}; those of orders follow within"
        f" seconds.\nEntries kept without a name: {erased.entries_kept}. Their balance of {how_many(erased.points_left, 'point')}"
        " is nobody's."
    )


@customers.command()
@click.argument("from_email", metavar="FROM")
@click.argument("to_email", metavar="TO")
@option_store
@click.option("--reason", required=True, help="Why: it stays with the move.")
@option_who
@click.option("--yes", is_flag=True, help="Do not ask.")
def move(from_email: str, to_email: str, *, store: str, reason: str, who: str, yes: bool) -> None:
    """Move a customer from one address to another: a typing error, a new address, or two accounts of one person.

    The balance, the claims that wait, the history, and what later refunds take back follow to the new address.
    """
    with open_services() as services:
        if not yes:
            click.echo(_takes_along(preview_move(services, store, from_email, to_email, reason=reason)))
            click.confirm("Move this customer?", abort=True)
        moved = move_customer(services, store, from_email, to_email, reason=reason, who=who)
    click.echo(f"Moved. {_takes_along(moved)}" if moved is not None else "Moved before.")


@customers.command()
@option_store
def moves(*, store: str) -> None:
    """List the customers who were moved, or are being moved, newest first."""
    with open_services() as services:
        found = list_moves(services, store)
    rows = [
        (minute(one.made_at), one.from_email, one.to_email, one.points, one.state, one.made_by, one.problem or one.reason)
        for one in found
    ]
    headings = ("AT (UTC)", "FROM", "TO", "POINTS", "STATE", "BY", "WHY")
    click.echo(table(headings, rows) if rows else "Nobody was moved.")


@customers.command()
@option_store
def split(*, store: str) -> None:
    """List addresses that an older version took for one customer. The balance stayed with the first; the other began at 0.

    Where the points belong to the other, `saleor-points customers move` moves them.
    """
    with open_services() as services:
        found = list_split(services, store)
    rows = [(one.email, one.other_email, minute(one.found_at)) for one in found]
    click.echo(table(("HAS THE BALANCE", "BEGAN WITH NOTHING", "SINCE (UTC)"), rows) if rows else "There are none.")


def _takes_along(move: CustomerMove) -> str:
    return (
        f"{how_many(move.points, 'point')}, {how_many(move.claims, 'claim')} of {move.waiting} that wait, and"
        f" {how_many(move.orders, 'order')}: from {move.from_email} to {move.to_email}."
    )


def _json(kept: object) -> str:
    """Write it with letters as they are, and with whatever a terminal would obey as JSON escapes it."""
    text = json.dumps(kept, indent=2, ensure_ascii=False)
    return "".join(letter if letter.isprintable() or letter == "\n" else json.dumps(letter)[1:-1] for letter in text)


def _balance(kept: KeptCustomer) -> str:
    if kept.balance is None:
        return "No balance here."
    kind = f", {kept.balance.customer_type}" if kept.balance.customer_type else ""
    return f"{kept.balance.available} points available, {kept.balance.used} used{kind}."


def _parts(kept: KeptCustomer) -> list[tuple[str, str]]:
    parts: list[tuple[str, tuple[str, ...], list[tuple[Any, ...]]]] = [
        (
            "History",
            ("AT (UTC)", "CHANGE", "AMOUNT", "BALANCE", "BY", "REASON"),
            [
                (
                    minute(entry.at),
                    entry.what + (f", as {entry.former_email}" if entry.former_email else ""),
                    f"{entry.amount:+}",
                    entry.available_after,
                    entry.by or f"order {entry.order_number or 'not read yet'}",
                    entry.note,
                )
                for entry in reversed(kept.history.entries)
            ],
        ),
        (
            "Claims",
            ("AT (UTC)", "STATE", "POINTS", "EXPIRES (UTC)", "TAKEN (UTC)"),
            [
                (minute(claim.created_at), claim.state, claim.amount, minute(claim.expires_at), minute(claim.taken_at))
                for claim in kept.claims
            ],
        ),
        (
            "Orders",
            ("NUMBER", "DUE", "GRANTED", "BECAUSE", "SHORTFALL", "PROBLEM"),
            [
                (order.number, order.due, order.granted, order.because, order.shortfall or "", order.problem)
                for order in kept.orders
            ],
        ),
        (
            "Movements",
            ("AT (UTC)", "KIND", "POINTS", "STATE", "REASON"),
            [
                (minute(movement.planned_at), movement.kind, f"{movement.points:+}", movement.state, movement.reason)
                for movement in kept.movements
            ],
        ),
    ]
    parts.append(
        (
            "Moves to another address",
            ("AT (UTC)", "FROM", "TO", "POINTS", "STATE", "WHY"),
            [(minute(one.made_at), one.from_email, one.to_email, one.points, one.state, one.reason) for one in kept.moves],
        )
    )
    counts = {"History": len(kept.entries)}
    return [
        (_heading(name, counts.get(name, len(rows))), table(headings, rows[-LINES_MAX:]))
        for name, headings, rows in parts
        if rows
    ]


def _rewards(taken: list[ListedRedemption]) -> list[tuple[str, str]]:
    """Show the rewards that the customer took. Codes are not shown: whoever has one can use it."""
    headings = ("ID", "AT (UTC)", "AS", "REWARD", "POINTS", "GIVEN BACK", "STAGE")
    rows = [
        (one.id, minute(one.at), one.email, one.name, one.points, one.returned_points, one.stage)
        for one in reversed(taken[:LINES_MAX])
    ]
    return [(_heading("Rewards", len(taken)), table(headings, rows))] if rows else []


def _heading(name: str, count: int) -> str:
    return f"{name} ({count})" if count <= LINES_MAX else f"{name}: the newest {LINES_MAX} of {count}"
