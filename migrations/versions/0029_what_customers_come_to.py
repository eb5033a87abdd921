"""What a known customer comes to: balance, what waits, type and last activity, for the list of customers.

Housekeeping adds it up, for whom the database notes a change: whichever version writes. The version before leaves the new
columns empty for whom it takes in; so all are noted once more here.

Whoever rebuilds one of these tables on SQLite must drop its triggers before and create them after.
"""

import sqlalchemy as sa
from alembic import op

from app.db.columns import BigId, UtcTime
from app.db.indexing import add_index

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

CHANGE = "INSERT INTO customer_change (store_id, email_key)"
# The columns of each table whose change changes the figures.
COLUMNS = {"points_claim": ("state", "amount"), "points_customer": ("available", "customer_type")}
INDEXES = {
    "known_customer_by_balance": ("available", "id", "last_at", "customer_type"),
    "known_customer_by_waiting": ("waiting", "id", "available", "last_at", "customer_type"),
    "known_customer_by_activity": ("last_at", "id", "available", "customer_type"),
}


def _trigger(table: str, differ: str, then: str) -> str:
    columns = COLUMNS[table]
    changed = " OR ".join(f"OLD.{column} {differ} NEW.{column}" for column in columns)
    return (
        f"CREATE TRIGGER {table}_changes_figures AFTER UPDATE OF {', '.join(columns)} ON {table}"
        f" FOR EACH ROW WHEN (NEW.email_key IS NOT NULL AND ({changed})) {then}"
    )


def upgrade() -> None:
    for column in (
        sa.Column("email", sa.String(320), nullable=True),
        sa.Column("available", BigId(), nullable=False, server_default="0"),
        sa.Column("waiting", BigId(), nullable=False, server_default="0"),
        sa.Column("customer_type", sa.String(128), nullable=True),
        sa.Column("last_at", UtcTime(), nullable=True),
    ):
        op.add_column("known_customer", column)
    if op.get_context().dialect.name == "sqlite":
        note = f"BEGIN {CHANGE} SELECT NEW.store_id, NEW.email_key; END"
        for table in COLUMNS:
            op.execute(_trigger(table, "IS NOT", note))
    else:
        op.execute(
            "CREATE FUNCTION customer_figures_change() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {CHANGE} SELECT NEW.store_id, NEW.email_key; RETURN NULL; END $$"
        )
        for table in COLUMNS:
            op.execute(_trigger(table, "IS DISTINCT FROM", "EXECUTE FUNCTION customer_figures_change()"))
    op.execute(f"{CHANGE} SELECT store_id, email_key FROM known_customer")
    for name, columns in INDEXES.items():
        add_index(name, "known_customer", ["store_id", *columns])


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, "known_customer")
    if op.get_context().dialect.name == "sqlite":
        for table in COLUMNS:
            op.execute(f"DROP TRIGGER {table}_changes_figures")
    else:
        op.execute("DROP FUNCTION customer_figures_change() CASCADE")
    for name in ("last_at", "customer_type", "waiting", "available", "email"):
        op.drop_column("known_customer", name)
