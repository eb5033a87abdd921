"""Find out whom the Dashboard means: it names customers by Saleor's ids, and points belong to e-mail addresses."""

from collections.abc import Sequence

from app.db.tables import StoreRow
from app.errors import Unavailable, UnknownStore
from app.usecases.services import Services


def customer_address(services: Services, store_id: int, user_id: str) -> str | None:
    """Ask the store's Saleor for a customer's address; None where there is no such customer, or none with an address.

    Raises Unavailable or SaleorRefused when Saleor does not say it.
    """
    api_url, token = _reached(services, store_id)
    with services.bulkheads.look_ups.place(api_url):
        return services.saleor.shop.customer_email(api_url, token, user_id)


def customer_addresses(services: Services, store_id: int, user_ids: Sequence[str]) -> list[str]:
    """Ask for the addresses of up to 100 customers, sorted. Whom Saleor does not know is left out.

    Raises Unavailable or SaleorRefused when Saleor does not say it.
    """
    api_url, token = _reached(services, store_id)
    with services.bulkheads.look_ups.place(api_url):
        return sorted(set(services.saleor.shop.customer_emails(api_url, token, user_ids).values()))


def _reached(services: Services, store_id: int) -> tuple[str, str]:
    with services.database.reading() as session:
        store = session.get_one(StoreRow, store_id)
    if store.saleor_api_url is None or store.token_sealed is None:
        raise UnknownStore("This Saleor has removed Saleor Points.")
    if store.failures:
        raise Unavailable("Saleor does not serve Saleor Points now. It is asked again by itself; look again later.")
    return store.saleor_api_url, services.sealer.open(store.token_sealed)
