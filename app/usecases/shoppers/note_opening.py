"""Note when a claim's page was opened for the first time."""

from datetime import datetime

import structlog
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from sqlmodel import col

from app.db.engine import Database
from app.db.tables import PointsClaimRow

log = structlog.get_logger()


def note_opening(database: Database, token_mark: str, now: datetime) -> None:
    """Note the first opening of a claim. A database that takes no writes does not keep the page from being shown."""
    first = update(PointsClaimRow).where(col(PointsClaimRow.token_mark) == token_mark, col(PointsClaimRow.opened_at).is_(None))
    try:
        with database.writing(durable=False) as session:
            session.execute(first.values(opened_at=now))
    except DBAPIError as error:
        log.warning("opening of a claim not noted", kind=type(error.orig).__name__)
