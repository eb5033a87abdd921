"""The tables, brought to this version's."""

import click

from app.cli.starting import finish_upgrade, migrated, settings_of


@click.command()
@click.option("--finish", is_flag=True, help="Also do what must wait until no older version runs. `run` does it by itself.")
def migrate(*, finish: bool) -> None:
    """Bring the database to this version's tables.

    With several machines, stop the last process of the older version first, and then run it again with --finish: from then on
    people are found by this version's keys alone.
    """
    settings = settings_of()
    click.echo(f"The database is at {migrated(settings)}.")
    if finish:
        click.echo(finish_upgrade(settings))
