"""What a movement is for, where it is not for an order; and when the engine goes on with it.

The version before writes and reads neither: what it plans has no order, and is for a customer.
"""

import sqlalchemy as sa
from alembic import op

from app.db.columns import BigId, UtcTime
from app.db.indexing import add_index

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

IS_OPEN = "(state IN ('planned', 'sending') OR (state = 'unknown' AND kind IN ('credit', 'debit')))"


def upgrade() -> None:
    op.add_column("movement", sa.Column("cause_kind", sa.String(16), nullable=True))
    op.add_column("movement", sa.Column("cause_id", BigId(), nullable=True))
    op.add_column("movement", sa.Column("look_at", UtcTime(), nullable=True))
    add_index(
        "movement_open_of_cause",
        "movement",
        ["cause_kind", "cause_id"],
        is_unique=True,
        where=f"cause_id IS NOT NULL AND {IS_OPEN}",
    )


def downgrade() -> None:
    op.drop_index("movement_open_of_cause", "movement")
    for name in ("look_at", "cause_id", "cause_kind"):
        op.drop_column("movement", name)
