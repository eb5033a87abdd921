"""Mails of points that run out: which notices were given, and how far the daily look has come.

The index of lots by their day goes: nothing is served by it. The version before sends no such mails.
"""

import sqlalchemy as sa
from alembic import op

from app.db.columns import BigId, UtcTime

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

OF_A_LOOK = (("looked_on", sa.Date()), ("looked_ends", UtcTime()), ("looked_after", BigId()))


def upgrade() -> None:
    for name, kind in OF_A_LOOK:
        op.add_column("mail_kind", sa.Column(name, kind, nullable=True))
    op.create_table(
        "points_notice",
        sa.Column("origin_id", BigId(), sa.ForeignKey("points_entry.id"), primary_key=True, nullable=False),
        sa.Column("ends", UtcTime(), primary_key=True, nullable=False),
        sa.Column("days", sa.Integer(), primary_key=True, nullable=False),
        sa.Column("told_at", UtcTime(), nullable=False),
        sa.Column("mail_reference", sa.Uuid(), nullable=False),
        sa.CheckConstraint("days IN (30, 7)", name="points_notice_days"),
        sa.CheckConstraint("told_at < ends", name="points_notice_comes_before_the_end"),
    )
    op.create_index("ix_points_notice_mail_reference", "points_notice", ["mail_reference"])
    op.drop_index("points_lot_ends", "points_lot")


def downgrade() -> None:
    is_open = sa.text("points_left > 0")
    op.create_index("points_lot_ends", "points_lot", ["ends"], sqlite_where=is_open, postgresql_where=is_open)
    op.drop_table("points_notice")
    for name, _ in reversed(OF_A_LOOK):
        op.drop_column("mail_kind", name)
