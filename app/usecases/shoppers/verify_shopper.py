"""Verify a signed-in shopper: that an installed store's Saleor made the token, and that it still stands for them.

The token's signature is checked first, which costs nothing outside. Only what Saleor signed is asked about there, once in five
minutes: whether the account is confirmed and active. The customer is who Saleor names then, and no argument of a request.
"""

from dataclasses import dataclass
from datetime import datetime

from app.db.stores import find_store_by_slug, is_served, storefront_origins_of
from app.db.tables import StoreRow
from app.errors import NoStorefront, NotConfirmed, TokenRefused
from app.saleor.signature import KeyNotKnown
from app.saleor.tokens import LEEWAY, ShopperToken, read_shopper_token
from app.sealing import fingerprint
from app.usecases.confirmed_shoppers import SignedIn
from app.usecases.operating.signing_keys import newer_jwks
from app.usecases.services import Services

_NO_KEYS = '{"keys": []}'


@dataclass(frozen=True, slots=True)
class Storefront:
    """A store whose storefronts are served. `origins` are those of pages that may ask from a browser."""

    store: StoreRow
    origins: tuple[str, ...]

    @property
    def store_id(self) -> int:
        return self.store.id or 0


def find_storefront(services: Services, slug: str) -> Storefront:
    """Find a store that serves storefronts.

    Raises NoStorefront when there is no such store, or it does not.
    """
    with services.database.reading() as session:
        store = find_store_by_slug(session, slug)
    if store is None or store.id is None or not store.storefront_api or not is_served(store):
        raise NoStorefront
    return Storefront(store, storefront_origins_of(store))


def read_token(services: Services, storefront: Storefront, token: str, now: datetime) -> ShopperToken:
    """Check that the store's Saleor signed a token for a customer, and that it is not over.

    Raises TokenRefused, Unavailable when a later attempt may pass.
    """
    store = storefront.store
    known, issuer = store.jwks or _NO_KEYS, store.saleor_api_url or ""
    try:
        return read_shopper_token(token, known, issuer=issuer, now=now)
    except KeyNotKnown as unknown:
        jwks = newer_jwks(services, store, now)
        if jwks == known:
            raise TokenRefused(unknown.message) from None
    try:
        return read_shopper_token(token, jwks, issuer=issuer, now=now)
    except KeyNotKnown as unknown:
        raise TokenRefused(unknown.message) from None


def confirm_shopper(services: Services, storefront: Storefront, token: str, told: ShopperToken, now: datetime) -> SignedIn:
    """Tell who the shopper is, by what Saleor said of this very token within the last five minutes, or says now.

    Raises TokenRefused or NotConfirmed, Unavailable when a later attempt may pass.
    """
    mark = fingerprint(f"{storefront.store_id} {token}")
    known = services.confirmed_shoppers.get(mark, now)
    if known is not None:
        return known
    api_url = storefront.store.saleor_api_url or ""
    with services.bulkheads.shoppers.place(api_url):
        holder = services.saleor.shoppers.account_of(api_url, token)
    if holder is None or holder.id != told.user_id or not holder.is_active or holder.is_staff or not holder.email.strip():
        raise TokenRefused("Saleor does not take this token for a customer's.")
    if not holder.is_confirmed:
        raise NotConfirmed
    shopper = SignedIn(storefront.store_id, storefront.store.slug, holder.id, holder.email.strip())
    services.confirmed_shoppers.add(mark, shopper, now, ends_at=told.ends_at + LEEWAY)
    return shopper
