"""What the database itself refuses of rewards, whatever the code does."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.db.engine import Database
from app.db.tables import RedemptionRow
from app.domain.settlement import CauseKind, MovementKind, MovementState
from tests.clock import START
from tests.test_rewards.rows import new_redemption, new_return, new_reward, pay


def run(database: Database, statement: str) -> None:
    """Run a statement past all code of ours."""
    with database.writing() as session:
        session.connection().execute(text(statement))


def number(database: Database, query: str) -> int:
    with database.reading() as session:
        return int(session.connection().execute(text(query)).scalar_one())


def taken(database: Database) -> int:
    return number(database, "SELECT taken FROM reward")


def test_a_reward_counts_how_often_it_was_taken(database: Database) -> None:
    version = new_reward(database)

    new_redemption(database, version)
    new_redemption(database, version, email_key="ben@example.com")
    run(database, "UPDATE redemption SET stage = 'refused' WHERE email_key = 'ben@example.com'")

    assert taken(database) == 1


@pytest.mark.parametrize("limit", ["limit_in_all", "limit_each"])
def test_a_reward_is_not_taken_beyond_its_limits(database: Database, limit: str) -> None:
    version = new_reward(database, **{limit: 1})
    new_redemption(database, version)

    with pytest.raises(IntegrityError):
        new_redemption(database, version)
    assert taken(database) == 1

    run(database, "UPDATE redemption SET stage = 'refused'")
    new_redemption(database, version)


def test_a_limit_for_each_customer_is_not_one_for_all(database: Database) -> None:
    version = new_reward(database, limit_each=1)

    new_redemption(database, version)
    new_redemption(database, version, email_key="ben@example.com")

    assert taken(database) == 2


def test_of_many_who_take_the_last_ones_at_once_no_more_get_one(fresh_postgresql: Callable[[], str]) -> None:
    with closing(Database(fresh_postgresql())) as database:
        version = new_reward(database, limit_in_all=5)

        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(new_redemption, database, version, email_key=f"shopper{n}@example.com") for n in range(12)]
        let_in = [one for one in asked if one.exception() is None]

        assert len(let_in) == 5
        assert all(isinstance(one.exception(), IntegrityError) for one in asked if one not in let_in)
        assert taken(database) == 5


@pytest.mark.parametrize(
    "debit",
    [
        {"points": 499},
        {"state": MovementState.PLANNED},
        {"kind": MovementKind.VOID},
        {"cause_kind": CauseKind.SPEND},
        {"cause_id": 0},
    ],
)
def test_points_are_taken_only_by_an_accepted_debit_of_just_these(database: Database, debit: dict[str, Any]) -> None:
    redemption = new_redemption(database, new_reward(database))

    with pytest.raises(IntegrityError):
        pay(database, redemption, **debit)

    pay(database, redemption)


@pytest.mark.parametrize(
    "values",
    [
        {"points": 0},
        {"amount_units": 0},
        {"used_units": 1_001},
        {"returned_points": 5},
        {"stage": "elsewhere"},
        {"stage": "taken", "taken_at": START},
        {"stage": "given"},
        {"stage": "refused"},
        {"taken_at": START},
        {"given_at": START},
        {"lease_token": "mine"},
        {"back_reason": "a whim"},
    ],
)
def test_a_redemption_that_cannot_be_is_refused(database: Database, values: dict[str, Any]) -> None:
    version = new_reward(database)

    with pytest.raises(IntegrityError):
        new_redemption(database, version, **values)


def test_a_version_of_another_reward_is_refused(database: Database) -> None:
    other = new_reward(database)
    version = new_reward(database)

    with pytest.raises(IntegrityError):
        new_redemption(database, version, version_id=other.id)


def test_two_redemptions_never_have_one_code(database: Database) -> None:
    version = new_reward(database)
    redemption = new_redemption(database, version)

    with pytest.raises(IntegrityError):
        new_redemption(database, version, code_mark=redemption.code_mark)


def test_what_went_back_is_the_sum_of_the_returns_and_no_more_than_it_cost(database: Database) -> None:
    redemption = new_redemption(database, new_reward(database))
    pay(database, redemption)

    with pytest.raises(IntegrityError):
        new_return(database, redemption, 501)
    new_return(database, redemption, 500)
    with pytest.raises(IntegrityError):
        new_return(database, redemption, 1)

    assert number(database, "SELECT returned_points FROM redemption") == 500


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE redemption SET points = 5",
        "UPDATE redemption SET amount_units = 5",
        "UPDATE redemption SET returned_points = 5",
        "UPDATE redemption SET debit_id = NULL",
        "UPDATE redemption SET code_mark = 'another'",
        "UPDATE redemption SET stage = 'asked'",
        "UPDATE redemption SET stage = 'given'",
        "UPDATE redemption SET stage = 'withdrawn'",
        "UPDATE redemption SET stage = 'used', given_at = taken_at",
        "DELETE FROM redemption",
        "UPDATE redemption_return SET points = 5",
        "DELETE FROM redemption_return",
        "UPDATE reward SET kind = 'voucher'",
        "UPDATE reward_version SET points = 5",
        "UPDATE reward_version SET is_active = NOT is_active",
        "DELETE FROM reward_version",
        "UPDATE reward_amount SET amount_units = 5",
        "DELETE FROM reward_amount",
    ],
)
def test_what_was_taken_and_what_went_back_never_changes(database: Database, statement: str) -> None:
    redemption = new_redemption(database, new_reward(database))
    pay(database, redemption)
    new_return(database, redemption, 100)

    with pytest.raises(IntegrityError):
        run(database, statement)


def test_all_else_of_a_redemption_may_change(database: Database) -> None:
    redemption = new_redemption(database, new_reward(database))
    pay(database, redemption)

    with database.writing() as session:
        row = session.get_one(RedemptionRow, redemption.id)
        row.stage, row.given_at, row.saleor_id, row.code_sealed = "given", START, "R2lmdENhcmQ6MQ==", "sealed anew"
        row.email = row.email_key = f"nobody-{uuid4().hex}@example.invalid"
