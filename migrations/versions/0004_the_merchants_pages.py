"""What the merchant's pages stand on."""

import sqlalchemy as sa
from alembic import op

from app.db.columns import BigId, UtcTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("store", sa.Column("dashboard_url", sa.String(length=512), nullable=True))
    op.add_column("store", sa.Column("order_notes", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "log_entry",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("store_id", BigId(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("message", sa.String(length=1024), nullable=False),
        sa.Column("made_by", sa.String(length=256), nullable=True),
        sa.CheckConstraint("level IN ('info', 'warning', 'error')", name="log_entry_level"),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("log_entry", schema=None) as batch_op:
        batch_op.create_index("log_entry_of_store", ["store_id", "id"], unique=False)
        batch_op.create_index("log_entry_of_level", ["store_id", "level", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_log_entry_at"), ["at"], unique=False)
    op.create_table(
        "merchant_action",
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("store_id", BigId(), nullable=False),
        sa.Column("made_by", sa.String(length=256), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"]),
        sa.PrimaryKeyConstraint("token"),
    )
    with op.batch_alter_table("merchant_action", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_merchant_action_made_at"), ["made_at"], unique=False)


def downgrade() -> None:
    op.drop_table("merchant_action")
    op.drop_table("log_entry")
    op.drop_column("store", "order_notes")
    op.drop_column("store", "dashboard_url")
