"""When staff ended the test claims of a store. The version before writes none, and shows an ended test until its day is over."""

import sqlalchemy as sa
from alembic import op

from app.db.columns import UtcTime

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("store", sa.Column("tests_ended_at", UtcTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("store", "tests_ended_at")
