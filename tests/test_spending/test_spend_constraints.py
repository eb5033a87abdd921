"""What the database itself refuses of spends, whatever the code does."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from app.db.engine import Database
from app.db.tables import SpendReturnRow, SpendRow, SpendRuleRow
from app.domain.spending import SpendStage
from tests.clock import START
from tests.test_spending.rows import new_return, new_spend


def returned(database: Database) -> tuple[int, int]:
    with database.reading() as session:
        points, units = session.connection().execute(text("SELECT returned_points, returned_units FROM spend")).one()
        return points, units


def refused(database: Database, statement: str) -> bool:
    """Try a statement past all code of ours."""
    with pytest.raises(IntegrityError), database.writing() as session:
        session.connection().execute(text(statement))
    return True


def test_what_went_back_is_the_sum_of_its_returns(database: Database) -> None:
    spend = new_spend(database)

    new_return(database, spend, 400, 400)
    new_return(database, spend, 600, 600)

    assert returned(database) == (1_000, 1_000)


def test_a_cancelled_return_counts_no_more(database: Database) -> None:
    spend = new_spend(database)
    new_return(database, spend, 1_000, 1_000)

    with database.writing() as session:
        session.connection().execute(text("UPDATE spend_return SET cancelled_at = written_at"))

    assert returned(database) == (0, 0)
    new_return(database, spend, 1_000, 1_000)
    assert returned(database) == (1_000, 1_000)


@pytest.mark.parametrize("change", ["taken_again_points = 1", "let_go_points = 1"])
def test_nothing_is_taken_again_of_a_return_that_counts(database: Database, change: str) -> None:
    new_return(database, new_spend(database), 1_000, 1_000, credited_at=START)

    assert refused(database, f"UPDATE spend_return SET {change}")


@pytest.mark.parametrize("change", ["taken_again_points = 700, let_go_points = 400", "let_go_points = -1"])
def test_no_more_is_taken_again_than_was_given(database: Database, change: str) -> None:
    new_return(database, new_spend(database), 1_000, 1_000, credited_at=START, cancelled_at=START)

    assert refused(database, f"UPDATE spend_return SET {change}")


@pytest.mark.parametrize(("units", "points"), [(601, 600), (600, 601), (0, 5), (5, -1)])
def test_more_than_was_paid_never_goes_back(database: Database, units: int, points: int) -> None:
    spend = new_spend(database)
    new_return(database, spend, 400, 400)

    with pytest.raises(IntegrityError):
        new_return(database, spend, units, points)

    assert returned(database) == (400, 400)


def test_a_request_is_answered_by_one_return(database: Database) -> None:
    spend = new_spend(database)
    new_return(database, spend, 100, 100, request_event_id="event 1")
    new_return(database, spend, 100, 100, request_event_id="event 2")

    with pytest.raises(IntegrityError):
        new_return(database, spend, 100, 100, request_event_id="event 1")


def test_a_transaction_has_one_spend_at_a_time(database: Database) -> None:
    spend = new_spend(database, saleor_transaction_id="T1")
    with pytest.raises(IntegrityError):
        new_spend(database, store_id=spend.store_id, saleor_transaction_id="T1")
    new_return(database, spend, 1_000, 1_000)
    with database.writing() as session:
        session.connection().execute(text("UPDATE spend SET stage = 'returned'"))

    new_spend(database, store_id=spend.store_id, saleor_transaction_id="T1")
    new_spend(database, saleor_transaction_id="T1")


@pytest.mark.parametrize(
    "values",
    [
        {"points": 0},
        {"points": -5},
        {"amount_units": 0},
        {"returned_points": 5},
        {"returned_units": 5},
        {"stage": "elsewhere"},
        {"stage": SpendStage.RETURNED},
        {"stage": SpendStage.ON_ORDER},
        {"taken_at": None},
        {"lease_token": "mine"},
    ],
)
def test_a_spend_that_cannot_be_is_refused(database: Database, values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        new_spend(database, **values)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE spend SET points = 5",
        "UPDATE spend SET amount_units = 5",
        "UPDATE spend SET returned_points = 5",
        "UPDATE spend SET returned_units = 5",
        "UPDATE spend SET stage = 'returned'",
        "UPDATE spend SET saleor_transaction_id = 'another'",
        "DELETE FROM spend",
        "UPDATE spend_return SET points = 5",
        "UPDATE spend_return SET amount_units = 5",
        "DELETE FROM spend_return",
        "UPDATE spend_rule SET points_per_unit = '5'",
        "UPDATE spend_rule SET is_active = NOT is_active",
        "DELETE FROM spend_rule",
    ],
)
def test_what_was_paid_and_what_went_back_never_changes(database: Database, statement: str) -> None:
    new_return(database, new_spend(database), 400, 400)

    assert refused(database, statement)


@pytest.mark.parametrize(
    "rule",
    [
        {"points_per_unit": Decimal(0)},
        {"points_per_unit": Decimal(-1)},
        {"least_points": 0},
        {"greatest_share": Decimal(0)},
        {"greatest_share": Decimal("1.01")},
        {"hold_hours": 0},
        {"hold_hours": 721},
    ],
)
def test_a_rule_that_cannot_be_is_refused(database: Database, rule: dict[str, Any]) -> None:
    store_id = new_spend(database).store_id
    says: dict[str, Any] = {"store_id": store_id, "in_force_from": START, "points_per_unit": Decimal(1), "created_by": "tests"}

    with pytest.raises(IntegrityError), database.writing() as session:
        session.add(SpendRuleRow(**says | rule))


def test_all_else_of_a_spend_may_change(database: Database) -> None:
    spend = new_spend(database)

    with database.writing() as session:
        row = session.get_one(SpendRow, spend.id)
        row.stage, row.saleor_order_id, row.confirmed_at, row.look_at = SpendStage.ON_ORDER, "T3JkZXI6MQ==", START, None
        row.email = row.email_key = "nobody@example.invalid"


def test_two_returns_at_once_both_count(fresh_postgresql: Callable[[], str]) -> None:
    with closing(Database(fresh_postgresql())) as database:
        spend = new_spend(database)

        def give(_: int) -> None:
            new_return(database, spend, 100, 100)

        with ThreadPoolExecutor(8) as pool:
            outcomes = [pool.submit(give, number) for number in range(12)]
        given = [one for one in outcomes if one.exception() is None]

        assert len(given) == 10
        assert all(isinstance(one.exception(), IntegrityError) for one in outcomes if one not in given)
        assert returned(database) == (1_000, 1_000)
        with database.reading() as session:
            assert len(session.exec(select(SpendReturnRow)).all()) == 10
