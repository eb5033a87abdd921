"""What an order waits for: another change of its customer's points, or a balance that rises.

The version before reads and writes neither.
"""

import sqlalchemy as sa
from alembic import op

from app.db.indexing import add_index

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("order", sa.Column("waits_lane", sa.String(64), nullable=True))
    add_index("order_waiting_for_lane", "order", ["waits_lane"], where="waits_lane IS NOT NULL")
    add_index("order_short", "order", ["store_id", "email_key"], where="shortfall > 0")


def downgrade() -> None:
    op.drop_index("order_short", "order")
    op.drop_index("order_waiting_for_lane", "order")
    op.drop_column("order", "waits_lane")
