"""What the commands for staff and operators share. Each opens the services, calls one use case and says what came of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click

from app.bootstrap import build_services
from app.cli.starting import refuse_missing
from app.logs import set_up_logging, written_out
from app.settings import Settings, load_settings
from app.usecases.operating.prepare_database import missing_revision
from app.usecases.services import Services


@contextmanager
def open_services() -> Iterator[Services]:
    """Open the services on a migrated database, and close them."""
    with closing_services(load_settings()) as services:
        refuse_missing(missing_revision(services.database))
        yield services


@contextmanager
def closing_services(settings: Settings) -> Iterator[Services]:
    """Open the services on whatever the database holds, and close them."""
    set_up_logging(log_format=settings.log_format, level="warning")
    services = build_services(settings)
    try:
        yield services
    finally:
        services.database.close()


def minute(moment: datetime | None) -> str:
    """Write a moment in UTC, to the minute; a dash where there is none."""
    return "-" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


def table(headings: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    """Lay out rows under headings, each column as wide as its widest cell."""
    texts = [headings, *(tuple("" if cell is None else written_out(str(cell)) for cell in row) for row in rows)]
    widths = [max(len(row[place]) for row in texts) for place in range(len(headings))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in texts)


def option_store(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that names a store."""
    return click.option("--store", "store", required=True, metavar="SLUG", help="The store, as `saleor-points stores` lists it.")(
        command
    )


def option_who_if_any(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that names the person who changes a setting: it stands in the merchant's log."""
    return click.option("--who", envvar="SALEOR_POINTS_WHO", help="Your name (SALEOR_POINTS_WHO), for the store's log.")(command)


def option_who(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that names the person: it stays with what they did."""
    return click.option("--who", required=True, envvar="SALEOR_POINTS_WHO", help="Your name (SALEOR_POINTS_WHO): it is kept.")(
        command
    )
