"""Indexes of the few orders and movements that somebody should know of, so that watching costs the same after years."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TROUBLED = sa.text("problem_code IS NOT NULL")
DRIFTING = sa.text("due <> granted AND problem_code IS NULL")
FOR_STAFF = sa.text("state = 'unknown' AND kind IN ('credit', 'debit') AND is_for_staff")


def upgrade() -> None:
    op.create_index("order_with_problem", "order", ["store_id", "id"], sqlite_where=TROUBLED, postgresql_where=TROUBLED)
    op.create_index("order_drifting", "order", ["store_id"], sqlite_where=DRIFTING, postgresql_where=DRIFTING)
    op.create_index("movement_for_staff", "movement", ["store_id", "sent_at"], sqlite_where=FOR_STAFF, postgresql_where=FOR_STAFF)


def downgrade() -> None:
    op.drop_index("movement_for_staff", "movement")
    op.drop_index("order_drifting", "order")
    op.drop_index("order_with_problem", "order")
