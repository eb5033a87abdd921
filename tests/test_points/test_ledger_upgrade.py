"""A ledger that the first version kept goes on under this one."""

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from app.db.engine import Database
from app.db.migrations import MIGRATIONS, migrate
from app.domain.claim import Balance
from app.ledger import entries as ledger
from app.sealing import fingerprint
from tests.clock import START
from tests.test_points.conftest import new_provider
from tests.test_points.ledger_calls import ADA, balance, balances_are_sums_of_entries, entries_of, post

TOKEN = "the token of a claim that waits"
KEPT = (
    (
        "INSERT INTO store (id, slug, name, state, awards_from, debt_policy, claim_link, time_zone, failures, created_at)"
        " VALUES (1, 'shop', 'Shop', 'active', :now, 'floor', 'own', 'UTC', 0, :now)"
    ),
    (
        "INSERT INTO points_customer (id, store_id, email, email_key, available, used, created_at)"
        " VALUES (1, 1, :ada, :ada, 12, 0, :now)"
    ),
    (
        "INSERT INTO points_claim"
        " (id, store_id, request_id, token_mark, token_sealed, amount, email, state, taken_at, customer_id, created_at)"
        " VALUES (1, 1, '00000000000040008000000000000001', 'taken', 'x', 5, :ada, 'taken', :now, 1, :now)"
    ),
    (
        "INSERT INTO points_claim (id, store_id, request_id, token_mark, token_sealed, amount, email, state, created_at)"
        " VALUES (2, 1, '00000000000040008000000000000002', :mark, 'x', 8, :ada, 'open', :now)"
    ),
    "INSERT INTO points_entry (id, customer_id, kind, amount, claim_id, created_at) VALUES (1, 1, 'claim', 5, 1, :now)",
    "INSERT INTO points_entry (id, customer_id, kind, amount, created_at) VALUES (2, 1, 'instant', 7, :now)",
    # What numbers rows by itself goes on after them.
    (
        "SELECT setval(pg_get_serial_sequence(name, 'id'), 100)"
        " FROM unnest(ARRAY['points_customer', 'points_claim', 'points_entry']) AS name"
    ),
)


def go_back_to_the_first_version(database: Database) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")


def test_a_ledger_of_the_first_version_is_kept_whole_and_goes_on(database: Database) -> None:
    go_back_to_the_first_version(database)
    now = "2026-05-04 09:00:00.000000" + ("" if database.is_sqlite else "+00")
    with database.writing() as session:
        for statement in KEPT[:-1] if database.is_sqlite else KEPT:
            session.connection().execute(text(statement), {"now": now, "ada": ADA, "mark": fingerprint(TOKEN)})

    migrate(database)

    provider = new_provider(database, 1)
    assert balance(provider) == Balance(12, 0)
    assert post(provider, -2, -11) == [True, False]
    with database.writing() as session:
        claim = ledger.find_claims(session, [fingerprint(TOKEN)], lock=True)[fingerprint(TOKEN)]
        assert ledger.take(session, claim, ADA, START) is not None
    assert balance(provider) == Balance(18, 0)
    assert [(entry.amount, entry.available_after) for entry in entries_of(database)] == [(5, None), (7, None), (-2, 10), (8, 18)]
    assert balances_are_sums_of_entries(database)
