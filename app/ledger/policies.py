"""A store's policies of when points run out, as the ledger uses them."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from app.db.points_policies import as_policy
from app.db.tables import PointsPolicyRow, StoreRow
from app.domain.days import end_of_nth_day
from app.domain.expiry_policy import GRACE_DAYS, ExpiryPolicy, PolicyKind


class Policies(NamedTuple):
    """All versions of a store's policy by id, and the id of the one by which points run out now; None if they do not."""

    by_id: Mapping[int, ExpiryPolicy]
    current_id: int | None
    time_zone: str

    def ends_of(self, policy_id: int | None, ends: datetime | None, active_at: datetime | None) -> datetime:
        """Give the moment at which a lot runs out: its own, or the one that follows from when its customer was last active."""
        if ends is not None:
            return ends
        if policy_id is None or active_at is None:
            raise RuntimeError("a lot without a day")
        return self.by_id[policy_id].ends_when_inactive(active_at)

    def grace_of(self, policy_id: int | None, now: datetime) -> datetime:
        """Give the moment until which points can be used that come back now, after their day."""
        if policy_id is not None:
            return self.by_id[policy_id].grace_ends(now)
        return end_of_nth_day(now, GRACE_DAYS, self.time_zone)


def policies_of(session: Session, store_id: int) -> Policies:
    """Load all versions of a store's policy."""
    of_store = select(PointsPolicyRow).where(col(PointsPolicyRow.store_id) == store_id).order_by(col(PointsPolicyRow.id))
    rows = session.scalars(of_store).all()
    newest = rows[-1] if rows else None
    return Policies(
        {row.id or 0: as_policy(row) for row in rows},
        newest.id if newest is not None and newest.kind != PolicyKind.NEVER else None,
        session.get_one(StoreRow, store_id).time_zone,
    )
