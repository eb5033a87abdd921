"""Two options of a rule: what gift cards paid earns nothing, and returned goods count as refunded. Both are off.

The version before writes neither, and reads neither.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

OPTIONS = ("exclude_gift_cards", "count_returned")


def upgrade() -> None:
    for name in OPTIONS:
        op.add_column("rule", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    for name in OPTIONS:
        op.drop_column("rule", name)
