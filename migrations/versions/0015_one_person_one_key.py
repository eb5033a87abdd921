"""One key for each person, and customers who are moved from one address to another.

The version before goes on with its own keys; they are made anew by a step of its own (`finished_step`). A database without any
store has no rows to make anew, and begins with that step done.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from app.db.columns import BigId, UtcTime
from app.db.indexing import add_index

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

UNDER_WAY = "state IN ('taking', 'in_transit', 'returning')"
STATES = "state IN ('taking', 'in_transit', 'returning', 'done', 'refused')"


def upgrade() -> None:
    finished = op.create_table(
        "finished_step", sa.Column("name", sa.String(32), primary_key=True), sa.Column("finished_at", UtcTime(), nullable=False)
    )
    if op.get_bind().execute(sa.text("SELECT 1 FROM store")).first() is None:
        op.bulk_insert(finished, [{"name": "email_keys", "finished_at": datetime.now(UTC)}])
    op.create_table(
        "split_customer",
        sa.Column("id", BigId(), primary_key=True),
        sa.Column("store_id", BigId(), sa.ForeignKey("store.id"), nullable=False),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("other_email", sa.String(320), nullable=False),
        sa.Column("found_at", UtcTime(), nullable=False),
        sa.UniqueConstraint("store_id", "email", "other_email", name="split_customer_once"),
    )
    op.create_table(
        "customer_move",
        sa.Column("id", BigId(), primary_key=True),
        sa.Column("store_id", BigId(), sa.ForeignKey("store.id"), nullable=False),
        sa.Column("account_id", BigId(), sa.ForeignKey("account.id"), nullable=False),
        *(sa.Column(name, sa.String(320), nullable=False) for name in ("from_email", "from_key", "to_email", "to_key")),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("points", BigId(), nullable=False),
        sa.Column("reason", sa.String(1024), nullable=False),
        sa.Column("made_by", sa.String(256), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("moved_at", UtcTime(), nullable=True),
        sa.Column("problem", sa.String(1024), nullable=True),
        sa.CheckConstraint(STATES, name="customer_move_state"),
        sa.CheckConstraint("from_key <> to_key", name="customer_move_goes_elsewhere"),
        sa.CheckConstraint("(state IN ('in_transit', 'done')) = (moved_at IS NOT NULL)", name="customer_move_is_timed"),
    )
    under_way = sa.text(UNDER_WAY)
    op.create_index(
        "customer_move_under_way",
        "customer_move",
        ["store_id", "from_key"],
        unique=True,
        sqlite_where=under_way,
        postgresql_where=under_way,
    )
    op.create_index("customer_move_from", "customer_move", ["store_id", "from_key"])
    op.create_index("customer_move_to", "customer_move", ["store_id", "to_key"])
    _change_entries(("claim", "instant", "import", "move"), "used = 0 OR kind IN ('import', 'move')", has_move=True)
    op.add_column("points_claim", sa.Column("email_key", sa.String(320), nullable=True))
    add_index("ix_points_entry_move_id", "points_entry", ["move_id"])
    add_index("points_claim_for_key", "points_claim", ["store_id", "email_key"])


def downgrade() -> None:
    op.drop_index("points_claim_for_key", "points_claim")
    op.drop_column("points_claim", "email_key")
    op.drop_index("ix_points_entry_move_id", "points_entry")
    _change_entries(("claim", "instant", "import"), "used = 0 OR kind = 'import'", has_move=False)
    for name in ("customer_move", "split_customer", "finished_step"):
        op.drop_table(name)


def _change_entries(kinds: tuple[str, ...], used: str, *, has_move: bool) -> None:
    # SQLite changes a constraint by building the table anew, and loses the triggers that hold the balances.
    triggers = _triggers()
    for name in triggers:
        op.execute(f'DROP TRIGGER "{name}"')
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("points_entry") as batch_op:
        if has_move:
            batch_op.add_column(sa.Column("move_id", BigId(), nullable=True))
            batch_op.create_foreign_key("points_entry_move_id_fkey", "customer_move", ["move_id"], ["id"])
            batch_op.create_check_constraint("points_entry_move", "(kind = 'move') = (move_id IS NOT NULL)")
        else:
            batch_op.drop_constraint("points_entry_move", type_="check")
            batch_op.drop_constraint("points_entry_move_id_fkey", type_="foreignkey")
            batch_op.drop_column("move_id")
        batch_op.drop_constraint("points_entry_kind", type_="check")
        batch_op.create_check_constraint("points_entry_kind", f"kind IN ({listed})")
        batch_op.drop_constraint("points_entry_used", type_="check")
        batch_op.create_check_constraint("points_entry_used", used)
    for statement in triggers.values():
        op.execute(sa.text(statement.replace(":", "\\:")))


def _triggers() -> dict[str, str]:
    if op.get_bind().dialect.name != "sqlite":
        return {}
    rows = op.get_bind().execute(sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    return {name: statement for name, statement in rows if "points_entry" in statement or "points_customer" in statement}
