"""What `run`, `web`, `worker` and `migrate` do before they begin."""

import os

import click

from app.db.engine import Database
from app.db.migrations import head, is_migrated, migrate
from app.logs import set_up_logging
from app.sealing import Sealer
from app.settings import Settings, load_settings, secret_keys
from app.usecases.operating.check_secret import check_secret

on_host = click.option("--host", help="Address to listen on (HOST, 127.0.0.1).")
on_port = click.option("--port", type=click.IntRange(1, 65_535), help="Port to listen on (PORT, 3000).")


def settings_of(host: str | None = None, port: int | None = None) -> Settings:
    """Read the settings, set up logging, and let options win over the environment, also for child processes."""
    for name, value in (("HOST", host), ("PORT", port)):
        if value is not None:
            os.environ[name] = str(value)
    settings = load_settings()
    set_up_logging(log_format=settings.log_format, level=settings.log_level)
    return settings


def migrated(settings: Settings) -> str:
    """Bring the database to this version's tables, and name the revision reached."""
    database = _database(settings)
    try:
        return migrate(database)
    finally:
        database.close()


def require_migrated(settings: Settings) -> None:
    """Stop where the database has not this version's tables."""
    database = _database(settings)
    try:
        if not is_migrated(database):
            raise click.ClickException(f"The database is not at {head()}. Run first: saleor-points migrate")
    finally:
        database.close()


def require_secret(settings: Settings) -> None:
    """Stop before a wrong SECRET_KEY does harm."""
    database = _database(settings)
    try:
        check_secret(database, Sealer(secret_keys(settings)))
    finally:
        database.close()


def _database(settings: Settings) -> Database:
    if not settings.database_url:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    return Database(settings.database)
