"""By which version of the arithmetic an order was first settled.

The version before writes none, and reads none. An order that it settled has none for good, which means the first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("order", sa.Column("arithmetic", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("order", "arithmetic")
