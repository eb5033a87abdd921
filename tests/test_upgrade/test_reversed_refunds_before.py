"""Points of refunds that were reversed before the app took such points again stay with the customers: they were told so."""

from sqlalchemy import text

from app.db.engine import Database
from tests.clock import START
from tests.test_spending.rows import new_return, new_spend
from tests.test_upgrade.revisions import bring_to

BEFORE = "0040"


def test_what_was_reversed_before_the_upgrade_is_let_go(database: Database) -> None:
    spend = new_spend(database)
    new_return(database, spend, 400, 400, credited_at=START, cancelled_at=START)
    new_return(database, spend, 600, 600, credited_at=START)
    bring_to(database, BEFORE)

    bring_to(database, "head")

    with database.reading() as session:
        rows = session.connection().execute(text("SELECT taken_again_points, let_go_points FROM spend_return ORDER BY id")).all()
        returned = session.connection().execute(text("SELECT returned_points FROM spend")).scalar_one()
    assert [tuple(row) for row in rows] == [(0, 400), (0, 0)]
    assert returned == 600
