"""Take a batch of one store's spends whose time has come, under a lease."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import update
from sqlmodel import Session, col, select

from app.db.moment_conditions import is_free
from app.db.queue import LEASE, LEASE_LONGEST
from app.db.spend_values import open_spends
from app.db.tables import SpendRow, StoreRow
from app.domain.retry import PAUSE_LONGEST
from app.domain.spend_steps import OpenSpend
from app.domain.spending import SpendStage
from app.domain.store import StoreState
from app.usecases.services import Services

BATCH = 100


@dataclass(frozen=True, slots=True)
class SpendBatch:
    """Spends of one store, by id, as they were when they were taken."""

    store: StoreRow
    token: str
    lease_token: str
    spends: Mapping[int, OpenSpend]
    transactions: Mapping[int, str]


def take_spends(services: Services) -> SpendBatch | None:
    """Take up to 100 spends; None when nothing waits. Those that Saleor was told of as taken are marked as being checked."""
    now, lease_token = services.clock(), uuid4().hex
    with services.database.writing() as session:
        store = session.exec(_store_with_work(now)).first()
        if store is None or store.id is None or store.token_sealed is None:
            return None
        ids = session.exec(
            select(SpendRow.id)
            .where(SpendRow.store_id == store.id, *_is_waiting(now))
            .order_by(col(SpendRow.look_at), col(SpendRow.id))
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        _lease(session, ids, lease_token, now)
        rows = session.exec(select(SpendRow).where(col(SpendRow.lease_token) == lease_token)).all()
        spends = open_spends(session, rows)
    token = services.sealer.open(store.token_sealed)
    return SpendBatch(store, token, lease_token, spends, {row.id or 0: row.saleor_transaction_id for row in rows})


def held_spends(session: Session, lease_token: str, ids: Collection[int], now: datetime) -> list[SpendRow]:
    """Lock the spends that are still the holder's, by id, and keep them for a while longer."""
    query = (
        select(SpendRow)
        .where(col(SpendRow.id).in_(ids), col(SpendRow.lease_token) == lease_token)
        .order_by(col(SpendRow.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    held = list(session.exec(query))
    for row in held:
        row.lease_until = now + LEASE
    return held


def release(session: Session, spend: SpendRow, look_at: datetime | None) -> None:
    """Give a spend back, with the time of its next look."""
    spend.lease_token = spend.lease_until = None
    spend.look_at = look_at
    session.add(spend)


def _lease(session: Session, ids: Collection[int | None], lease_token: str, now: datetime) -> None:
    chosen = update(SpendRow).where(col(SpendRow.id).in_(ids))
    session.execute(chosen.values(lease_token=lease_token, lease_until=now + LEASE))
    session.execute(chosen.where(col(SpendRow.stage) == SpendStage.TAKEN).values(stage=SpendStage.CHECKING))


def _is_waiting(now: datetime) -> tuple[Any, ...]:
    return (
        col(SpendRow.look_at).is_not(None),
        col(SpendRow.look_at) <= now,
        is_free(col(SpendRow.lease_until), now, now + LEASE_LONGEST),
        # The account has not answered yet: whoever asked it goes on with these.
        col(SpendRow.stage) != SpendStage.ASKED,
    )


def _store_with_work(now: datetime) -> Any:
    """Choose the store whose spend has waited longest, of those whose Saleor is asked at present."""
    return (
        select(StoreRow)
        .join(SpendRow, col(SpendRow.store_id) == col(StoreRow.id))
        .where(
            StoreRow.state == StoreState.ACTIVE,
            col(StoreRow.token_sealed).is_not(None),
            is_free(col(StoreRow.paused_until), now, now + PAUSE_LONGEST),
            *_is_waiting(now),
        )
        .order_by(col(SpendRow.look_at))
        .limit(1)
    )
