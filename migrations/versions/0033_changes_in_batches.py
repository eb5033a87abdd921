"""Batches of changes by staff: checked, run and undone as one. The version before knows nothing of them."""

import sqlalchemy as sa
from alembic import op

from app.db.columns import BigId, UtcTime

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

BATCH_STATES = "('reading', 'discarded', 'checked', 'waiting', 'refused', 'running', 'done', 'undoing', 'undone')"
CHANGE_STATES = "('ready', 'refused', 'asked', 'done', 'undo_asked', 'undone', 'undo_refused')"


def upgrade() -> None:
    op.create_table(
        "change_batch",
        sa.Column("id", BigId(), primary_key=True),
        sa.Column("store_id", BigId(), sa.ForeignKey("store.id"), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(1024), nullable=False),
        sa.Column("made_by", sa.String(256), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("given", BigId(), nullable=False),
        sa.Column("taken", BigId(), nullable=False),
        sa.Column("largest", sa.Integer(), nullable=False),
        sa.Column("exceeds", sa.String(16), nullable=True),
        sa.Column("decided_by", sa.String(256), nullable=True),
        sa.Column("decided_at", UtcTime(), nullable=True),
        sa.Column("decision_reason", sa.String(1024), nullable=True),
        sa.Column("counted_on", sa.Date(), nullable=True),
        sa.Column("points_max", sa.Integer(), nullable=True),
        sa.Column("started_at", UtcTime(), nullable=True),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("look_at", UtcTime(), nullable=True),
        sa.Column("undone_by", sa.String(256), nullable=True),
        sa.Column("undone_at", UtcTime(), nullable=True),
        sa.CheckConstraint(f"state IN {BATCH_STATES}", name="change_batch_state"),
        sa.CheckConstraint("exceeds IN ('change', 'day')", name="change_batch_exceeds"),
        sa.CheckConstraint("done >= 0 AND failed >= 0 AND done + failed <= changes", name="change_batch_counts"),
        sa.CheckConstraint("state <> 'done' OR done + failed = changes", name="change_batch_is_done"),
        sa.CheckConstraint("given >= 0 AND taken >= 0", name="change_batch_sums"),
        sa.CheckConstraint(
            "(state IN ('running', 'done', 'undoing', 'undone')) = (started_at IS NOT NULL)", name="change_batch_is_started"
        ),
        sa.CheckConstraint(
            "started_at IS NULL OR exceeds IS NULL OR (decided_by IS NOT NULL AND decided_by <> made_by)",
            name="change_batch_by_another",
        ),
        sa.CheckConstraint("state <> 'waiting' OR (exceeds IS NOT NULL AND decided_by IS NULL)", name="change_batch_waits"),
        sa.CheckConstraint(
            "(state IN ('undoing', 'undone')) = (undone_by IS NOT NULL) AND (undone_by IS NULL) = (undone_at IS NULL)",
            name="change_batch_undone",
        ),
    )
    op.create_index("change_batch_by_time", "change_batch", ["store_id", "id"])
    not_run = sa.text("started_at IS NULL")
    op.create_index("change_batch_not_run", "change_batch", ["id"], sqlite_where=not_run, postgresql_where=not_run)
    at_work, waits = sa.text("state IN ('running', 'undoing')"), sa.text("state = 'waiting'")
    op.create_index("change_batch_at_work", "change_batch", ["look_at"], sqlite_where=at_work, postgresql_where=at_work)
    op.create_index("change_batch_waits", "change_batch", ["store_id", "id"], sqlite_where=waits, postgresql_where=waits)
    op.create_table(
        "batch_change",
        sa.Column("id", BigId(), primary_key=True),
        sa.Column("batch_id", BigId(), sa.ForeignKey("change_batch.id"), nullable=False),
        sa.Column("store_id", BigId(), sa.ForeignKey("store.id"), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(320), nullable=True),
        sa.Column("email_key", sa.String(320), nullable=True),
        sa.Column("points", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(1024), nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=True),
        sa.Column("refusal", sa.String(1024), nullable=True),
        sa.Column("look_at", UtcTime(), nullable=True),
        sa.Column("adjustment_id", BigId(), sa.ForeignKey("adjustment.id"), nullable=True, unique=True),
        sa.Column("movement_id", sa.Uuid(), nullable=True, unique=True),
        sa.Column("moved", sa.Integer(), nullable=True),
        sa.Column("undo_adjustment_id", BigId(), sa.ForeignKey("adjustment.id"), nullable=True, unique=True),
        sa.Column("undo_movement_id", sa.Uuid(), nullable=True, unique=True),
        sa.Column("undone", sa.Integer(), nullable=True),
        sa.UniqueConstraint("batch_id", "email_key", name="batch_change_once"),
        sa.CheckConstraint(f"state IN {CHANGE_STATES}", name="batch_change_state"),
        sa.CheckConstraint(
            "state = 'refused' OR (points IS NOT NULL AND email IS NOT NULL AND email_key IS NOT NULL)",
            name="batch_change_is_usable",
        ),
        sa.CheckConstraint("points <> 0", name="batch_change_points"),
        sa.CheckConstraint("(state IN ('refused', 'undo_refused')) = (refusal IS NOT NULL)", name="batch_change_refusal"),
        sa.CheckConstraint("(adjustment_id IS NULL) = (movement_id IS NULL)", name="batch_change_made"),
        sa.CheckConstraint("state IN ('ready', 'refused') OR adjustment_id IS NOT NULL", name="batch_change_has_adjustment"),
        sa.CheckConstraint("state <> 'ready' OR adjustment_id IS NULL", name="batch_change_is_ready"),
        sa.CheckConstraint("(undo_adjustment_id IS NULL) = (undo_movement_id IS NULL)", name="batch_change_undo_made"),
        sa.CheckConstraint(
            "state NOT IN ('undo_asked', 'undone') OR undo_adjustment_id IS NOT NULL", name="batch_change_has_undo"
        ),
        sa.CheckConstraint(
            "undo_adjustment_id IS NULL OR state IN ('undo_asked', 'undone', 'undo_refused')", name="batch_change_undo_is_told"
        ),
        sa.CheckConstraint(
            "moved IS NULL OR (points > 0 AND moved > 0 AND moved <= points) OR (points < 0 AND moved < 0 AND moved >= points)",
            name="batch_change_moved",
        ),
        sa.CheckConstraint(
            "(state IN ('done', 'undo_asked', 'undone', 'undo_refused')) = (moved IS NOT NULL)", name="batch_change_is_done"
        ),
        sa.CheckConstraint(
            "undone IS NULL OR (moved > 0 AND undone < 0 AND undone >= -moved)"
            " OR (moved < 0 AND undone > 0 AND undone <= -moved)",
            name="batch_change_undone",
        ),
        sa.CheckConstraint("(state = 'undone') = (undone IS NOT NULL)", name="batch_change_is_undone"),
    )
    op.create_index("batch_change_by_state", "batch_change", ["batch_id", "state", "id"])
    op.create_index("batch_change_by_id", "batch_change", ["batch_id", "id"])
    op.create_index("batch_change_of_customer", "batch_change", ["store_id", "email_key"])
    op.create_index("batch_change_of_store", "batch_change", ["store_id", "id"])


def downgrade() -> None:
    op.drop_table("batch_change")
    op.drop_table("change_batch")
