"""When staff made a test claim last. The version before writes none."""

import sqlalchemy as sa
from alembic import op

from app.db.columns import UtcTime

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("store", sa.Column("test_made_at", UtcTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("store", "test_made_at")
