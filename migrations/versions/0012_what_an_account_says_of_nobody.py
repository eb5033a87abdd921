"""How an account answers about a customer whom nobody knows, as far as that was learnt."""

import sqlalchemy as sa
from alembic import op

from app.db.columns import UtcTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("asked_of_nobody_at", UtcTime(), nullable=True))
    op.add_column("account", sa.Column("zeros_for_nobody_at", UtcTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("account", "zeros_for_nobody_at")
    op.drop_column("account", "asked_of_nobody_at")
