"""What `run`, `web`, `worker` and `migrate` do before they begin."""

import os
from contextlib import closing
from datetime import UTC, datetime

import click

from app.errors import BadSetting
from app.logs import set_up_logging
from app.sealing import Sealer
from app.settings import Settings, kept_secret_path, load_settings, secret_keys
from app.usecases.operating.check_app_id import check_app_id
from app.usecases.operating.check_secret import check_secret
from app.usecases.operating.prepare_database import migrate_database, missing_revision, open_database
from app.usecases.operating.renew_keys import renew_keys

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
    with closing(open_database(settings)) as database:
        return migrate_database(database)


def finish_upgrade(settings: Settings) -> str:
    """Do the steps that wait until no older version runs, unless they are done, and say what came of it."""
    with closing(open_database(settings)) as database:
        renewed = renew_keys(database, datetime.now(UTC))
    if not renewed.is_new:
        return "The upgrade was finished before."
    said = f"The upgrade is finished. {renewed.merged} customers had two spellings of one address, and are one now."
    if renewed.split:
        said += f" {renewed.split} addresses were taken for another's: saleor-points customers split"
    return said


def require_migrated(settings: Settings) -> None:
    """Stop where the database has not this version's tables."""
    with closing(open_database(settings)) as database:
        refuse_missing(missing_revision(database))


def refuse_missing(revision: str | None) -> None:
    """Stop, and say what to do, where the database lacks a revision."""
    if revision is not None:
        raise click.ClickException(f"The database is not at {revision}. Run first: saleor-points migrate")


def require_secret(settings: Settings) -> None:
    """Stop before a wrong SECRET_KEY does harm. A secret that was made up just now, and does not fit, is not kept."""
    was_kept = kept_secret_path(settings).exists()
    with closing(open_database(settings)) as database:
        try:
            check_secret(database, Sealer(secret_keys(settings)))
        except BadSetting:
            if not was_kept:
                kept_secret_path(settings).unlink(missing_ok=True)
            raise


def require_app_id(settings: Settings) -> None:
    """Stop where points paid by another identifier of the app: those payments could not be refunded."""
    with closing(open_database(settings)) as database:
        check_app_id(database, settings.manifest_app_id)
