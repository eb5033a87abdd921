"""Storefronts may ask for their shoppers' points: off until the merchant switches it on. The version before knows nothing of it."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("store", sa.Column("storefront_api", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("store", sa.Column("storefront_origins", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("store", "storefront_origins")
    op.drop_column("store", "storefront_api")
