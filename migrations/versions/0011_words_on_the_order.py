"""What an order in Saleor is to say, so that a sweep sees where it says something else."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("order", sa.Column("words_mark", sa.String(16), nullable=True))


def downgrade() -> None:
    op.drop_column("order", "words_mark")
