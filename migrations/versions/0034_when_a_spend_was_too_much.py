"""Since when an order that points pay is paid above its total: what is too much goes back after an hour."""

import sqlalchemy as sa
from alembic import op

from app.db.columns import UtcTime

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("spend", sa.Column("overcharged_since", UtcTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("spend", "overcharged_since")
