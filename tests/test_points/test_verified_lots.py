"""`verify` replays lots from the entries alone: silent where they follow from them, and exact about what does not."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from app.db.engine import Database
from app.db.tables.points_entry import EntryKind
from app.domain.expiry_policy import ExpiryPolicy, PolicyKind
from app.ledger.audit import Range
from app.ledger.customer_moves import move_balance
from app.ledger.lot_verification import differing_lots
from app.providers.embedded import EmbeddedProvider
from tests.test_points.ledger_calls import ADA, BOB
from tests.test_points.lot_calls import at, bring, give_back, run_daily, set_policy, spend
from tests.test_points.moves import stored_move

MONTHLY = ExpiryPolicy(PolicyKind.ROLLING, months=1)
INACTIVE = ExpiryPolicy(PolicyKind.INACTIVE, months=2)
CAROL = "carol@example.com"

# What somebody does to a table, and what is said of it.
TAMPERINGS = {
    "UPDATE points_lot SET points = points + 1, points_left = points_left + 1 WHERE id = 1": "it made a lot of 101",
    "UPDATE points_lot SET ends = '2026-06-06 00:00:00.000000' WHERE id = 1": "makes a lot of 100 until 2026-06-05",
    "UPDATE points_lot SET origin_id = entry_id WHERE origin_id <> entry_id": "a replay of the entries makes",
    "UPDATE points_lot SET policy_id = 2 WHERE id = 1": "policy 1",
    "DELETE FROM points_lot WHERE id = 1": "it made no lot",
    "UPDATE points_lot_use SET points = points - 1 WHERE id = 1": "uses -60 of lot 1",
    "UPDATE points_lot_use SET lot_id = 3 WHERE id = 1": "and used -60 of lot 3",
    "DELETE FROM points_lot_use WHERE id = 1": "and used no lot",
    "DELETE FROM points_lot_use WHERE entry_id IN (SELECT id FROM points_entry WHERE kind = 'expire')": "and used no lot",
    "DELETE FROM points_entry WHERE kind = 'expire'": "points had run out by",
    "UPDATE points_entry SET created_at = '2026-06-05 01:00:00.000000' WHERE kind = 'expire'": "by a replay of the entries at",
    "UPDATE points_customer SET active_at = '2026-01-01 00:00:00.000000'": "was active 2026-01-01",
    "UPDATE points_customer SET earned_at = NULL": "last earned never",
    "UPDATE points_customer SET ends_next = NULL": "points run out next never",
    "UPDATE points_customer SET ends_next = '2030-01-01 00:00:00.000000'": "points run out next 2030-01-01",
}


def lived_in(provider: EmbeddedProvider) -> None:
    """Let customers earn, pay, get back, have a refund, lose points in time, be active, and one be moved."""
    set_policy(provider, MONTHLY)
    first = bring(provider, 100)
    spent = spend(provider, 60, 1)
    assert spent is not None
    set_policy(provider, INACTIVE, 2)
    bring(provider, 50, 3)
    bring(provider, 70, 4, email=CAROL)
    undone = bring(provider, -10, 5, undoes=first)
    bring(provider, 4, 6, undoes=undone)
    give_back(provider, spent, 20, 7)
    run_daily(provider, 40)
    give_back(provider, spent, 20, 41)
    abandoned = spend(provider, 10, 50)
    assert abandoned is not None
    give_back(provider, abandoned, 10, 51)
    with provider.database.writing() as session:
        move_id = stored_move(session, provider.store_id, at(52))
        move_balance(session, provider.store_id, ADA, BOB, BOB, move_id=move_id, now=at(52))
    assert spend(provider, 5, 53, email=BOB) is not None
    bring(provider, 30, 54, email=BOB)


def said(database: Database, store_id: int) -> list[str]:
    with database.reading() as session:
        return list(differing_lots(session, store_id, Range(0, 1000, 3)))


@contextmanager
def tampered(provider: EmbeddedProvider, statement: str) -> Iterator[list[str]]:
    """Change a table as somebody would who takes the triggers away first, and take that back."""
    database = provider.database
    with database.writing() as session:
        connection = session.connection()
        point = connection.begin_nested()
        if database.is_sqlite:
            for name in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all():
                connection.execute(text(f"DROP TRIGGER {name}"))
            connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        else:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(statement))
        yield list(differing_lots(session, provider.store_id, Range(0, 1000, 3)))
        point.rollback()


def test_lots_that_were_lived_with_follow_from_the_entries(provider: EmbeddedProvider) -> None:
    lived_in(provider)

    assert said(provider.database, provider.store_id) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_was_tampered_with_is_named(provider: EmbeddedProvider) -> None:
    lived_in(provider)

    for statement, sentence in TAMPERINGS.items():
        with tampered(provider, statement) as differences:
            assert any(sentence in one for one in differences), (statement, differences)
    assert said(provider.database, provider.store_id) == []


def test_imported_points_with_a_day_of_their_own_follow(provider: EmbeddedProvider) -> None:
    bring(provider, 40, kind=EntryKind.IMPORT, ends=at(20))
    assert spend(provider, 10, 1) is not None

    assert said(provider.database, provider.store_id) == []
    run_daily(provider, 30)
    assert said(provider.database, provider.store_id) == []


def test_a_move_of_nothing_leaves_nothing_that_no_entry_tells_of(provider: EmbeddedProvider) -> None:
    set_policy(provider, INACTIVE)
    bring(provider, 10)
    bring(provider, -10, 1)
    bring(provider, 20, 2, email=BOB)
    with provider.database.writing() as session:
        move_id = stored_move(session, provider.store_id, at(3))
        assert move_balance(session, provider.store_id, ADA, BOB, BOB, move_id=move_id, now=at(3)) == 0

    assert said(provider.database, provider.store_id) == []


def test_a_store_in_which_nothing_runs_out_is_not_replayed(provider: EmbeddedProvider) -> None:
    bring(provider, 10)
    bring(provider, -20, 1)

    assert said(provider.database, provider.store_id) == []
