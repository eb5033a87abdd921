"""What happened: the log's sums, each day's points, the first day's checklist, and what needs a person."""

import sqlalchemy as sa
from alembic import op

from app.db.columns import BigId, UtcTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NEEDS_A_PERSON = sa.text(
    "problem_code IN ('no_email', 'nothing_there', 'shown_not_taken', 'taker_unknown', 'refused', 'for_staff', 'too_many',"
    " 'doubt', 'gone')"
)


def upgrade() -> None:
    op.add_column("store", sa.Column("rule_checked_at", UtcTime(), nullable=True))
    op.add_column("store", sa.Column("link_checked_at", UtcTime(), nullable=True))
    op.add_column("store", sa.Column("problems_told", sa.String(length=1024), nullable=True))
    op.add_column("store", sa.Column("problems_told_at", UtcTime(), nullable=True))
    op.add_column("log_entry", sa.Column("until", UtcTime(), nullable=True))
    for name in ("orders", "granted", "taken_back"):
        kind = sa.Integer() if name == "orders" else BigId()
        op.add_column("log_entry", sa.Column(name, kind, nullable=False, server_default="0"))
    op.create_table(
        "points_day",
        sa.Column("store_id", BigId(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("granted", BigId(), nullable=False),
        sa.Column("taken", BigId(), nullable=False),
        sa.Column("taken_back", BigId(), nullable=False),
        sa.CheckConstraint("granted >= 0 AND taken >= 0 AND taken_back >= 0", name="points_day_counts_up"),
        sa.ForeignKeyConstraint(["store_id"], ["store.id"]),
        sa.PrimaryKeyConstraint("store_id", "day"),
    )
    op.create_index(
        "order_needs_a_person",
        "order",
        ["store_id", "id"],
        unique=False,
        sqlite_where=NEEDS_A_PERSON,
        postgresql_where=NEEDS_A_PERSON,
    )
    op.create_index("event_of_store", "event", ["store_id", "last_at"], unique=False)
    op.drop_index("ix_event_last_at", table_name="event")
    _count_past_days()


def downgrade() -> None:
    op.create_index("ix_event_last_at", "event", ["last_at"], unique=False)
    op.drop_index("event_of_store", table_name="event")
    op.drop_index("order_needs_a_person", table_name="order")
    op.drop_table("points_day")
    for name in ("taken_back", "granted", "orders", "until"):
        op.drop_column("log_entry", name)
    for name in ("problems_told_at", "problems_told", "link_checked_at", "rule_checked_at"):
        op.drop_column("store", name)


def _count_past_days() -> None:
    """Count the days before this table, by UTC."""
    day = "date(ended_at)" if op.get_bind().dialect.name == "sqlite" else "CAST(ended_at AT TIME ZONE 'UTC' AS date)"
    op.execute(
        f"""
        INSERT INTO points_day (store_id, day, granted, taken, taken_back)
        SELECT store_id, day, sum(granted), sum(taken), sum(taken_back) FROM (
            SELECT store_id, {day} AS day,
                CASE WHEN kind IN ('claim', 'credit') THEN points ELSE 0 END AS granted,
                CASE WHEN kind = 'credit' THEN points ELSE 0 END AS taken,
                CASE WHEN kind IN ('debit', 'void') THEN -points ELSE 0 END AS taken_back
            FROM movement WHERE state = 'accepted' AND ended_at IS NOT NULL
            UNION ALL
            SELECT account.store_id, {day.replace("ended_at", "claim.taken_at")} AS day, 0, claim.points, 0
            FROM claim JOIN account ON account.id = claim.account_id WHERE claim.state = 'taken' AND claim.taken_at IS NOT NULL
        ) AS moves GROUP BY store_id, day
        """
    )
