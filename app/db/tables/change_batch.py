"""Batches of changes by staff, and the changes of each."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime, one_of
from app.domain.change_batches import BatchState, ChangeState
from app.domain.staff_limits import Limit

_AT_WORK = text("state IN ('running', 'undoing')")
_WAITS = text("state = 'waiting'")
_NOT_RUN = text("started_at IS NULL")


class ChangeBatchRow(SQLModel, table=True):
    """Points for many customers, as one thing: checked, run, and undone.

    `changes` counts all rows, `done` and `failed` those with an outcome. `given` and `taken` are what the changes ask for
    together. `exceeds` is the limit that the batch is above: somebody else must have approved it before it runs.
    """

    __tablename__ = "change_batch"
    __table_args__ = (
        one_of("state", BatchState, name="change_batch_state"),
        one_of("exceeds", Limit, name="change_batch_exceeds"),
        CheckConstraint("done >= 0 AND failed >= 0 AND done + failed <= changes", name="change_batch_counts"),
        CheckConstraint("state <> 'done' OR done + failed = changes", name="change_batch_is_done"),
        CheckConstraint("given >= 0 AND taken >= 0", name="change_batch_sums"),
        CheckConstraint(
            "(state IN ('running', 'done', 'undoing', 'undone')) = (started_at IS NOT NULL)", name="change_batch_is_started"
        ),
        CheckConstraint(
            "started_at IS NULL OR exceeds IS NULL OR (decided_by IS NOT NULL AND decided_by <> made_by)",
            name="change_batch_by_another",
        ),
        CheckConstraint("state <> 'waiting' OR (exceeds IS NOT NULL AND decided_by IS NULL)", name="change_batch_waits"),
        CheckConstraint(
            "(state IN ('undoing', 'undone')) = (undone_by IS NOT NULL) AND (undone_by IS NULL) = (undone_at IS NULL)",
            name="change_batch_undone",
        ),
        Index("change_batch_by_time", "store_id", "id"),
        Index("change_batch_at_work", "look_at", sqlite_where=_AT_WORK, postgresql_where=_AT_WORK),
        Index("change_batch_not_run", "id", sqlite_where=_NOT_RUN, postgresql_where=_NOT_RUN),
        Index("change_batch_waits", "store_id", "id", sqlite_where=_WAITS, postgresql_where=_WAITS),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    state: str = Field(default=BatchState.READING, max_length=16)
    reason: str = Field(max_length=1024)
    made_by: str = Field(max_length=256)
    made_at: datetime = Field(sa_type=UtcTime)
    changes: int = 0
    done: int = 0
    failed: int = 0
    given: int = Field(default=0, sa_type=BigId)
    taken: int = Field(default=0, sa_type=BigId)
    # The largest single change, by its size.
    largest: int = 0
    exceeds: str | None = Field(default=None, max_length=16)
    decided_by: str | None = Field(default=None, max_length=256)
    decided_at: datetime | None = Field(default=None, sa_type=UtcTime)
    decision_reason: str | None = Field(default=None, max_length=1024)
    # The day on which it counted towards its maker's sum, and the limit of one change then.
    counted_on: date | None = None
    points_max: int | None = None
    started_at: datetime | None = Field(default=None, sa_type=UtcTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)
    # When a worker goes on with it.
    look_at: datetime | None = Field(default=None, sa_type=UtcTime)
    undone_by: str | None = Field(default=None, max_length=256)
    undone_at: datetime | None = Field(default=None, sa_type=UtcTime)


class BatchChangeRow(SQLModel, table=True):
    """One change of a batch: for one customer, who stands in a batch once.

    `expected` is what the change would have moved when the batch was checked; empty where nobody knew. `moved` is what it moved,
    and `undone` what was moved back. A row that cannot be used has no customer.
    """

    __tablename__ = "batch_change"
    __table_args__ = (
        one_of("state", ChangeState, name="batch_change_state"),
        UniqueConstraint("batch_id", "email_key", name="batch_change_once"),
        CheckConstraint(
            "state = 'refused' OR (points IS NOT NULL AND email IS NOT NULL AND email_key IS NOT NULL)",
            name="batch_change_is_usable",
        ),
        CheckConstraint("points <> 0", name="batch_change_points"),
        CheckConstraint("(state IN ('refused', 'undo_refused')) = (refusal IS NOT NULL)", name="batch_change_refusal"),
        CheckConstraint("(adjustment_id IS NULL) = (movement_id IS NULL)", name="batch_change_made"),
        CheckConstraint("state IN ('ready', 'refused') OR adjustment_id IS NOT NULL", name="batch_change_has_adjustment"),
        CheckConstraint("state <> 'ready' OR adjustment_id IS NULL", name="batch_change_is_ready"),
        CheckConstraint("(undo_adjustment_id IS NULL) = (undo_movement_id IS NULL)", name="batch_change_undo_made"),
        CheckConstraint("state NOT IN ('undo_asked', 'undone') OR undo_adjustment_id IS NOT NULL", name="batch_change_has_undo"),
        CheckConstraint(
            "undo_adjustment_id IS NULL OR state IN ('undo_asked', 'undone', 'undo_refused')", name="batch_change_undo_is_told"
        ),
        # Nothing moves more than was asked for, or the other way.
        CheckConstraint(
            "moved IS NULL OR (points > 0 AND moved > 0 AND moved <= points) OR (points < 0 AND moved < 0 AND moved >= points)",
            name="batch_change_moved",
        ),
        CheckConstraint(
            "(state IN ('done', 'undo_asked', 'undone', 'undo_refused')) = (moved IS NOT NULL)", name="batch_change_is_done"
        ),
        CheckConstraint(
            "undone IS NULL OR (moved > 0 AND undone < 0 AND undone >= -moved)"
            " OR (moved < 0 AND undone > 0 AND undone <= -moved)",
            name="batch_change_undone",
        ),
        CheckConstraint("(state = 'undone') = (undone IS NOT NULL)", name="batch_change_is_undone"),
        Index("batch_change_by_state", "batch_id", "state", "id"),
        Index("batch_change_by_id", "batch_id", "id"),
        Index("batch_change_of_customer", "store_id", "email_key"),
        Index("batch_change_of_store", "store_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    batch_id: int = Field(foreign_key="change_batch.id", sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    # The line of the file, or the place in the list.
    line: int
    email: str | None = Field(default=None, max_length=320)
    email_key: str | None = Field(default=None, max_length=320)
    points: int | None = None
    reason: str | None = Field(default=None, max_length=1024)
    state: str = Field(default=ChangeState.READY, max_length=16)
    expected: int | None = None
    refusal: str | None = Field(default=None, max_length=1024)
    # Not before then: another change of this customer is under way.
    look_at: datetime | None = Field(default=None, sa_type=UtcTime)
    # What was written to make it, and to undo it. None of these belongs to two changes.
    adjustment_id: int | None = Field(default=None, foreign_key="adjustment.id", unique=True, sa_type=BigId)
    movement_id: UUID | None = Field(default=None, unique=True)
    moved: int | None = None
    undo_adjustment_id: int | None = Field(default=None, foreign_key="adjustment.id", unique=True, sa_type=BigId)
    undo_movement_id: UUID | None = Field(default=None, unique=True)
    undone: int | None = None
