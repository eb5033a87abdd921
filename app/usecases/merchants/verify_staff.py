"""Verify a staff user of the Dashboard: that an installed store's Saleor made the token, for this app and this user."""

from dataclasses import dataclass
from datetime import datetime

from app.db.stores import find_store, is_served
from app.db.tables import StoreRow
from app.errors import TokenRefused, UnknownStore
from app.saleor.api_urls import dashboard_origin
from app.saleor.signature import KeyNotKnown
from app.saleor.tokens import StaffToken, read_staff_token
from app.usecases.operating.signing_keys import newer_jwks
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class Staff:
    """A staff user who was verified, and the store whose Dashboard they sit at.

    `user_permissions` are all that the user has in Saleor. `user_id` is Saleor's id of the user, which stays when the address
    changes. `email` goes with what they do; it never reaches a log.
    `dashboard_url` is the store's Dashboard; until one is learned, it is the one that this request names.
    `dashboard_learnable` is an address that would be learned from this request, if it is allowed.
    """

    store_id: int
    store_slug: str
    app_id: str
    dashboard_url: str | None
    dashboard_learnable: str | None
    time_zone: str
    email: str
    user_id: str
    user_permissions: frozenset[str]


def verify_staff(services: Services, *, api_url: str, token: str, dashboard_url: str | None, now: datetime) -> Staff:
    """Verify a token by the keys of the installed store that it names.

    Raises UnknownStore or TokenRefused, Unavailable when a later attempt may pass.
    """
    with services.database.reading() as session:
        store = find_store(session, api_url)
    if store is None or not is_served(store) or store.id is None or store.app_id is None:
        raise UnknownStore("This Saleor has not installed Saleor Points here, or has removed it.")
    told = _read(services, store, store.app_id, token, now)
    learnable = _learnable(store.dashboard_url, dashboard_url)
    return Staff(
        store_id=store.id,
        store_slug=store.slug,
        app_id=store.app_id,
        dashboard_url=store.dashboard_url or learnable,
        dashboard_learnable=learnable,
        time_zone=store.time_zone,
        email=told.email,
        user_id=told.user_id,
        user_permissions=told.permissions,
    )


def _read(services: Services, store: StoreRow, app_id: str, token: str, now: datetime) -> StaffToken:
    known = store.jwks or '{"keys": []}'
    issuer = store.saleor_api_url or ""
    try:
        return read_staff_token(token, known, issuer=issuer, app_id=app_id, now=now)
    except KeyNotKnown as unknown:
        jwks = newer_jwks(services, store, now)
        if jwks == known:
            raise TokenRefused(unknown.message) from None
    try:
        return read_staff_token(token, jwks, issuer=issuer, app_id=app_id, now=now)
    except KeyNotKnown as unknown:
        raise TokenRefused(unknown.message) from None


def _learnable(known: str | None, told: str | None) -> str | None:
    """Give the Dashboard's address that a request tells, if it is to be learned: the first one, or later one with a mount path.

    Another origin does not replace the known one: staff forget that in the settings, or the operator sets DASHBOARD_URLS.
    """
    if told is None or told == known or dashboard_origin(told) is None:
        return None
    if known is not None and (dashboard_origin(known) != dashboard_origin(told) or not told.startswith(known)):
        return None
    return told
