"""Customers whom a store knows, and the words of their addresses.

The database appends each address that comes or goes by itself, whichever version writes: the version before, which knows nothing
of it, may go on. Housekeeping makes customers and words of these changes; those of the rows that are there now are the first.
Nobody writes between them and the triggers: on PostgreSQL the tables are locked in the order in which the app locks their rows,
on SQLite the whole migration is one transaction.

Whoever rebuilds one of these tables on SQLite must drop its triggers before and create them after.
"""

import sqlalchemy as sa
from alembic import op

from app.db.columns import BigId, SearchWord

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

# The tables that name a customer, in the order in which the app locks their rows.
TABLES = ("order", "points_claim", "points_customer")
CHANGE = "INSERT INTO customer_change (store_id, email_key)"
FIRST = " UNION ".join(f'SELECT store_id, email_key FROM "{table}" WHERE email_key IS NOT NULL' for table in TABLES)

_IS_NEW = "NEW.email_key IS NOT NULL"
_IS_OLD = "OLD.email_key IS NOT NULL"
POSTGRESQL_FUNCTION = f"""
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            {CHANGE} SELECT OLD.store_id, OLD.email_key WHERE {_IS_OLD};
        END IF;
        IF TG_OP <> 'DELETE' THEN
            {CHANGE} SELECT NEW.store_id, NEW.email_key WHERE {_IS_NEW};
        END IF;
        RETURN NULL;
    END"""


def _sqlite_triggers(table: str) -> dict[str, str]:
    old, new = f"{CHANGE} SELECT OLD.store_id, OLD.email_key", f"{CHANGE} SELECT NEW.store_id, NEW.email_key"
    return {
        f"{table}_names_customer": f'AFTER INSERT ON "{table}" WHEN {_IS_NEW} BEGIN {new}; END',
        f"{table}_names_another_customer": f"""
            AFTER UPDATE OF email_key ON "{table}" WHEN OLD.email_key IS NOT NEW.email_key
            BEGIN {old} WHERE {_IS_OLD}; {new} WHERE {_IS_NEW}; END""",
        f"{table}_names_customer_no_more": f'AFTER DELETE ON "{table}" WHEN {_IS_OLD} BEGIN {old}; END',
    }


def _postgresql_triggers(table: str) -> dict[str, str]:
    then = "EXECUTE FUNCTION customer_change()"
    return {
        f"{table}_names_customer": f'AFTER INSERT ON "{table}" FOR EACH ROW WHEN ({_IS_NEW}) {then}',
        f"{table}_names_another_customer": f"""
            AFTER UPDATE OF email_key ON "{table}"
            FOR EACH ROW WHEN (OLD.email_key IS DISTINCT FROM NEW.email_key) {then}""",
        f"{table}_names_customer_no_more": f'AFTER DELETE ON "{table}" FOR EACH ROW WHEN ({_IS_OLD}) {then}',
    }


def _make_tables() -> None:
    op.create_table(
        "known_customer",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("store_id", BigId(), nullable=False),
        sa.Column("email_key", sa.String(320), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("store_id", "email_key", name="known_customer_email"),
    )
    op.create_table(
        "customer_word",
        sa.Column("store_id", BigId(), nullable=False),
        sa.Column("word", SearchWord(), nullable=False),
        sa.Column("customer_id", BigId(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["known_customer.id"]),
        sa.PrimaryKeyConstraint("store_id", "word", "customer_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_customer_word_customer_id", "customer_word", ["customer_id"], unique=False)
    op.create_table(
        "customer_change",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("store_id", BigId(), nullable=False),
        sa.Column("email_key", sa.String(320), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def upgrade() -> None:
    is_sqlite = op.get_context().dialect.name == "sqlite"
    if not is_sqlite:
        op.execute('LOCK TABLE "order", points_claim, points_customer IN SHARE ROW EXCLUSIVE MODE')
    _make_tables()
    op.execute(f"{CHANGE} {FIRST}")
    if not is_sqlite:
        op.execute(f"CREATE FUNCTION customer_change() RETURNS trigger LANGUAGE plpgsql AS $$ {POSTGRESQL_FUNCTION} $$")
    for table in TABLES:
        triggers = _sqlite_triggers(table) if is_sqlite else _postgresql_triggers(table)
        for name, body in triggers.items():
            op.execute(f"CREATE TRIGGER {name} {body}")


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        for table in TABLES:
            for name in _sqlite_triggers(table):
                op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute("DROP FUNCTION customer_change() CASCADE")
    op.drop_table("customer_change")
    op.drop_table("customer_word")
    op.drop_table("known_customer")
