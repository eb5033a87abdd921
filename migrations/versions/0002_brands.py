"""How a shop looks to its shoppers."""

import sqlalchemy as sa
from alembic import op

from app.db.columns import BigId

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("store", sa.Column("accent", sa.String(length=7), nullable=True))
    op.add_column("store", sa.Column("page_text", sa.String(length=512), nullable=True))
    op.add_column("store", sa.Column("logo_mark", sa.String(length=64), nullable=True))
    op.create_table(
        "store_logo",
        sa.Column("store_id", BigId(), nullable=False),
        sa.Column("png", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"]),
        sa.PrimaryKeyConstraint("store_id"),
    )


def downgrade() -> None:
    op.drop_table("store_logo")
    with op.batch_alter_table("store") as store:
        for column in ("logo_mark", "page_text", "accent"):
            store.drop_column(column)
