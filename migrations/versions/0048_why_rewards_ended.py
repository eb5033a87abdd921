"""Why a reward that a customer took ended as it did stays beside what holds it up now. The version before ignores the column."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("redemption", sa.Column("because", sa.String(1024), nullable=True))


def downgrade() -> None:
    op.drop_column("redemption", "because")
