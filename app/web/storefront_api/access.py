"""Who asks: the store whose storefront it is, the pages that may ask, and the customer whose token came along."""

from flask import Response, g, request

from app.errors import BadRequest
from app.usecases.confirmed_shoppers import SignedIn
from app.usecases.services import Services
from app.usecases.shoppers.verify_shopper import Storefront, confirm_shopper, find_storefront, read_token
from app.web.limiting import RequestLimiter

# A browser asks once in so many seconds whether a page may ask at all.
PREFLIGHT_SECONDS = 7200
IDEMPOTENCY_KEY_MAX = 255


class Access:
    """Finds out who asks, within the limits of an address and of a customer."""

    def __init__(self, services: Services, *, per_address: RequestLimiter, per_customer: RequestLimiter) -> None:
        self._services = services
        self._per_address = per_address
        self._per_customer = per_customer

    def storefront(self, slug: str) -> Storefront:
        """Find the store, unless this address asks too often. Its pages can read the answer, whatever it is.

        Raises NoStorefront, and TooManyRequests.
        """
        found = find_storefront(self._services, slug)
        g.storefront_origins = found.origins
        self._per_address.check()
        return found

    def shopper(self, slug: str) -> SignedIn:
        """Find the customer whose token came along, unless they, or this address, ask too often.

        Raises NoStorefront, TokenRefused, NotConfirmed, TooManyRequests, Unavailable when a later attempt may pass.
        """
        found, now, token = self.storefront(slug), self._services.clock(), _token()
        told = read_token(self._services, found, token, now)
        self._per_customer.check(f"{found.store_id} {told.user_id}")
        return confirm_shopper(self._services, found, token, told, now)


def preflight(answer: Response) -> Response:
    """Say what a page of a listed origin may send."""
    answer.headers["Access-Control-Allow-Methods"] = "GET, POST, DELETE"
    answer.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, Idempotency-Key, Accept-Language"
    answer.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
    return answer


def guarded_answer(answer: Response) -> Response:
    """Let pages of the store's own origins read the answer, and nobody keep it unless it says so itself."""
    origin = request.headers.get("Origin")
    if origin is not None and origin in g.get("storefront_origins", ()):
        answer.headers["Access-Control-Allow-Origin"] = origin
        answer.headers["Access-Control-Expose-Headers"] = "Retry-After, Idempotency-Key"
    # What is public is the same for everybody.
    answer.vary.update(("Origin",) if answer.cache_control.public else ("Origin", "Authorization", "Accept-Language"))
    answer.headers.setdefault("Cache-Control", "no-store")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    if answer.status_code == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="Storefront API"'
    return answer


def idempotency_key() -> str | None:
    """Read the Idempotency-Key; None where there is none. Raises BadRequest for one that cannot stand in a header."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and (not 0 < len(key) <= IDEMPOTENCY_KEY_MAX or not key.isascii() or not key.isprintable()):
        raise BadRequest(f"An Idempotency-Key is 1 to {IDEMPOTENCY_KEY_MAX} printable ASCII characters.")
    return key


def echo_key(answer: Response) -> Response:
    """Send an Idempotency-Key back. Most calls are named by what they change: asking twice is asking once without it, too.

    Raises BadRequest for one that cannot stand in a header.
    """
    key = idempotency_key()
    if key is not None:
        answer.headers["Idempotency-Key"] = key
    return answer


def _token() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.casefold() == "bearer" else ""
