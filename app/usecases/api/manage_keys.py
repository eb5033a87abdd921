"""Keys of the Points API: made, listed, revoked. A key is shown once, when it is made; only its fingerprint is kept."""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

import structlog
from sqlalchemy import update
from sqlmodel import Session, col, select

from app.db.form_tokens import FormToken, is_first
from app.db.logbook import SETTINGS_CHANGED, write_log
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


def create_key(
    services: Services, store_name: str, label: str = "", *, who: str | None = None, once: FormToken | None = None
) -> str:
    """Make a key for a store's points, note who did it, and give the key: a GUID, which nobody can ever be shown again.

    Gives an empty text where its form was sent before: the key was shown then.
    Raises BadRequest when there is no such store, or its points are not kept here.
    """
    if len(label) > LABEL_LENGTH_MAX or not label.isprintable():
        raise BadRequest(f"What a key is for must be printable text of at most {LABEL_LENGTH_MAX} characters.")
    key, now = str(uuid4()), services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return ""
        store = _find(session, store_name)
        account = current_account(session, store.id or 0)
        if account is not None and account.kind != AccountKind.EMBEDDED:
            raise BadRequest(f"The points of {store.slug} are kept at Coggins. Keys made here open points that are kept here.")
        session.add(ApiKeyRow(store_id=store.id or 0, key_mark=fingerprint(key), name=label.strip(), created_at=now))
        write_log(session, store.id or 0, SETTINGS_CHANGED, "A key of the Points API was made.", now=now, made_by=who)
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


def revoke_key(services: Services, key_id: int, *, who: str | None = None) -> None:
    """Revoke a key, by its number in the list, and note who did it: from now on it opens nothing. Its points stay.

    Raises BadRequest when there is no such key, or it is revoked already.
    """
    now = services.clock()
    with services.database.writing() as session:
        store_id = session.execute(
            update(ApiKeyRow)
            .where(col(ApiKeyRow.id) == key_id, col(ApiKeyRow.revoked_at).is_(None))
            .values(revoked_at=now)
            .returning(col(ApiKeyRow.store_id))
        ).scalar()
        if store_id is None:
            raise BadRequest(f"There is no key {key_id} that could be revoked.")
        write_log(session, store_id, SETTINGS_CHANGED, "A key of the Points API was revoked.", now=now, made_by=who)
    log.info("key revoked", key_id=key_id)


def _find(session: Session, store_name: str) -> StoreRow:
    store = find_store_by_slug(session, store_name) or find_store_by_slug(session, as_slug(store_name))
    if store is None:
        raise BadRequest(f"There is no store {store_name}. `saleor-points stores` lists them.")
    return store
