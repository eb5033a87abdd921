"""The books as an operator handles them: verified, brought in, and taken out."""

import csv
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from app.cli import balances_csv
from app.cli.operating import open_services, option_store
from app.cli.private_output import keep_output_private
from app.domain.csv_cell import guarded
from app.domain.imported_balance import BroughtIn
from app.logs import written_out
from app.usecases.operating import export_ledger, verify_books
from app.usecases.operating.back_up import back_up
from app.usecases.operating.import_balances import import_balances

# More would only hide the first ones, which are what somebody looks at.
DIFFERENCES_MAX = 100
_NAMES = {
    "points_customer": "customers",
    "points_claim": "claims",
    "points_spend": "spends",
    "order": "orders",
    "running_total": "running totals",
}


@click.command()
@click.option("--store", "slug", metavar="SLUG", help="Of this store only.")
def verify(*, slug: str | None) -> None:
    """Recompute every balance, claim, spend, order and running total. Status 1 if anything differs."""
    counts: Counter[tuple[str, str]] = Counter()
    differences = 0
    with open_services() as services:
        for part in verify_books.verify_books(services, slug):
            counts[part.store, part.table] += part.rows
            for difference in part.differences:
                differences += 1
                if differences <= DIFFERENCES_MAX:
                    click.echo(written_out(f"{part.store}: {difference}"))
    if differences > DIFFERENCES_MAX:
        click.echo(f"… and {differences - DIFFERENCES_MAX} more")
    for store in dict.fromkeys(store for store, _ in counts):
        looked_at = ", ".join(f"{counts[store, table]:,} {name}" for table, name in _NAMES.items())
        click.echo(f"{store}: {looked_at} looked at.")
    if differences:
        click.echo(f"{differences} differences.")
        raise click.exceptions.Exit(1)
    click.echo("Everything adds up.")


@click.command(name="import")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@option_store
@click.option("--dry-run", is_flag=True, help="Only say what it would do.")
def import_command(path: Path, *, store: str, dry_run: bool) -> None:
    """Set balances to what a CSV file says (email, available; used, customer_type), or change them (email, change, reference).

    All rows are checked before the first one counts. A row that is in changes nothing when it comes again, so the same file
    may be imported twice; a row with other numbers sets its balance anew.

    A file with the column `change` adds to balances, or takes from them. Each row has a reference of its own, and counts once
    however often it comes.

    In both, a column `expires_on` gives the last day of the points that a row adds.
    """
    done = BroughtIn()
    with open_services() as services:
        rows = balances_csv.check(path, today=services.clock().date())
        label = "Looking" if dry_run else "Importing"
        try:
            with click.progressbar(length=rows, label=label, file=sys.stderr) as bar:
                for told in import_balances(services, store, balances_csv.read(path), is_dry_run=dry_run):
                    done += told
                    bar.update(told.rows)
        except BaseException:
            if done.rows and not dry_run:
                click.echo(f"Stopped: {done.rows} of {rows} rows are in. Run it again: those change nothing then.", err=True)
            raise
    would = "would be" if dry_run else "were"
    click.echo(
        f"{done.rows} rows: {done.known} {would} in already, {done.new_customers} customers {would} new,"
        f" balances {would} moved by {done.points:+} points."
    )
    if done.refused:
        click.echo(f"{done.refused} rows {would} refused: they would take more than the balance holds.")


@click.command()
@click.argument("what", type=click.Choice(list(export_ledger.EXPORTS)))
@option_store
def export(what: str, *, store: str) -> None:
    """Write a store's balances, claims, entries, spends or lots as CSV to standard output.

    A text that a spreadsheet would take for a formula gets an apostrophe in front. Claims come without their links, which are
    worth points to whoever holds them.
    """
    keep_output_private()
    # Without this mark a spreadsheet takes UTF-8 for something else.
    sys.stdout.write("\ufeff")
    writer = csv.writer(sys.stdout)
    with (
        open_services() as services,
        click.progressbar(length=export_ledger.count_rows(services, store, what), label="Exporting", file=sys.stderr) as bar,
    ):
        for place, row in enumerate(export_ledger.export_rows(services, store, what)):
            writer.writerow([_cell(value) for value in row])
            if place % export_ledger.ROWS_AT_ONCE == 0:
                bar.update(min(place, export_ledger.ROWS_AT_ONCE))


@click.command()
@click.argument("path", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
def backup(path: Path) -> None:
    """Copy the SQLite database into a new FILE, while everything runs.

    Keep SECRET_KEY (or the file secret_key) as well, and elsewhere: without it the copy's tokens, keys and links stay closed.
    """
    with open_services() as services:
        size = back_up(services, path)
    click.echo(f"{path}: {size:,} bytes, whole and checked. It is of no use without SECRET_KEY: keep that elsewhere.")


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return guarded(value) if isinstance(value, str) else value
