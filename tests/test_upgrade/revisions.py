"""Bring a database to a revision, up or down."""

from alembic import command
from alembic.config import Config

from app.db.engine import Database
from app.db.migrations import MIGRATIONS


def bring_to(database: Database, revision: str) -> None:
    """Upgrade to `head`, or go back to an older revision."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.connect() as connection:
        if database.is_sqlite:
            connection.execution_options(begin_immediate=True)
        config.attributes["connection"] = connection
        (command.upgrade if revision == "head" else command.downgrade)(config, revision)
        connection.commit()
