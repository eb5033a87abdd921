"""Show a test claim as the page of a claim."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from app.db.stores import brand_of
from app.db.tables import StoreRow
from app.domain.brand import Brand
from app.domain.claim import ClaimState
from app.usecases.services import Services
from app.usecases.shoppers.claim_points import ClaimView
from app.usecases.test_links import LASTS, TestClaim


def view_test(services: Services, test: TestClaim, *, is_pressed: bool) -> ClaimView | None:
    """Show a test as the page of a claim; None where its store is gone. Changes nothing."""
    with services.database.reading() as session:
        store = session.get(StoreRow, test.store_id)
    if store is None:
        return None
    made_at, zone = datetime.fromisoformat(test.made_at), ZoneInfo(store.time_zone)
    brand = brand_of(store)
    if services.clock() >= made_at + LASTS:
        return ClaimView(ClaimState.EXPIRED, brand, test.points, last_day=(made_at + LASTS).astimezone(zone).date())
    if store.tests_ended_at is not None and made_at <= store.tests_ended_at:
        return ClaimView(ClaimState.VOID, brand, test.points)
    if is_pressed:
        return _taken(test, brand)
    return ClaimView(
        ClaimState.OPEN,
        brand,
        test.points,
        bound_to=test.bound_to or None,
        last_day=date.fromisoformat(test.last_day) if test.last_day else None,
    )


def _taken(test: TestClaim, brand: Brand) -> ClaimView:
    # Somebody new has just these points. Whoever may type any address learns no balance.
    balance = test.points if test.bound_to or test.begins_here else None
    return ClaimView(ClaimState.TAKEN, brand, test.points, balance=balance, is_taken_now=True)
