"""Since when a store or an account does not serve us, and when a sweep was last finished. The version before writes neither.

While both versions run, what the version before pauses has no beginning, and what it sweeps counts as not swept.
"""

import sqlalchemy as sa
from alembic import op

from app.db.columns import UtcTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("store", sa.Column("failing_since", UtcTime(), nullable=True))
    op.add_column("store", sa.Column("sweep_ended_at", UtcTime(), nullable=True))
    op.add_column("account", sa.Column("failing_since", UtcTime(), nullable=True))
    # The best that is known: when it began.
    op.execute("UPDATE store SET sweep_ended_at = swept_at")


def downgrade() -> None:
    op.drop_column("account", "failing_since")
    op.drop_column("store", "sweep_ended_at")
    op.drop_column("store", "failing_since")
