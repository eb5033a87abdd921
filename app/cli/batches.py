"""Batches: points for many customers, from a CSV file; run, shown and undone."""

from collections.abc import Iterator
from pathlib import Path

import click

from app.cli.approve_refuse import add_decisions
from app.cli.operating import minute, open_services, option_store, option_who, table
from app.domain.change_batches import Unusable, WantedChange
from app.domain.how_many import how_many
from app.logs import written_out
from app.usecases.merchants.batches.batch_words import what_it_did, what_it_would_do
from app.usecases.merchants.batches.check_changes import check_changes
from app.usecases.merchants.batches.decide_batch import decide_batch, undo_batch
from app.usecases.merchants.batches.make_batch import make_batch
from app.usecases.merchants.batches.read_changes import read_changes
from app.usecases.merchants.batches.see_batch import ShownBatch, ShownChange, list_batches, see_batch
from app.usecases.merchants.batches.start_batch import start_batch
from app.usecases.services import Services

_CHANGES_AT_ONCE = 500


@click.group()
def batches() -> None:
    """Give points to many customers at once, or take them. A batch can be undone."""


@batches.command()
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@option_store
@click.option("--reason", required=True, help="Why: it is kept. A row's own reason, in the file, goes before it.")
@option_who
@click.option("--dry-run", is_flag=True, help="Only say what each row would do. Nothing is written.")
def run(path: Path, *, store: str, reason: str, who: str, dry_run: bool) -> None:
    """Change customers' points as a CSV FILE says: email, change and, if rows have their own, reason.

    The worker makes the changes. A row that cannot be used is left out and named; so is a second row of a customer.
    """
    with open_services() as services, path.open(encoding="utf-8", newline="") as file:
        rows = read_changes(file)
        if dry_run:
            _say_what_would_be(services, store, rows)
            return
        batch_id = make_batch(services, store, rows, reason=reason, who=who) or 0
        is_started = start_batch(services, store, batch_id, who=who)
        _say_refused(services, store, batch_id)
        batch = see_batch(services, store, batch_id, size=0).batch
    usable = batch.changes - batch.failed
    click.echo(
        f"Batch {batch_id}: {how_many(usable, 'customer')}, +{batch.given} and -{batch.taken} points;"
        f" {how_many(batch.failed, 'row')} left out."
    )
    if is_started:
        click.echo(f"The worker makes the changes. See them: saleor-points batches show {batch_id} --store {store}")
    else:
        click.echo("Above a limit of this store: nothing was changed yet. Somebody else approves it:")
        click.echo(f"  saleor-points batches approve {batch_id} --store {store}")


def _say_what_would_be(services: Services, store: str, rows: Iterator[WantedChange | Unusable]) -> None:
    total = refused = points = 0
    for checked in check_changes(services, store, rows, looks_max=None):
        for one in checked:
            total += 1
            refused += bool(one.refusal)
            moved = one.points if one.expected is None else one.expected
            points += moved or 0
            said = one.refusal or what_it_would_do(one.points or 0, one.expected)
            click.echo(written_out(f"line {one.line}: {one.email + ' ' if one.email else ''}{said}"))
    click.echo(f"{total} rows, {refused} of them cannot be used: {points:+} points together. Nothing was changed.")


def _say_refused(services: Services, store: str, batch_id: int) -> None:
    after: int | None = 0
    while after is not None:
        page = see_batch(services, store, batch_id, only_problems=True, after=after, size=_CHANGES_AT_ONCE)
        for one in page.changes:
            if one.refusal:
                click.echo(written_out(f"line {one.line}: {one.refusal}"), err=True)
        after = page.after


@batches.command(name="list")
@option_store
def list_command(*, store: str) -> None:
    """List the newest fifty batches."""
    with open_services() as services:
        found = list_batches(services, store)
    if not found:
        click.echo("There are no batches.")
        return
    rows = [
        (
            one.id,
            minute(one.made_at),
            one.made_by,
            one.state,
            one.changes,
            one.done,
            one.failed,
            f"+{one.given} -{one.taken}",
            one.reason,
        )
        for one in found
    ]
    click.echo(table(("ID", "MADE (UTC)", "BY", "STATE", "ROWS", "DONE", "NOT DONE", "POINTS", "REASON"), rows))


@batches.command()
@click.argument("batch_id", metavar="ID", type=int)
@option_store
@click.option("--problems", is_flag=True, help="Only rows with problems.")
def show(batch_id: int, *, store: str, problems: bool) -> None:
    """Show a batch, and what became of each of its rows."""
    with open_services() as services:
        page = see_batch(services, store, batch_id, only_problems=problems, size=_CHANGES_AT_ONCE)
        click.echo(written_out(_headline(page.batch)))
        is_checked = page.batch.started_at is None
        while True:
            for one in page.changes:
                click.echo(written_out(_line(one, is_checked=is_checked)))
            if page.after is None:
                break
            page = see_batch(services, store, batch_id, only_problems=problems, after=page.after, size=_CHANGES_AT_ONCE)


def _headline(batch: ShownBatch) -> str:
    said = f"Batch {batch.id}, {batch.state}: {batch.done} of {batch.changes} rows done, {batch.failed} not. {batch.reason}"
    return f"{said} ({batch.made_by})"


def _line(one: ShownChange, *, is_checked: bool) -> str:
    points = one.points or 0
    said = what_it_would_do(points, one.expected) if is_checked else what_it_did(one.state, points, one.moved, one.undone)
    return f"line {one.line}: {one.email or '-'}: {one.refusal or said}"


add_decisions(
    batches,
    decide_batch,
    approve="Approve a batch above a limit, and run it.",
    refuse="Refuse a batch above a limit: nothing is changed.",
    approved="Approved. The worker makes the changes.",
)


@batches.command()
@click.argument("batch_id", metavar="ID", type=int)
@option_store
@option_who
@click.option("--yes", is_flag=True, help="Do not ask.")
def undo(batch_id: int, *, store: str, who: str, yes: bool) -> None:
    """Undo a batch: take back the points that it gave, as far as they are still there, and give back those that it took."""
    with open_services() as services:
        if not yes:
            click.echo(written_out(_headline(see_batch(services, store, batch_id, size=0).batch)))
            click.confirm("Undo this batch?", abort=True)
        undo_batch(services, store, batch_id, who=who)
    click.echo(f"The worker undoes it. See it: saleor-points batches show {batch_id} --store {store}")
