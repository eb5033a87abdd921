"""The running processes. The version before writes none, so its workers are not seen."""

import sqlalchemy as sa
from alembic import op

from app.db.columns import UtcTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "process",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.CheckConstraint("kind IN ('web', 'worker')", name="process_kind"),
    )


def downgrade() -> None:
    op.drop_table("process")
