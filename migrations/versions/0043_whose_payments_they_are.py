"""The app's identifier in Saleor when points first paid: payments belong to it, so it is frozen from then on.

The version before does not write it. Where it let points pay, this version writes the identifier that it is started with first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("store", sa.Column("payments_app_id", sa.String(256), nullable=True))


def downgrade() -> None:
    op.drop_column("store", "payments_app_id")
