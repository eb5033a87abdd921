"""Notices that customers had of points that run out."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from app.db.bulk import IsIn, insert_rows
from app.db.tables import PointsNoticeRow
from app.domain.ending_notices import EndingLot, GivenNotice


def given_notices(session: Session, lots: Iterable[EndingLot]) -> set[GivenNotice]:
    """Give the notices that customers had of lots."""
    origins = list({lot.origin for lot in lots})
    query = select(PointsNoticeRow).where(IsIn(col(PointsNoticeRow.origin_id), "origins", origins))
    return {GivenNotice(row.origin_id, row.ends, row.days) for row in session.exec(query)}


def write_notices(session: Session, notices: Iterable[GivenNotice], mail_reference: UUID, now: datetime) -> None:
    """Write that a mail gave notices. The database refuses one that was given before."""
    rows = [
        {"origin_id": origin, "ends": ends, "days": days, "told_at": now, "mail_reference": mail_reference}
        for origin, ends, days in sorted(notices)
    ]
    insert_rows(session, PointsNoticeRow, rows)
