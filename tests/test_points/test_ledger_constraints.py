"""What the database itself refuses, whatever the code does: entries stay, and a balance is the sum of its entries."""

from collections.abc import Callable
from contextlib import closing
from uuid import uuid4

import pytest
from sqlalchemy import Connection, event, insert, text
from sqlalchemy.exc import IntegrityError

from app.db.engine import Database
from app.db.tables import PointsEntryRow
from app.db.tables.points_entry import EntryKind
from app.domain.claim import Balance
from app.ledger import entries as ledger
from app.ledger import spending
from app.providers.embedded import EmbeddedProvider
from app.providers.protocol import Ask, AskKind
from tests.clock import START, MovableClock
from tests.test_points.conftest import new_provider, new_store
from tests.test_points.ledger_calls import ADA, asked, balance, customers_of, entries_of, new_claim, post, take

ENTRY = (
    "INSERT INTO points_entry (customer_id, kind, amount, used, available_after, used_after, created_at)"
    " SELECT {}, created_at FROM points_customer"
)
SPEND_ENTRY = (
    "INSERT INTO points_entry (customer_id, spend_id, kind, amount, used, available_after, used_after, created_at)"
    " SELECT customer_id, points_spend.id, {}, created_at FROM points_spend"
)
CUSTOMER = (
    "INSERT INTO points_customer (store_id, email, email_key, available, used, created_at)"
    " SELECT store_id, 'x', 'x', {available}, {used}, created_at FROM points_customer"
)


def refused(provider: EmbeddedProvider, statement: str) -> bool:
    """Try a statement past all code of ours."""
    with pytest.raises(IntegrityError), provider.database.writing() as session:
        session.connection().execute(text(statement))
    return True


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE points_entry SET amount = 6, available_after = 6",
        "UPDATE points_entry SET amount = amount",
        "UPDATE points_entry SET customer_id = customer_id + 0",
        "UPDATE points_entry SET kind = 'import'",
        "UPDATE points_entry SET created_at = created_at",
        "DELETE FROM points_entry",
        "UPDATE points_customer SET available = 6",
        "UPDATE points_customer SET available = available - 5, used = used + 5",
        "UPDATE points_customer SET used = 1",
        "DELETE FROM points_customer",
        "UPDATE points_customer SET id = id + 1",
        CUSTOMER.format(available=5, used=0),
        CUSTOMER.format(available=0, used=5),
        # The balance after it is not the balance before it plus its amount; nor is an entry about nobody's balance.
        ENTRY.format("id, 'instant', 5, 0, 11, 0"),
        ENTRY.format("id, 'import', 5, 5, 10, 6"),
        ENTRY.format("id + 1, 'instant', 5, 0, 5, 0"),
        # Only what is brought in has a part that is used already.
        ENTRY.format("id, 'instant', 5, 5, 10, 5"),
        # One that does not say the balance after it, and after which nobody moves it.
        ENTRY.format("id, 'instant', 5, 0, NULL, NULL"),
    ],
)
def test_the_database_refuses_what_would_break_the_sums(provider: EmbeddedProvider, statement: str) -> None:
    post(provider, 5)
    before = [row.model_dump() for row in (*entries_of(provider.database), *customers_of(provider.database))]

    assert refused(provider, statement)

    after = [row.model_dump() for row in (*entries_of(provider.database), *customers_of(provider.database))]
    assert after == before


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM points_spend",
        "UPDATE points_spend SET points = points + 1",
        "UPDATE points_spend SET given_back = given_back + 1",
        "UPDATE points_spend SET given_back = 0",
        "UPDATE points_spend SET customer_id = customer_id + 1",
        "UPDATE points_spend SET store_id = store_id + 1",
        # Of 30 points 10 were given back.
        SPEND_ENTRY.format("'give_back', 21, -21, 91, -1"),
        # Not what the spend says, or once more.
        SPEND_ENTRY.format("'spend', -29, 29, 41, 49"),
        SPEND_ENTRY.format("'spend', -30, 30, 40, 50"),
        # It does not move what is used by as much.
        SPEND_ENTRY.format("'give_back', 5, 0, 75, 20"),
        SPEND_ENTRY.format("'give_back', 5, -4, 75, 16"),
        SPEND_ENTRY.format("'give_back', -5, 5, 65, 25"),
        # Another kind of entry belongs to no spend, and such a kind to one.
        SPEND_ENTRY.format("'instant', 5, 0, 75, 20"),
        SPEND_ENTRY.replace("points_spend.id,", "NULL,").format("'give_back', 5, -5, 75, 15"),
    ],
)
def test_the_database_refuses_what_would_break_a_spend(provider: EmbeddedProvider, statement: str) -> None:
    post(provider, 90)
    with provider.database.writing() as session:
        spent = spending.spend(session, provider.store_id, ADA, 30, request_id=uuid4(), now=START)
        assert spent is not None
        spending.give_back(session, spent, ADA, 10, START)

    assert refused(provider, statement)

    assert balance(provider) == Balance(70, 20)


def test_the_database_lets_a_spend_be_given_back_whole(provider: EmbeddedProvider) -> None:
    """The statement of the test above is a good one, but for its amounts."""
    post(provider, 90)
    with provider.database.writing() as session:
        spent = spending.spend(session, provider.store_id, ADA, 30, request_id=uuid4(), now=START)
        assert spent is not None
        spending.give_back(session, spent, ADA, 10, START)

    with provider.database.writing() as session:
        session.connection().execute(text(SPEND_ENTRY.format("'give_back', 20, -20, 90, 0")))

    assert balance(provider) == Balance(90, 0)


def test_postgresql_refuses_to_empty_the_entries(fresh_postgresql: Callable[[], str], clock: MovableClock) -> None:
    with closing(Database(fresh_postgresql())) as database:
        provider = new_provider(database, new_store(database, clock))
        post(provider, 5)

        assert refused(provider, "TRUNCATE points_entry CASCADE")
        assert balance(provider).available == 5


def test_a_customers_name_and_type_may_change(provider: EmbeddedProvider) -> None:
    post(provider, 5)

    with provider.database.writing() as session:
        session.connection().execute(text("UPDATE points_customer SET email = 'x', email_key = 'x', customer_type = 'VIP'"))

    assert balance(provider, "x").available == 5


def test_an_entry_moves_its_balance_without_another_statement(provider: EmbeddedProvider) -> None:
    post(provider, 5)
    entry = {"kind": EntryKind.INSTANT, "amount": -2, "available_after": 3, "used_after": 0, "created_at": START}

    with provider.database.writing() as session:
        session.execute(insert(PointsEntryRow), [{"customer_id": customers_of(provider.database)[0].id, **entry}])

    assert balance(provider).available == 3


def test_on_postgresql_the_first_version_goes_on_posting_while_this_one_is_being_put_in_place(
    fresh_postgresql: Callable[[], str], clock: MovableClock
) -> None:
    """It adds an entry without the balance after it, and moves the balance by a statement of its own."""
    with closing(Database(fresh_postgresql())) as database:
        provider = new_provider(database, new_store(database, clock))
        post(provider, 5)
        with database.writing() as session:
            for _ in range(2):
                session.connection().execute(
                    text(
                        "INSERT INTO points_entry (customer_id, kind, amount, created_at)"
                        " SELECT id, 'instant', 7, created_at FROM points_customer"
                    )
                )
            session.connection().execute(text("UPDATE points_customer SET available = available + 14"))
        post(provider, 1)

        assert balance(provider).available == 20


def test_entries_tell_the_balance_after_them(provider: EmbeddedProvider) -> None:
    post(provider, 5, -2)
    take(provider, new_claim(provider, 7))

    assert [(entry.amount, entry.available_after) for entry in entries_of(provider.database)] == [(5, 5), (-2, 3), (7, 10)]


def statements_of(provider: EmbeddedProvider, kind: AskKind, count: int) -> int:
    """Count what the database is told to do for an array, half of it for customers it knows."""
    asks = [Ask(uuid4(), 5, f"customer{number}@example.com", expires_days=number % 3) for number in range(count)]
    seen: list[str] = []

    def note(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(provider.database.engine, "before_cursor_execute", note)
    try:
        outcomes = asked(provider, kind, asks)
    finally:
        event.remove(provider.database.engine, "before_cursor_execute", note)
    assert len(outcomes) == count
    return len(seen)


@pytest.mark.parametrize("kind", [AskKind.CLAIM, AskKind.INSTANT])
def test_a_thousand_items_take_as_many_statements_as_ten(provider: EmbeddedProvider, kind: AskKind) -> None:
    few, many = statements_of(provider, kind, 10), statements_of(provider, kind, 1000)

    # Two of an INSTANT's ask for points that are owed, also under former addresses: they are taken as soon as a balance rises.
    assert few == many <= 9
    if kind is AskKind.INSTANT:
        assert len(entries_of(provider.database)) == 1010
        assert balance(provider, "customer9@example.com").available == 10


def test_a_failed_array_changes_nothing(provider: EmbeddedProvider) -> None:
    post(provider, 5)
    entries = [ledger.Entry(ADA, 1, EntryKind.INSTANT), ledger.Entry(ADA, 1, EntryKind.INSTANT, used=1)]

    with pytest.raises(IntegrityError), provider.database.writing() as session:
        ledger.post(session, provider.store_id, entries, START)

    assert balance(provider).available == 5
