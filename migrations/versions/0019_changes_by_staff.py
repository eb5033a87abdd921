"""The list of staff's changes: by when, and by who. The version before lists no such thing."""

from alembic import op

from app.db.indexing import add_index

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_index("adjustment_by_time", "adjustment", ["store_id", "id"])
    add_index("adjustment_by_staff", "adjustment", ["store_id", "made_by", "id"])
    op.drop_index("ix_adjustment_store_id", "adjustment")


def downgrade() -> None:
    op.create_index("ix_adjustment_store_id", "adjustment", ["store_id"])
    op.drop_index("adjustment_by_staff", "adjustment")
    op.drop_index("adjustment_by_time", "adjustment")
