"""Find a store whose customers see their points on our own pages."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.db.stores import brand_of, find_store_by_slug, is_served
from app.db.tables import StoreRow
from app.domain.brand import Brand
from app.domain.order_link import wallet_link
from app.errors import NoWallet
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class WalletStore:
    """A store with a wallet. Days and times are told in `zone`."""

    store_id: int
    slug: str
    brand: Brand
    zone: ZoneInfo


def find_wallet(services: Services, slug: str) -> WalletStore:
    """Find a store with a wallet by its name.

    Raises NoWallet when there is no such store, or its wallet is off.
    """
    with services.database.reading() as session:
        store = find_store_by_slug(session, slug)
    if store is None or not has_wallet(store):
        raise NoWallet
    return WalletStore(store.id or 0, store.slug, brand_of(store), ZoneInfo(store.time_zone))


def has_wallet(store: StoreRow) -> bool:
    """Tell whether a store's customers can open their wallet."""
    return store.hosted_wallet and is_served(store)


def link_to_wallet(services: Services, store: StoreRow) -> str | None:
    """Give the address of a store's wallet; None where it is off."""
    return wallet_link(services.claim_url_base, store.slug) if has_wallet(store) else None
