"""Put right the moments of open movements that a clock which was ahead has written.

An INSTANT whose answer was lost is looked at some minutes after it was sent. If a clock wrote that it was sent tomorrow, nobody
would look before. It cannot be taken for old either: it may still be under way. So it counts as sent now, and waits as any other.
"""

from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import case, or_, update
from sqlmodel import col, select

from app.db.bulk import IsIn
from app.db.tables import MovementRow
from app.db.tables.movement import OPEN_ONES
from app.domain.moments import CLOCKS_AGREE_WITHIN
from app.domain.retry import PAUSE_LONGEST
from app.usecases.services import Services

log = structlog.get_logger()

_MOMENTS: tuple[Any, ...] = (MovementRow.planned_at, MovementRow.sent_at, MovementRow.looked_at)


def put_right_moments(services: Services) -> None:
    """Let no open movement have a moment that lies ahead of us, nor a next look later than the longest pause."""
    now = services.clock()
    with services.database.reading() as session:
        ids = [id_ for are_open in OPEN_ONES for id_ in session.exec(select(MovementRow.id).where(are_open, _is_ahead(now)))]
    if not ids:
        return
    put_right = {moment.key: case((moment > now, now), else_=moment) for moment in (*_MOMENTS, col(MovementRow.look_at))}
    with services.database.writing() as session:
        for are_open in OPEN_ONES:
            is_wrong = (IsIn(col(MovementRow.id), "ids", ids), are_open, _is_ahead(now))
            session.execute(update(MovementRow).where(*is_wrong).values(put_right).execution_options(synchronize_session=False))
    log.warning("moments put right", movements=len(ids))


def _is_ahead(now: datetime) -> Any:
    just_ahead = now + CLOCKS_AGREE_WITHIN
    return or_(*(moment > just_ahead for moment in _MOMENTS), col(MovementRow.look_at) > now + PAUSE_LONGEST)
