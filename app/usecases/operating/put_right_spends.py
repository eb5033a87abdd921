"""Put right the moments of payments by points that a clock which was ahead has written.

A payment is confirmed two minutes after Saleor was answered. If a clock wrote that this was tomorrow, nobody would look before.
Saleor may still be about to book it. So it counts as answered now, and is looked at two minutes later, as any other.
"""

from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import and_, case, or_, update
from sqlmodel import col, select

from app.db.bulk import IsIn
from app.db.tables import SpendReturnRow, SpendRow
from app.db.tables.spend_return import RETURN_IS_OWED
from app.domain.moments import CLOCKS_AGREE_WITHIN
from app.domain.retry import PAUSE_LONGEST, SHORTFALL_EVERY
from app.domain.spend_steps import CONFIRM_AFTER, STUCK_LOOK
from app.domain.spending import SpendStage
from app.usecases.services import Services

log = structlog.get_logger()

# So many are put right in one transaction; the others in the next rounds.
ROWS_MAX = 500
_MOMENTS: tuple[Any, ...] = (
    SpendRow.asked_at,
    SpendRow.taken_at,
    SpendRow.answered_at,
    SpendRow.confirmed_at,
    SpendRow.overcharged_since,
)


def put_right_spends(services: Services) -> None:
    """Let no payment that is to be looked at have a moment that lies ahead of us, nor wait longer than one of its kind can."""
    now = services.clock()
    with services.database.reading() as session:
        ids = session.exec(select(SpendRow.id).where(*_waits_too_long(now)).limit(ROWS_MAX)).all()
    if not ids:
        return
    look_at = col(SpendRow.look_at)
    put_right = {moment.key: case((moment > now, now), else_=moment) for moment in _MOMENTS}
    put_right["look_at"] = case((look_at > now + CONFIRM_AFTER, now + CONFIRM_AFTER), else_=look_at)
    is_wrong = (IsIn(col(SpendRow.id), "ids", ids), *_waits_too_long(now))
    with services.database.writing() as session:
        session.execute(update(SpendRow).where(*is_wrong).values(put_right).execution_options(synchronize_session=False))
    log.warning("moments of payments put right", spends=len(ids))


def _waits_too_long(now: datetime) -> tuple[Any, ...]:
    just_ahead, look_at = now + CLOCKS_AGREE_WITHIN, col(SpendRow.look_at)
    # It waits for its checkout to be completed, for as many hours as its rule says. These count from when it was taken.
    is_held = and_(col(SpendRow.stage) == SpendStage.CONFIRMED, col(SpendRow.failures) == 0)
    needs_a_person = col(SpendRow.problem_code).is_not(None)
    # What is to be taken again is looked for after hours, days and weeks.
    has_debt = col(SpendRow.id).in_(select(SpendReturnRow.spend_id).where(RETURN_IS_OWED))
    return (
        look_at > now,
        or_(
            *(moment > just_ahead for moment in _MOMENTS),
            and_(look_at > now + PAUSE_LONGEST, ~is_held, ~needs_a_person, ~has_debt),
            and_(look_at > just_ahead + SHORTFALL_EVERY, has_debt),
            and_(look_at > just_ahead + STUCK_LOOK, needs_a_person),
        ),
    )
