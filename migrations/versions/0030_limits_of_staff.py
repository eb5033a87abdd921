"""Limits of what staff change by hand, what each person changed on a day, and changes that wait for approval.

A store that is there has no limit until somebody sets one. The version before counts nothing and asks nobody.
"""

import sqlalchemy as sa
from alembic import op

from app.db.columns import BigId, UtcTime

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

# The checks stand in the columns' own words: to add one to a table, SQLite would have to build the whole table anew.
IS_WITHIN_LIMIT = "abs(points) <= points_max OR request_id IS NOT NULL OR claim_id IS NOT NULL"


def upgrade() -> None:
    for name, kind in (("staff_change_max", sa.Integer()), ("staff_day_max", BigId())):
        op.add_column("store", sa.Column(name, kind, sa.CheckConstraint(f"{name} >= 0"), nullable=True))
    op.add_column("store", sa.Column("limits_checked_at", UtcTime(), nullable=True))
    op.create_table(
        "staff_day",
        sa.Column("store_id", BigId(), sa.ForeignKey("store.id"), primary_key=True),
        sa.Column("made_by", sa.String(256), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("points", BigId(), nullable=False),
        sa.Column("points_max", BigId(), nullable=True),
        sa.CheckConstraint("points > 0", name="staff_day_counts_up"),
        sa.CheckConstraint("points <= points_max", name="staff_day_within_limit"),
    )
    op.create_table(
        "approval_request",
        sa.Column("id", BigId(), primary_key=True),
        sa.Column("store_id", BigId(), sa.ForeignKey("store.id"), nullable=False),
        sa.Column("order_id", BigId(), sa.ForeignKey("order.id"), nullable=True),
        sa.Column("email", sa.String(320), nullable=True),
        sa.Column("email_key", sa.String(320), nullable=True),
        sa.Column("wanted", sa.String(16), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(1024), nullable=False),
        sa.Column("exceeds", sa.String(16), nullable=False),
        sa.Column("asked_by", sa.String(256), nullable=False),
        sa.Column("asked_at", UtcTime(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("decided_by", sa.String(256), nullable=True),
        sa.Column("decided_at", UtcTime(), nullable=True),
        sa.Column("decision_reason", sa.String(1024), nullable=True),
        sa.CheckConstraint("wanted IN ('adjust', 'write_off')", name="approval_request_wanted"),
        sa.CheckConstraint("exceeds IN ('change', 'day')", name="approval_request_exceeds"),
        sa.CheckConstraint("state IN ('waiting', 'approved', 'refused')", name="approval_request_state"),
        sa.CheckConstraint("points <> 0", name="approval_request_points"),
        sa.CheckConstraint("(order_id IS NULL) = (email IS NOT NULL AND email_key IS NOT NULL)", name="approval_request_subject"),
        sa.CheckConstraint("wanted <> 'write_off' OR (order_id IS NOT NULL AND points > 0)", name="approval_request_write_off"),
        sa.CheckConstraint(
            "(state = 'waiting') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)"
            " AND (decided_by IS NULL) = (decision_reason IS NULL)",
            name="approval_request_decided",
        ),
        sa.CheckConstraint("state <> 'approved' OR decided_by <> asked_by", name="approval_request_by_another"),
    )
    waits = sa.text("state = 'waiting'")
    of_store = ["store_id", "id"]
    op.create_index("approval_request_waits", "approval_request", of_store, sqlite_where=waits, postgresql_where=waits)
    op.create_index("approval_request_by_time", "approval_request", of_store)
    op.create_index("approval_request_of_customer", "approval_request", ["store_id", "email_key"])
    op.create_index("ix_approval_request_order_id", "approval_request", ["order_id"])
    op.add_column("adjustment", sa.Column("counted_on", sa.Date(), nullable=True))
    op.add_column("adjustment", sa.Column("request_id", BigId(), nullable=True))
    op.add_column("adjustment", sa.Column("points_max", sa.Integer(), sa.CheckConstraint(IS_WITHIN_LIMIT), nullable=True))
    op.create_index("ix_adjustment_request_id", "adjustment", ["request_id"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_adjustment_request_id", "adjustment")
    # The check of this column names another one, so it goes first.
    for name in ("points_max", "request_id", "counted_on"):
        op.drop_column("adjustment", name)
    op.drop_table("approval_request")
    op.drop_table("staff_day")
    for name in ("limits_checked_at", "staff_day_max", "staff_change_max"):
        op.drop_column("store", name)
