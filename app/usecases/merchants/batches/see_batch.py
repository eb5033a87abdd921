"""See batches: the newest of a store, and one with its changes, page by page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from app.db.rows import as_value
from app.db.stores import find_store_by_slug
from app.db.tables import BatchChangeRow, ChangeBatchRow
from app.domain.change_batches import NOT_STARTED, BatchState, ChangeState
from app.errors import BadRequest
from app.usecases.merchants.batches.find_batch import UNSEEN, find_batch
from app.usecases.services import Services

LISTED_MAX = 50
PAGE = 50


@dataclass(frozen=True, slots=True)
class ShownBatch:
    """A batch. `given` and `taken` are what its usable rows ask for together."""

    id: int
    state: str
    reason: str
    made_by: str
    made_at: datetime
    changes: int
    done: int
    failed: int
    given: int
    taken: int
    largest: int
    exceeds: str | None
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
    started_at: datetime | None
    ended_at: datetime | None
    undone_by: str | None
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class ShownChange:
    """A change of a batch: what it asks for, what it would move, what it moved, and what of that was moved back."""

    id: int
    line: int
    email: str | None = field(repr=False)
    points: int | None
    reason: str | None
    state: str
    expected: int | None
    refusal: str | None
    moved: int | None
    undone: int | None


@dataclass(frozen=True, slots=True)
class BatchPage:
    """A batch with one page of its changes. `after` is the key of the next page; None where there is none.

    `counts` has the number of its changes in each state, once it is undone. `change_max` is the store's limit of one change now.
    `expected` is what all changes together would move, as far as that is known, until it is run. While it runs, and after it, its
    own figures say all.
    """

    batch: ShownBatch
    changes: tuple[ShownChange, ...]
    after: int | None
    counts: Mapping[str, int]
    change_max: int | None
    expected: int


def list_batches(services: Services, store_slug: str) -> list[ShownBatch]:
    """Give the newest fifty batches of a store.

    Raises BadRequest when there is no such store.
    """
    with services.database.reading() as session:
        store = find_store_by_slug(session, store_slug)
        if store is None:
            raise BadRequest(f"There is no store {store_slug}.")
        is_seen = (ChangeBatchRow.store_id == store.id, col(ChangeBatchRow.state).not_in(UNSEEN))
        query = select(ChangeBatchRow).where(*is_seen).order_by(col(ChangeBatchRow.id).desc()).limit(LISTED_MAX)
        return [as_value(ShownBatch, row) for row in session.exec(query)]


def waiting_batches(services: Services, store_slug: str) -> list[ShownBatch]:
    """Give a store's oldest fifty batches that wait for approval."""
    with services.database.reading() as session:
        store = find_store_by_slug(session, store_slug)
        is_waiting = (ChangeBatchRow.store_id == (store and store.id), ChangeBatchRow.state == BatchState.WAITING)
        query = select(ChangeBatchRow).where(*is_waiting).order_by(col(ChangeBatchRow.id)).limit(LISTED_MAX)
        return [as_value(ShownBatch, row) for row in session.exec(query)]


def see_batch(
    services: Services, store_slug: str, batch_id: int, *, only_problems: bool = False, after: int = 0, size: int = PAGE
) -> BatchPage:
    """See a batch and its changes from a key on, or those of them that do not, or did not, do all that they ask for.

    Raises BadRequest when there is no such batch.
    """
    with services.database.reading() as session:
        store, batch = find_batch(session, store_slug, batch_id)
        query = select(BatchChangeRow).where(BatchChangeRow.batch_id == batch_id, col(BatchChangeRow.id) > after)
        if only_problems:
            query = query.where(_is_problem())
        found = session.exec(query.order_by(col(BatchChangeRow.id)).limit(size + 1)).all()
        is_read_through = batch.state in NOT_STARTED or batch.undone_by is not None
        counts, expected = _counts(session, batch_id) if is_read_through else ({}, 0)
    shown = tuple(as_value(ShownChange, row) for row in found[:size])
    next_page = shown[-1].id if shown and len(found) > size else None
    return BatchPage(as_value(ShownBatch, batch), shown, next_page, counts, store.staff_change_max, expected)


def _counts(session: Session, batch_id: int) -> tuple[dict[str, int], int]:
    expected = func.coalesce(func.sum(func.coalesce(BatchChangeRow.expected, BatchChangeRow.points)), 0)
    by_state = select(col(BatchChangeRow.state), func.count(), expected)
    rows = session.exec(by_state.where(BatchChangeRow.batch_id == batch_id).group_by(col(BatchChangeRow.state))).all()
    return {state: int(count) for state, count, _ in rows}, sum(int(points) for _, _, points in rows)


def _is_problem() -> Any:
    return or_(
        col(BatchChangeRow.state).in_((ChangeState.REFUSED, ChangeState.UNDO_REFUSED)),
        col(BatchChangeRow.expected) != col(BatchChangeRow.points),
        col(BatchChangeRow.moved) != col(BatchChangeRow.points),
        col(BatchChangeRow.undone) != -col(BatchChangeRow.moved),
    )
