"""Prepare the database before anything works with it: open it, and bring it to this version's tables."""

from app.db.engine import Database
from app.db.migrations import head, is_migrated, migrate
from app.settings import Settings


def open_database(settings: Settings) -> Database:
    """Open the database that the settings name. Without DATABASE_URL it is a file in DATA_DIR, and the folder is made."""
    if not settings.database_url:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    return Database(settings.database)


def migrate_database(database: Database) -> str:
    """Bring a database to this version's tables, and name the revision reached."""
    return migrate(database)


def missing_revision(database: Database) -> str | None:
    """Name the revision that a database lacks; None where it has this version's tables, or those of a newer one."""
    return None if is_migrated(database) else head()
