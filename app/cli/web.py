"""The web processes."""

import click

from app.cli.starting import on_host, on_port, require_app_id, require_migrated, require_secret, settings_of
from app.web.server.serving import serve


@click.command()
@on_host
@on_port
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that serve requests.")
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="Requests at once in each of them, besides those that wait for a Saleor or a provider.",
)
def web(host: str | None, port: int | None, processes: int, threads: int) -> None:
    """Serve HTTP: Saleor's calls, claim pages, order links."""
    settings = settings_of(host, port)
    require_migrated(settings)
    require_secret(settings)
    require_app_id(settings)
    serve(settings.host, settings.port, processes=processes, threads=threads)
