"""The reward of a gift card is found by the card's id in Saleor. The version before ignores the index."""

from alembic import op

from app.db.indexing import add_index

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_index("redemption_by_code", "redemption", ["store_id", "saleor_id"], where="saleor_id IS NOT NULL")


def downgrade() -> None:
    op.drop_index("redemption_by_code", "redemption")
