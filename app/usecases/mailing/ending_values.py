"""What a mail about points that run out is about, and what it says: what is true when it goes, not when it was written."""

from collections import defaultdict
from datetime import date, datetime

from sqlmodel import Session, col, select

from app.db.ending_lots import ending_lots
from app.db.keys import key_in
from app.db.tables import PointsCustomerRow, StoreRow
from app.domain.days import last_day
from app.domain.order_link import wallet_link
from app.usecases.services import Services


def about_customer(customer_id: int, day: date) -> str:
    """Name what a mail is about: one customer has one such mail a day."""
    return f"{customer_id} {day}"


def customer_of(about: str) -> int:
    """Give the customer whom a mail is about."""
    return int(about.split(maxsplit=1)[0])


def values_of_ending(
    session: Session, services: Services, store: StoreRow, email: str, until: object
) -> dict[str, object] | None:
    """Give what a customer's mail says of points that run out until a moment; None where none do any more."""
    if not isinstance(until, str):
        return None
    is_theirs = (PointsCustomerRow.store_id == store.id, PointsCustomerRow.email_key == key_in(session, email))
    customer_ids = [id_ or 0 for id_ in session.exec(select(col(PointsCustomerRow.id)).where(*is_theirs))]
    lots = ending_lots(session, store.id or 0, customer_ids, services.clock(), datetime.fromisoformat(until))
    points = defaultdict[date, int](int)
    for lot in sorted(lots, key=lambda lot: lot.ends):
        points[last_day(lot.ends, store.time_zone)] += lot.points
    if not points:
        return None
    return {
        "points": sum(points.values()),
        "days": [{"day": day.isoformat(), "points": number} for day, number in points.items()],
        "link": wallet_link(services.claim_url_base, store.slug) if store.hosted_wallet else None,
    }
