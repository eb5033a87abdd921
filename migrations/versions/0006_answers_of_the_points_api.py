"""Answers of the Points API, kept for whoever asks again under the same Idempotency-Key."""

import sqlalchemy as sa
from alembic import op

from app.db.columns import BigId, UtcTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_answer",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("store_id", BigId(), nullable=False),
        sa.Column("request_mark", sa.String(length=64), nullable=False),
        sa.Column("body_mark", sa.String(length=64), nullable=False),
        sa.Column("outcomes_sealed", sa.String(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("store_id", "request_mark", name="api_answer_request"),
    )
    op.create_index("ix_api_answer_created_at", "api_answer", ["created_at"], unique=False)


def downgrade() -> None:
    op.drop_table("api_answer")
