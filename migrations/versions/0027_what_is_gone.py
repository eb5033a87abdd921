"""What is gone of an order's points, and for which version of the arithmetic staff changed them.

The version before reads and writes neither. What it writes of staff's changes has no version, and counts with its sign.
"""

import sqlalchemy as sa
from alembic import op

from app.db.columns import BigId, UtcTime

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("adjustment", sa.Column("arithmetic", sa.Integer(), nullable=True))
    op.create_table(
        "gone",
        sa.Column("id", BigId(), primary_key=True),
        sa.Column("order_id", BigId(), sa.ForeignKey("order.id"), nullable=False),
        sa.Column("of_points", BigId(), nullable=False),
        sa.Column("of_gifts", BigId(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), sa.ForeignKey("claim.id"), nullable=True, unique=True),
        sa.Column("adjustment_id", BigId(), sa.ForeignKey("adjustment.id"), nullable=True, unique=True),
        sa.Column("found_at", UtcTime(), nullable=False),
        sa.CheckConstraint("of_points >= 0 AND of_gifts >= 0", name="gone_points"),
        sa.CheckConstraint("(claim_id IS NULL) <> (adjustment_id IS NULL)", name="gone_has_one_reason"),
    )
    op.create_index("ix_gone_order_id", "gone", ["order_id"])


def downgrade() -> None:
    op.drop_index("ix_gone_order_id", "gone")
    op.drop_table("gone")
    op.drop_column("adjustment", "arithmetic")
