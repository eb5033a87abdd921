"""When a claim's page was first opened. The version before writes none."""

import sqlalchemy as sa
from alembic import op

from app.db.columns import UtcTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("points_claim", sa.Column("opened_at", UtcTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("points_claim", "opened_at")
