"""Count what staff change by hand, and hold it within the store's limits."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from app.db.dialects import insert_into
from app.db.staff_users import addresses_of_staff
from app.db.tables import StaffDayRow, StoreRow
from app.db.tallies import today
from app.domain.staff_limits import Limit


@dataclass(frozen=True, slots=True)
class Counted:
    """A change that is within the limits: the day on which it counts, and the limit of one change; None: there is none."""

    day: date
    points_max: int | None


def count_change(session: Session, store: StoreRow, points: int, who: str, now: datetime) -> Counted | Limit:
    """Count a change towards its maker's day, or give the limit that it would exceed. Then nothing is counted."""
    return count_changes(session, store, abs(points), who, now, largest=abs(points))


def count_changes(session: Session, store: StoreRow, size: int, who: str, now: datetime, *, largest: int) -> Counted | Limit:
    """Count changes of `size` points together, of which the largest has `largest`; or give the limit that they would exceed.

    The sum is checked by the statement that raises it: of two changes at once, the second waits for the first and sees its sum.
    """
    if store.staff_change_max is not None and largest > store.staff_change_max:
        return Limit.CHANGE
    day = today(store, now)
    before = _under_other_addresses(session, store, who, day)
    if store.staff_day_max is not None and size + before > store.staff_day_max:
        return Limit.DAY
    new: Any = insert_into(session.get_bind().dialect.name, StaffDayRow)
    sum_after = col(StaffDayRow.points) + new.excluded.points
    counting = (
        new.values(store_id=store.id, made_by=who, day=day, points=size, points_max=store.staff_day_max)
        .on_conflict_do_update(
            index_elements=["store_id", "made_by", "day"],
            set_={"points": sum_after, "points_max": new.excluded.points_max},
            where=or_(new.excluded.points_max.is_(None), sum_after + before <= new.excluded.points_max),
        )
        .returning(col(StaffDayRow.points))
    )
    is_counted = session.execute(counting).first() is not None
    return Counted(day, store.staff_change_max) if is_counted else Limit.DAY


def _under_other_addresses(session: Session, store: StoreRow, who: str, day: date) -> int:
    """Give how many points the same person changed on that day under earlier addresses."""
    others = addresses_of_staff(session, store.id or 0, who) - {who}
    theirs = (StaffDayRow.store_id == store.id, StaffDayRow.day == day, col(StaffDayRow.made_by).in_(others))
    return int(session.exec(select(func.coalesce(func.sum(col(StaffDayRow.points)), 0)).where(*theirs)).one()) if others else 0
