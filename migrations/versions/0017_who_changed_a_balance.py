"""Which key of the Points API changed a balance, and which made a claim. The entries of a customer are paged by key.

The version before writes neither, and reads neither.
"""

from alembic import op

from app.db.indexing import add_index
from app.db.rebuilding import keeping_triggers

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLES = ("points_claim", "points_entry")


def upgrade() -> None:
    # In one statement: SQLite takes a reference only with its column, and would build the table anew for one that comes later.
    kind = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ADD COLUMN api_key_id {kind} REFERENCES api_key (id)")
    add_index("points_entry_of_customer", "points_entry", ["customer_id", "id"])
    op.drop_index("ix_points_entry_customer_id", "points_entry")


def downgrade() -> None:
    op.create_index("ix_points_entry_customer_id", "points_entry", ["customer_id"])
    op.drop_index("points_entry_of_customer", "points_entry")
    # A later version may have built a table anew: SQLite then drops the column only by building it anew once more.
    for table in TABLES:
        with keeping_triggers(), op.batch_alter_table(table) as batch_op:
            batch_op.drop_column("api_key_id")
