"""When the claim links of an order were first opened."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from app.db.tables import ClaimRow, PointsClaimRow


def first_openings(session: Session, claims: Sequence[ClaimRow]) -> Mapping[UUID, datetime]:
    """Find when claims were first opened, by their ids. One that was not opened is missing.

    An embedded claim's page notes it. Of a claim elsewhere only the moment is known at which its link was given out.
    """
    of_marks = {claim.token_mark: claim.id for claim in claims}
    query = select(PointsClaimRow.token_mark, PointsClaimRow.opened_at).where(col(PointsClaimRow.token_mark).in_(of_marks))
    opened = {of_marks[mark]: opened_at for mark, opened_at in session.exec(query) if opened_at is not None}
    return {claim.id: claim.shown_at for claim in claims if claim.shown_at is not None} | opened
