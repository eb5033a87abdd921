"""Find a batch of a store."""

from sqlmodel import Session

from app.db.stores import find_store_by_slug
from app.db.tables import ChangeBatchRow, StoreRow
from app.domain.change_batches import BatchState
from app.errors import BadRequest

UNSEEN = (BatchState.READING, BatchState.DISCARDED)


def find_batch(session: Session, store_slug: str, batch_id: int, *, lock: bool = False) -> tuple[StoreRow, ChangeBatchRow]:
    """Find a store and a batch of it.

    Raises BadRequest when there is no such batch.
    """
    store = find_store_by_slug(session, store_slug)
    batch = session.get(ChangeBatchRow, batch_id, with_for_update=lock)
    if store is None or batch is None or batch.store_id != store.id or batch.state in UNSEEN:
        raise BadRequest("This store has no such batch.")
    return store, batch
