"""The command line: `saleor-points`."""

import os
import signal
import sys
import threading
from datetime import timedelta
from typing import NoReturn
from urllib.parse import quote

import click
import requests
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from app.bootstrap import build_services
from app.commands import books, brand, customers, doctor, keys, staff, stores
from app.errors import AppError
from app.logs import blotted, set_up_logging, written_out
from app.metrics import shared_folder
from app.outside import new_session
from app.reporting import set_up_reporting
from app.saleor.manifest import app_version
from app.serving import free_address, serve
from app.settings import Settings, load_settings, secret_keys
from app.store.database import Database
from app.store.migrate import head, is_migrated, migrate
from app.supervisor import supervise
from app.usecases.check_secret import check_secret
from app.usecases.sync_webhooks import sync_where_needed
from app.worker.loop import run as run_worker
from app.worker.loop import spare_what_is_loaded

# Where a Dashboard that was started beside a local Saleor listens.
LOCAL_DASHBOARD = "http://localhost:9000"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(app_version(), prog_name="saleor-points")
def cli() -> None:
    """Saleor Points: turns paid orders into loyalty points, and takes refunded points back exactly.

    Settings come from the environment; the README lists them. Without any: SQLite under ./data, and embedded points.
    """


_on_host = click.option("--host", help="Address to listen on (HOST, 127.0.0.1).")
_on_port = click.option("--port", type=click.IntRange(1, 65_535), help="Port to listen on (PORT, 3000).")


@cli.command()
@_on_host
@_on_port
def run(host: str | None, port: int | None) -> None:
    """Start everything as one command: migrate, then web and worker, until Ctrl-C."""
    settings = _settings(host, port)
    address = free_address(settings.host, settings.port)
    secret_keys(settings)
    _migrated(settings)
    _require_secret(settings)
    set_up_reporting(settings, version=app_version())
    # -P: a folder called app, where the command is started, is not this app.
    command = [sys.executable, "-P", "-m", "app"]
    with shared_folder():
        status = supervise(
            {"web": [*command, "web"], "worker": [*command, "worker", "--sync-webhooks"]},
            is_ready=lambda: _answers(address, settings.port),
            announce=lambda: click.echo(_greeting(settings)),
        )
    sys.exit(status)


@cli.command()
@_on_host
@_on_port
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that serve requests.")
@click.option("--threads", type=click.IntRange(1, 64), default=4, show_default=True, help="Requests at once in each of them.")
def web(host: str | None, port: int | None, processes: int, threads: int) -> None:
    """Serve HTTP: Saleor's calls, claim pages, order links."""
    settings = _settings(host, port)
    secret_keys(settings)
    _require_migrated(settings)
    _require_secret(settings)
    serve(settings.host, settings.port, processes=processes, threads=threads)


@cli.command()
@click.option("--settlers", type=click.IntRange(1, 32), default=1, show_default=True, help="Batches in hand at once.")
@click.option("--sync-webhooks", is_flag=True, help="First bring the stores' webhooks up to this version, where needed.")
def worker(*, settlers: int, sync_webhooks: bool) -> None:
    """Settle orders and sweep for lost deliveries, until told to stop; the batch in hand is finished."""
    settings = _settings()
    _require_migrated(settings)
    _require_secret(settings)
    set_up_reporting(settings, version=app_version())
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    services = build_services(settings)
    if sync_webhooks:
        threading.Thread(target=sync_where_needed, args=(services,), daemon=True).start()
    spare_what_is_loaded()
    run_worker(services, stop, settlers=settlers, sweep_every=timedelta(seconds=settings.sweep_seconds))


@cli.command(name="migrate")
def migrate_command() -> None:
    """Bring the database to this version's tables."""
    click.echo(f"The database is at {_migrated(_settings())}.")


for _command in (
    *staff.COMMANDS,
    *stores.COMMANDS,
    *brand.COMMANDS,
    *keys.COMMANDS,
    *doctor.COMMANDS,
    *books.COMMANDS,
    *customers.COMMANDS,
):
    cli.add_command(_command)


def _settings(host: str | None = None, port: int | None = None) -> Settings:
    """Read the settings, set up logging, and let options win over the environment, also for child processes."""
    for name, value in (("HOST", host), ("PORT", port)):
        if value is not None:
            os.environ[name] = str(value)
    settings = load_settings()
    set_up_logging(log_format=settings.log_format, level=settings.log_level)
    return settings


def _migrated(settings: Settings) -> str:
    database = _database(settings)
    try:
        return migrate(database)
    finally:
        database.close()


def _require_migrated(settings: Settings) -> None:
    database = _database(settings)
    try:
        if not is_migrated(database):
            raise click.ClickException(f"The database is not at {head()}. Run first: saleor-points migrate")
    finally:
        database.close()


def _require_secret(settings: Settings) -> None:
    """Stop before a wrong SECRET_KEY does harm."""
    services = build_services(settings)
    try:
        check_secret(services)
    finally:
        services.database.close()


def _database(settings: Settings) -> Database:
    if not settings.database_url:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    return Database(settings.database)


def _answers(address: str, port: int) -> bool:
    # What listens on all addresses is asked on the one that is always there.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 - asked, not bound
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    try:
        return new_session(total_seconds=1).get(f"{url}/healthz").ok
    except requests.RequestException:
        return False


def _greeting(settings: Settings) -> str:
    manifest_url = f"{settings.api_base_url}/api/manifest"
    points = f"Coggins Points API at {settings.points_api_url}" if settings.points_api_url else "embedded"
    return f"""
  Saleor Points {app_version()} is running.

    listening on   http://{settings.host}:{settings.port}
    manifest       {manifest_url}
    install it     {LOCAL_DASHBOARD}/dashboard/extensions/app/install?manifestUrl={quote(manifest_url, safe="")}
                   (with your own Dashboard's address in front)
    database       {make_url(settings.database).render_as_string(hide_password=True)}
    points         {points}

  What to do next: open the install link in your Dashboard, place an order and mark it as paid. Its points, and the link that
  claims them, then stand in the order's metadata. The README says how the link gets into the mails.
  Stop with Ctrl-C.
"""


def main() -> None:
    """Run the command line. What an operator can mend is one sentence, not a traceback."""
    try:
        cli()
    except AppError as error:
        _give_up(error.message)
    except OperationalError as error:
        _give_up(f"DATABASE_URL: the database does not serve us: {blotted(str(error.orig)).splitlines()[0]}")
    except OSError as error:
        _give_up(f"{error.filename or 'the system'}: {error.strerror or error}")


def _give_up(sentence: str) -> NoReturn:
    click.echo(f"saleor-points: {written_out(sentence)}", err=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
