"""Customers whom Saleor deleted, and after how many days a store erases them. None: it erases nobody.

The version before reads and writes neither.
"""

import sqlalchemy as sa
from alembic import op

from app.db.columns import BigId, UtcTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# The check stands in the column's own words: to add one to the table, SQLite would have to build the whole table anew.
IS_WITHIN_A_YEAR = "erase_after_days BETWEEN 0 AND 365"


def upgrade() -> None:
    op.create_table(
        "deleted_customer",
        sa.Column("id", BigId(), primary_key=True),
        sa.Column("store_id", BigId(), sa.ForeignKey("store.id"), nullable=False),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("email_key", sa.String(320), nullable=False),
        sa.Column("deleted_at", UtcTime(), nullable=False),
        sa.Column("kept_at", UtcTime(), nullable=True),
        sa.Column("kept_by", sa.String(256), nullable=True),
        sa.Column("not_before", UtcTime(), nullable=True),
        sa.UniqueConstraint("store_id", "email_key", name="deleted_customer_once"),
        sa.CheckConstraint("kept_by IS NULL OR kept_at IS NOT NULL", name="deleted_customer_kept_by"),
    )
    days = sa.Column("erase_after_days", sa.Integer(), sa.CheckConstraint(IS_WITHIN_A_YEAR), nullable=True)
    op.add_column("store", days)


def downgrade() -> None:
    op.drop_column("store", "erase_after_days")
    op.drop_table("deleted_customer")
