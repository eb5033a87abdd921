"""The tables, brought to this version's."""

import click

from app.cli.starting import migrated, settings_of


@click.command()
def migrate() -> None:
    """Bring the database to this version's tables."""
    click.echo(f"The database is at {migrated(settings_of())}.")
