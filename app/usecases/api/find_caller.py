"""Find out who calls: the store whose points a key opens."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlmodel import col

from app.db.moment_conditions import is_due
from app.db.stores import customer_types_in
from app.db.tables import ApiKeyRow, StoreRow
from app.domain import moments
from app.domain.store import DebtPolicy
from app.errors import UnknownKey
from app.sealing import fingerprint
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
        found = session.connection().execute(_FIND, {"mark": mark}).first()
    # Found by an index, which may stop at the first difference: what is found is compared whole.
    if found is None or not hmac.compare_digest(found.key_mark, mark) or found.revoked_at is not None:
        raise UnknownKey
    if moments.is_due(found.last_used_at, now, every=USE_NOTED_EVERY):
        _note_use(services, found.id, now)
    return Caller(
        key_id=found.id,
        store_id=found.store_id,
        time_zone=found.time_zone,
        default_expires_days=found.default_expires_days,
        customer_types=frozenset(customer_types_in(found.customer_types)),
        may_go_below_zero=found.debt_policy == DebtPolicy.NEGATIVE,
    )


# The tables themselves: the ORM's own part costs as much again, and this is asked on each call. Of a store, which holds much
# else, only what a call needs.
_KEYS: Any = ApiKeyRow.__table__  # type: ignore[attr-defined]  # every table model has it
_STORES: Any = StoreRow.__table__  # type: ignore[attr-defined]  # every table model has it
_FIND = (
    select(
        _KEYS.c.id,
        _KEYS.c.store_id,
        _KEYS.c.key_mark,
        _KEYS.c.revoked_at,
        _KEYS.c.last_used_at,
        _STORES.c.time_zone,
        _STORES.c.default_expires_days,
        _STORES.c.customer_types,
        _STORES.c.debt_policy,
    )
    .join(_STORES, _STORES.c.id == _KEYS.c.store_id)
    .where(_KEYS.c.key_mark == bindparam("mark"))
)


def _note_use(services: Services, key_id: int, now: datetime) -> None:
    was_long_ago = is_due(col(ApiKeyRow.last_used_at), now, every=USE_NOTED_EVERY)
    with services.database.writing() as session:
        session.execute(update(ApiKeyRow).where(col(ApiKeyRow.id) == key_id, was_long_ago).values(last_used_at=now))
