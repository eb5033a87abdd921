"""Orders whose customer was erased."""

import sqlalchemy as sa
from alembic import op

from app.db.columns import UtcTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("order", sa.Column("erased_at", UtcTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("order", "erased_at")
