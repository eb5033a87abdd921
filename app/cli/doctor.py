"""What is wrong with this installation, and what to do about it."""

from types import MappingProxyType

import click

from app.cli.operating import closing_services, table
from app.settings import load_settings
from app.usecases.operating.examine import examine
from app.usecases.operating.finding import Health

_MARKS = MappingProxyType({Health.OK: "ok", Health.WARNING: "look", Health.BAD: "WRONG"})


@click.command()
def doctor() -> None:
    """Examine settings, database, processes, and each store's Saleor, webhooks and provider: what is wrong, and what to do."""
    settings = load_settings()
    rows: list[tuple[str, str, str]] = []
    is_bad = False
    with closing_services(settings) as services:
        for finding in examine(services, settings):
            rows.append((_MARKS[finding.health], finding.subject, finding.sentence))
            if finding.advice and finding.health is not Health.OK:
                rows.append(("", "", f"→ {finding.advice}"))
            is_bad = is_bad or finding.health is Health.BAD
    click.echo(table(("", "WHAT", "FOUND"), rows))
    if is_bad:
        raise click.exceptions.Exit(1)
