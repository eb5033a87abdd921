"""Find where a store's Dashboard is, before anybody is verified: it may frame the merchant's pages."""

from app.db.stores import find_store
from app.usecases.services import Services


def find_dashboard(services: Services, api_url: str) -> str | None:
    """Give the address of a store's Dashboard; None where no store has this API URL, or nobody has opened a page yet."""
    with services.database.reading() as session:
        store = find_store(session, api_url)
    return store.dashboard_url if store is not None else None
