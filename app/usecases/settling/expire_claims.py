"""Expire claims: mark those whose time is over, a bounded batch at a time, and wake their orders.

A claim cannot be taken from the moment on at which its time is over, marked or not. The mark keeps the open claims few, and
lets an order say that its points are gone.
"""

from sqlalchemy import select
from sqlmodel import col

from app.db.tables import ClaimRow
from app.db.waking import wake
from app.ledger.entries import claims_past_their_time, expire
from app.usecases.services import Services

BATCH = 200


def expire_claims(services: Services) -> bool:
    """Expire up to 200 claims, and tell whether there were any.

    Orders are woken first, and one by one: whoever dies in between leaves claims that are found again, and whoever settles
    several orders meanwhile is never waited for in a circle.
    """
    now = services.clock()
    with services.database.reading() as session:
        claims = claims_past_their_time(session, now, limit=BATCH)
        marks = [token_mark for _, token_mark in claims]
        order_ids = session.scalars(select(col(ClaimRow.order_id)).where(col(ClaimRow.token_mark).in_(marks))).all()
    if not claims:
        return False
    for order_id in order_ids:
        with services.database.writing(durable=False) as session:
            wake(session, order_id, now)
    with services.database.writing() as session:
        expire(session, [claim_id for claim_id, _ in claims], now)
    return True
