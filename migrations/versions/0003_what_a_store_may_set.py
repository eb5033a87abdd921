"""What a store may set: when claims expire that do not say it, and which customer types there are."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# The check stands in the column's own words: to add one to the table, SQLite would have to build the whole table anew.
IS_WITHIN_A_HUNDRED_YEARS = "default_expires_days BETWEEN 0 AND 36500"


def upgrade() -> None:
    days = sa.Column("default_expires_days", sa.Integer(), sa.CheckConstraint(IS_WITHIN_A_HUNDRED_YEARS), nullable=True)
    op.add_column("store", days)
    op.add_column("store", sa.Column("customer_types", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("store", "customer_types")
    op.drop_column("store", "default_expires_days")
