"""A database that cannot be reached: a delivery meets the fault that is answered with 503, as every other request does."""

import pytest
from sqlalchemy.exc import OperationalError

from app.db.engine import Database


@pytest.mark.parametrize("url", ["postgresql+psycopg://nobody@127.0.0.1:1/nothing", "sqlite:////nowhere/nothing.sqlite3"])
def test_an_intake_that_finds_no_database_is_a_fault_of_the_database(url: str) -> None:
    database = Database(url)

    with pytest.raises(OperationalError) as caught, database.intake():
        pass

    assert "nobody" not in str(caught.value)
    database.close()
