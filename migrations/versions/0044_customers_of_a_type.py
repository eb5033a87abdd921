"""An index of customers by their type: without it a filter that finds nobody reads all customers. The version before ignores it."""

from alembic import op

from app.db.indexing import add_index

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_index("known_customer_of_type", "known_customer", ["store_id", "customer_type", "id"], where="customer_type IS NOT NULL")


def downgrade() -> None:
    op.drop_index("known_customer_of_type", "known_customer")
