"""Bring a database to the tables of an older version."""

from alembic import command
from alembic.config import Config

from app.db.engine import Database
from app.db.migrations import MIGRATIONS


def bring_to(database: Database, revision: str) -> None:
    """Take the tables back to a revision before the newest."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.connect() as connection:
        if database.is_sqlite:
            connection.execution_options(begin_immediate=True)
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
        connection.commit()
