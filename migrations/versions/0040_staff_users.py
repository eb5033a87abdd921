"""Which e-mail addresses a staff user of a Saleor has had. The version before writes none: it tells staff apart by address only."""

import sqlalchemy as sa
from alembic import op

from app.db.columns import BigId, UtcTime

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staff_user",
        sa.Column("store_id", BigId(), sa.ForeignKey("store.id"), primary_key=True),
        sa.Column("user_id", sa.String(128), primary_key=True),
        sa.Column("email", sa.String(256), primary_key=True),
        sa.Column("seen_at", UtcTime(), nullable=False),
    )
    op.create_index("staff_user_by_email", "staff_user", ["store_id", "email"])


def downgrade() -> None:
    op.drop_table("staff_user")
