"""`saleor-points verify`: silent where all adds up, and exact about what does not."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.db.tables.points_entry import EntryKind
from app.ledger import entries as ledger
from app.ledger import spending
from app.usecases.operating.housekeeping import fold_totals
from app.usecases.operating.verify_books import verify_books
from tests.clock import START
from tests.test_settling.test_provider_faults import make_instant
from tests.test_settling.test_refunds import ADA, paid_order, refund, spend
from tests.test_staff.command_line import typed
from tests.world import SECRET_KEY, World

# What somebody does to the tables, and what is said of it.
TAMPERINGS = {
    "UPDATE points_customer SET available = available + 1": "the entries add up to",
    "UPDATE points_customer SET used = used + 1": "the entries add up to",
    "UPDATE points_entry SET amount = amount + 1 WHERE kind = 'claim'": "its entry gave 101 points",
    "UPDATE points_entry SET available_after = 7 WHERE kind = 'claim'": "leaves 7 available",
    "DELETE FROM points_entry WHERE kind = 'claim'": "its entry gave None points",
    "UPDATE points_claim SET amount = amount + 1 WHERE state = 'taken'": "taken, 101 points",
    "UPDATE points_claim SET amount = amount + 1 WHERE state = 'open'": "the ledger's claim is worth 101",
    'UPDATE "order" SET granted = granted + 1': "71 granted; the accepted movements add up to 70",
    "UPDATE movement SET points = points + 1 WHERE kind = 'credit'": "its entry in the ledger says 100",
    "UPDATE claim SET points = points + 1": "101 points; the accepted movements add up to 100",
    "UPDATE points_spend SET points = points + 1": "21 points, 5 given back; its entries took 20 and gave back 5",
    "UPDATE points_spend SET given_back = 6": "20 points, 6 given back; its entries took 20 and gave back 5",
    "UPDATE points_entry SET amount = 6, used = -6 WHERE kind = 'give_back'": "its entries took 20 and gave back 6",
    "UPDATE running_total SET amount = amount + 1 WHERE kind = 'balances'": "the balances of all customers add up to",
    "UPDATE running_total SET amount = amount + 1 WHERE kind = 'open_claims'": "open claims until",
    "INSERT INTO total_change (store_id, kind, part, amount) SELECT id, 'problems', 'no_email', 1 FROM store": "there are 0",
}


@pytest.fixture
def world(embedded_world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("DATABASE_URL", embedded_world.settings.database_url)
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    return embedded_world


def lived_in(world: World) -> str:
    """Let a shop have a claim that is taken and partly refunded, one that waits, and a credit; gives the first order."""
    order_id = paid_order(world)
    world.claim(order_id)
    refund(world, order_id, "30")
    paid_order(world)
    make_instant(world)
    refund(world, paid_order(world), "10")
    spend(world, 5)
    with world.services.database.writing() as session:
        spent = spending.spend(session, world.store().id or 0, ADA, 20, request_id=uuid4(), now=START)
        assert spent is not None
        spending.give_back(session, spent, ADA, 5, START)
    return order_id


def tamper(world: World, *statements: str) -> None:
    """Change the tables as somebody would who takes the triggers away first."""
    is_sqlite = world.services.database.is_sqlite
    with world.services.database.writing() as session:
        connection = session.connection()
        if is_sqlite:
            for name in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            connection.execute(text(statement))


@contextmanager
def tampered(world: World, statement: str) -> Iterator[None]:
    """Change one table, and put it back."""
    table = re.findall(r"(?:UPDATE|DELETE FROM|INSERT INTO) (\S+)", statement)[0]
    tamper(world, f"CREATE TABLE kept AS SELECT * FROM {table}", statement)
    yield
    with_references = ("PRAGMA defer_foreign_keys = ON",) if world.services.database.is_sqlite else ()
    tamper(world, *with_references, f"DELETE FROM {table}", f"INSERT INTO {table} SELECT * FROM kept", "DROP TABLE kept")


def test_books_that_were_lived_in_add_up(world: World) -> None:
    lived_in(world)

    said = typed("verify")

    assert said.exit_code == 0, said.output
    assert "1 customers, 2 claims, 1 spends, 3 orders, 2 running totals looked at." in said.output
    assert "Everything adds up." in said.output


def test_what_was_tampered_with_is_named_and_the_status_is_1(world: World) -> None:
    lived_in(world)
    fold_totals(world.services)

    for statement, sentence in TAMPERINGS.items():
        with tampered(world, statement):
            said = typed("verify", "--store", world.store().slug)

        assert said.exit_code == 1, statement
        assert sentence in said.output, statement
        assert "differences." in said.output
        assert ADA not in said.output
    assert typed("verify").exit_code == 0


def test_an_unknown_store_is_an_error(world: World) -> None:
    said = typed("verify", "--store", "nowhere")

    assert "no store nowhere" in str(said.exception)


def test_books_are_looked_through_range_by_range_and_a_fault_in_the_last_is_found(embedded_world: World) -> None:
    world = embedded_world
    entries = [ledger.Entry(f"customer{number}@example.com", 5, EntryKind.INSTANT, uuid4()) for number in range(5)]
    with world.services.database.writing() as session:
        ledger.post(session, world.store().id or 0, entries, START)
    tamper(world, "UPDATE points_customer SET available = 6 WHERE email_key = 'customer4@example.com'")

    parts = [part for part in verify_books(world.services, rows=2) if part.table == "points_customer"]

    assert [(part.rows, len(part.differences)) for part in parts] == [(2, 0), (2, 0), (1, 1)]
