"""Find out who calls: the store whose points a key opens."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, update
from sqlmodel import col, select

from app.errors import UnknownKey
from app.sealing import fingerprint
from app.store.models import ApiKeyRow, DebtPolicy, StoreRow
from app.store.stores import customer_types_of
from app.usecases.services import Services

# Last use is for people who wonder whether a key can go: to the minute is enough, and spares a write for each request.
USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Caller:
    """The store that a key stands for, with what its settings say about its points. No customer types: any will do."""

    key_id: int
    store_id: int
    time_zone: str
    default_expires_days: int | None
    customer_types: frozenset[str]
    may_go_below_zero: bool


def find_caller(services: Services, key: str) -> Caller:
    """Find the store of a key, however its GUID is spelled, and note that the key was used.

    Raises UnknownKey when there is no such key, or it was revoked.
    """
    try:
        mark = fingerprint(str(UUID(key.strip())))
    except ValueError:
        raise UnknownKey from None
    now = services.clock()
    with services.database.reading() as session:
        found = session.exec(select(ApiKeyRow, StoreRow).join(StoreRow).where(ApiKeyRow.key_mark == mark)).first()
    # Found by an index, which may stop at the first difference: what is found is compared whole.
    if found is None or not hmac.compare_digest(found[0].key_mark, mark) or found[0].revoked_at is not None:
        raise UnknownKey
    row, store = found
    if row.last_used_at is None or row.last_used_at <= now - USE_NOTED_EVERY:
        _note_use(services, row, now)
    return Caller(
        key_id=row.id or 0,
        store_id=row.store_id,
        time_zone=store.time_zone,
        default_expires_days=store.default_expires_days,
        customer_types=frozenset(customer_types_of(store)),
        may_go_below_zero=store.debt_policy == DebtPolicy.NEGATIVE,
    )


def _note_use(services: Services, key: ApiKeyRow, now: datetime) -> None:
    was_long_ago = or_(col(ApiKeyRow.last_used_at).is_(None), col(ApiKeyRow.last_used_at) <= now - USE_NOTED_EVERY)
    with services.database.writing() as session:
        session.execute(update(ApiKeyRow).where(col(ApiKeyRow.id) == key.id, was_long_ago).values(last_used_at=now))
