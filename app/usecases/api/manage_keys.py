"""Keys of the Points API: made, listed, revoked. A key is shown once, when it is made; only its fingerprint is kept."""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

import structlog
from sqlalchemy import update
from sqlmodel import Session, col, select

from app.db.stores import as_slug, current_account, find_store_by_slug
from app.db.tables import ApiKeyRow, StoreRow
from app.domain.store import AccountKind
from app.errors import BadRequest
from app.sealing import fingerprint
from app.usecases.services import Services

log = structlog.get_logger()

LABEL_LENGTH_MAX = 128


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key as it can be shown: without the key."""

    id: int
    store: str
    label: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def create_key(services: Services, store_name: str, label: str = "") -> str:
    """Make a key for a store's points, and give it: a GUID, which nobody can ever be shown again.

    Raises BadRequest when there is no such store, or its points are not kept here.
    """
    if len(label) > LABEL_LENGTH_MAX or not label.isprintable():
        raise BadRequest(f"What a key is for must be printable text of at most {LABEL_LENGTH_MAX} characters.")
    key = str(uuid4())
    with services.database.writing() as session:
        store = _find(session, store_name)
        account = current_account(session, store.id or 0)
        if account is not None and account.kind != AccountKind.EMBEDDED:
            raise BadRequest(f"The points of {store.slug} are kept at Coggins. Keys made here open points that are kept here.")
        session.add(ApiKeyRow(store_id=store.id or 0, key_mark=fingerprint(key), name=label.strip(), created_at=services.clock()))
    log.info("key created", store=store.slug)
    return key


def list_keys(services: Services, store_name: str | None = None) -> list[KnownKey]:
    """List all keys, or those of one store, oldest first.

    Raises BadRequest when there is no such store.
    """
    with services.database.reading() as session:
        query = select(ApiKeyRow, StoreRow.slug).join(StoreRow).order_by(col(ApiKeyRow.id))
        if store_name is not None:
            query = query.where(StoreRow.id == _find(session, store_name).id)
        return [
            KnownKey(key.id or 0, slug, key.name, key.created_at, key.last_used_at, key.revoked_at)
            for key, slug in session.exec(query)
        ]


def revoke_key(services: Services, key_id: int) -> None:
    """Revoke a key, by its number in the list: from now on it opens nothing. Its points stay.

    Raises BadRequest when there is no such key, or it is revoked already.
    """
    with services.database.writing() as session:
        revoked = session.execute(
            update(ApiKeyRow)
            .where(col(ApiKeyRow.id) == key_id, col(ApiKeyRow.revoked_at).is_(None))
            .values(revoked_at=services.clock())
            .returning(col(ApiKeyRow.id))
        ).first()
    if revoked is None:
        raise BadRequest(f"There is no key {key_id} that could be revoked.")
    log.info("key revoked", key_id=key_id)


def _find(session: Session, store_name: str) -> StoreRow:
    store = find_store_by_slug(session, store_name) or find_store_by_slug(session, as_slug(store_name))
    if store is None:
        raise BadRequest(f"There is no store {store_name}. `saleor-points stores` lists them.")
    return store
