"""Take a batch of one store's redemptions whose time has come, under a lease."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import or_
from sqlmodel import Session, col, select

from app.db.moment_conditions import is_free
from app.db.queue import LEASE, LEASE_LONGEST
from app.db.stored_rewards import amount_of, lock_redemptions, terms_of
from app.db.tables import RedemptionRow, StoreRow
from app.domain.redemptions import RedemptionStage, last_day_of_code
from app.domain.retry import PAUSE_LONGEST
from app.domain.rewards import RewardTerms
from app.domain.store import StoreState
from app.saleor.code_calls import NewCard
from app.usecases.services import Services

BATCH = 10
# The next look is at most a day ahead. A clock that was ahead has written one that is further.
LOOK_LONGEST = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class TakenRedemption:
    """A redemption as it was when it was taken. `asked_before` is when Saleor was asked for its code without an answer."""

    id: int
    reference: UUID
    stage: RedemptionStage
    terms: RewardTerms
    card: NewCard
    saleor_id: str | None
    since: datetime
    asked_before: datetime | None
    blocked_at: datetime | None
    look_at: datetime | None

    @property
    def code(self) -> str:
        return self.card.code


@dataclass(frozen=True, slots=True)
class RedemptionBatch:
    """Redemptions of one store, and how its Saleor is asked."""

    store: StoreRow
    token: str
    lease_token: str
    redemptions: Sequence[TakenRedemption]

    @property
    def api_url(self) -> str:
        return self.store.saleor_api_url or ""


def take_redemptions(services: Services, *, only: UUID | None = None) -> RedemptionBatch | None:
    """Take up to ten redemptions, or only the one that is named; None when nothing waits.

    Those whose code is to be made are marked as asked for, before Saleor is: a worker that dies must not look as if it had not.
    """
    now, lease_token = services.clock(), uuid4().hex
    wanted = (*_is_waiting(now), RedemptionRow.reference == only) if only is not None else _is_waiting(now)
    with services.database.writing() as session:
        store = session.exec(_store_with_work(now, wanted)).first()
        if store is None or store.token_sealed is None:
            return None
        query = select(RedemptionRow.id).where(RedemptionRow.store_id == store.id, *wanted)
        ids = session.exec(query.order_by(col(RedemptionRow.look_at), col(RedemptionRow.id)).limit(BATCH)).all()
        rows = [row for row in lock_redemptions(session, ids) if row.look_at is not None and _is_unleased(row, now)]
        taken = []
        for row in rows:
            taken.append(_taken(services, session, row, now))
            row.lease_token, row.lease_until = lease_token, now + LEASE
            if row.stage == RedemptionStage.TAKEN:
                row.lost_at = now
    return RedemptionBatch(store, services.sealer.open(store.token_sealed), lease_token, taken)


def held_redemption(session: Session, batch: RedemptionBatch, redemption_id: int) -> RedemptionRow | None:
    """Lock a redemption that is still the holder's; None where another has it by now."""
    rows = lock_redemptions(session, [redemption_id])
    return rows[0] if rows and rows[0].lease_token == batch.lease_token else None


def let_go(redemption: RedemptionRow, look_at: datetime | None) -> None:
    """Give a redemption back, with the time of its next look."""
    redemption.lease_token = redemption.lease_until = None
    redemption.look_at = look_at


def _taken(services: Services, session: Session, row: RedemptionRow, now: datetime) -> TakenRedemption:
    terms = terms_of(session, [row.version_id])[0]
    # Moments that a clock wrote which was ahead count as now.
    row.lost_at, row.blocked_at = _at_most(row.lost_at, now), _at_most(row.blocked_at, now)
    since = row.taken_at or row.asked_at
    card = NewCard(
        code=services.sealer.open(row.code_sealed),
        amount=amount_of(row),
        currency=row.currency,
        ends_on=last_day_of_code(since, terms.days_valid),
        assigned_to=row.email,
        note=f"Saleor Points: {terms.name}, {row.points} points.",
    )
    stage = RedemptionStage(row.stage)
    return TakenRedemption(
        row.id or 0, row.reference, stage, terms, card, row.saleor_id, since, row.lost_at, row.blocked_at, row.look_at
    )


def _at_most(moment: datetime | None, now: datetime) -> datetime | None:
    return None if moment is None else min(moment, now)


def _is_unleased(row: RedemptionRow, now: datetime) -> bool:
    return row.lease_until is None or not now < row.lease_until <= now + LEASE_LONGEST


def _is_waiting(now: datetime) -> tuple[Any, ...]:
    look_at = col(RedemptionRow.look_at)
    return (
        look_at.is_not(None),
        or_(look_at <= now, look_at > now + LOOK_LONGEST),
        is_free(col(RedemptionRow.lease_until), now, now + LEASE_LONGEST),
        # The account has not answered yet: whoever asked it goes on with these.
        col(RedemptionRow.stage) != RedemptionStage.ASKED,
    )


def _store_with_work(now: datetime, wanted: Sequence[Any]) -> Any:
    """Choose the store whose redemption has waited longest, of those whose Saleor is asked at present."""
    return (
        select(StoreRow)
        .join(RedemptionRow, col(RedemptionRow.store_id) == col(StoreRow.id))
        .where(
            StoreRow.state == StoreState.ACTIVE,
            col(StoreRow.token_sealed).is_not(None),
            is_free(col(StoreRow.paused_until), now, now + PAUSE_LONGEST),
            *wanted,
        )
        .order_by(col(RedemptionRow.look_at))
        .limit(1)
    )
