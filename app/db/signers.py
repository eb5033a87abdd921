"""Who signs a store's deliveries, kept in memory between deliveries."""

from dataclasses import dataclass

from app.db.tables import StoreRow


@dataclass(frozen=True, slots=True)
class Signer:
    """What a store's row said of its Saleor's signatures. Nothing is written on its word: see `wake_told`."""

    store_id: int
    api_url: str
    app_id: str
    jwks: str


def signer_of(store: StoreRow) -> Signer:
    """Give the signer of a store whose delivery was verified."""
    if store.id is None or store.saleor_api_url is None or store.app_id is None or store.jwks is None:
        raise RuntimeError("a verified delivery of a store without address, app or keys")
    return Signer(store.id, store.saleor_api_url, store.app_id, store.jwks)
