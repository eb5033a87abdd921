"""Points of refunds that were reversed before the app took such points again stay with the customers: they were told so."""

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from app.db.engine import Database
from app.db.migrations import MIGRATIONS
from tests.clock import START
from tests.test_spending.rows import new_return, new_spend

BEFORE = "0040"


def _bring_to(database: Database, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.connect() as connection:
        if database.is_sqlite:
            connection.execution_options(begin_immediate=True)
        config.attributes["connection"] = connection
        (command.downgrade if revision == BEFORE else command.upgrade)(config, revision)
        connection.commit()


def test_what_was_reversed_before_the_upgrade_is_let_go(database: Database) -> None:
    spend = new_spend(database)
    new_return(database, spend, 400, 400, credited_at=START, cancelled_at=START)
    new_return(database, spend, 600, 600, credited_at=START)
    _bring_to(database, BEFORE)

    _bring_to(database, "head")

    with database.reading() as session:
        rows = session.connection().execute(text("SELECT taken_again_points, let_go_points FROM spend_return ORDER BY id")).all()
        returned = session.connection().execute(text("SELECT returned_points FROM spend")).scalar_one()
    assert [tuple(row) for row in rows] == [(0, 400), (0, 0)]
    assert returned == 600
