"""What points paid of an order earns nothing, unless a rule says otherwise.

Versions of rules that are there say nothing of it, and no order was paid with points yet. So nothing changes for any order.
"""

import sqlalchemy as sa
from alembic import op

from app.db.indexing import add_index

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rule", sa.Column("points_earn", sa.Boolean(), nullable=False, server_default=sa.false()))
    add_index("spend_by_transaction", "spend", ["store_id", "saleor_transaction_id"])


def downgrade() -> None:
    op.drop_index("spend_by_transaction", "spend")
    op.drop_column("rule", "points_earn")
