"""Who opens a wallet: the store, the customer who is signed in, and whether a form is one of theirs."""

import re
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from flask import Blueprint, redirect, request
from werkzeug import Response as BaseResponse
from werkzeug.exceptions import Forbidden

from app.domain.signing_in import CODE_LASTS, SESSION_LASTS
from app.errors import NoWallet
from app.sealing import fingerprint
from app.usecases.confirmed_shoppers import SignedIn
from app.usecases.services import Services
from app.usecases.shoppers.find_wallet import WalletStore, find_wallet
from app.usecases.shoppers.wallet_sessions import find_session, is_fresh
from app.web.limiting import RequestLimiter
from app.web.same_site import refuse_cross_site
from app.web.shoppers.page_setup import SEE_OTHER, guarded

Answer = TypeVar("Answer", bound=BaseResponse)

_SLUG = re.compile(r"[a-z0-9-]{1,64}")
_SECRET = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class WalletLimits:
    """How often may be asked.

    In all by one address; for mails by one address and in one store; for digits by one address; for all data by one customer.
    """

    per_address: RequestLimiter
    mails_per_address: RequestLimiter
    mails_per_store: RequestLimiter
    digits_per_address: RequestLimiter
    data_per_customer: RequestLimiter

    REQUESTS = "120/minute"
    MAILS = "10/minute"
    MAILS_IN_STORE = "120/minute"
    DIGITS = "20/minute"
    # It reads all that is kept of a customer.
    DATA = "6/minute"


class Visit(NamedTuple):
    """A customer in the wallet of a store. `form_token` stands in each form of theirs, and in nobody else's."""

    store: WalletStore
    shopper: SignedIn
    form_token: str


class NotSignedIn(Exception):
    """Nobody is signed in: the page to sign in comes first."""


class WalletAccess:
    """Finds out who asks, and keeps it in cookies: one for each store, and for our own pages only."""

    def __init__(self, services: Services, limits: WalletLimits, *, own_urls: tuple[str, ...], is_secure: bool) -> None:
        self._services = services
        self.limits = limits
        self._own_urls = own_urls
        self._is_secure = is_secure

    def store(self, slug: str) -> WalletStore:
        """Find the store, unless this address asks too often.

        Raises NoWallet and TooManyRequests.
        """
        self.limits.per_address.check()
        if not _SLUG.fullmatch(slug):
            raise NoWallet
        return find_wallet(self._services, slug)

    def visit(self, store: WalletStore) -> Visit | None:
        """Tell who is signed in here; None where nobody is."""
        token = self._kept(self._session_name(store))
        shopper = None if token is None else find_session(self._services, store, token)
        if token is None or shopper is None:
            return None
        return Visit(store, shopper, self._services.sealer.keyed_mark(_form_of(token)))

    def enter(self, slug: str) -> Visit:
        """Let in who is signed in.

        Raises NotSignedIn where nobody is, NoWallet and TooManyRequests.
        """
        found = self.visit(self.store(slug))
        if found is None:
            raise NotSignedIn
        return found

    def act(self, slug: str) -> Visit:
        """Let in who sent a form of their own pages.

        Raises Forbidden for a form of any other page, and as `enter` does.
        """
        self.refuse_other_sites()
        found = self.enter(slug)
        token = self.session_token(found.store) or ""
        if not self._services.sealer.is_marked(_form_of(token), request.form.get("form", "")):
            raise Forbidden
        return found

    def is_fresh(self, store: WalletStore) -> bool:
        """Tell whether whoever is signed in did so just now."""
        return is_fresh(self._services, store, self.session_token(store) or "")

    def refuse_other_sites(self) -> None:
        """Raise Forbidden for what another site's page sent."""
        refuse_cross_site(self._own_urls)

    def session_token(self, store: WalletStore) -> str | None:
        """Give the token of this browser's session."""
        return self._kept(self._session_name(store))

    def asked_by(self, store: WalletStore) -> str | None:
        """Give what this browser was given when it asked for a code."""
        return self._kept(self._asked_name(store))

    def keep_session(self, answer: Answer, store: WalletStore, token: str) -> Answer:
        """Let the browser keep a session."""
        self._keep(answer, self._session_name(store), token, int(SESSION_LASTS.total_seconds()), same_site="Lax")
        return self._drop(answer, self._asked_name(store))

    def keep_asked(self, answer: Answer, store: WalletStore, browser: str) -> Answer:
        """Let the browser keep what its code is bound to."""
        return self._keep(answer, self._asked_name(store), browser, int(CODE_LASTS.total_seconds()), same_site="Strict")

    def drop_session(self, answer: Answer, store: WalletStore) -> Answer:
        """Let the browser forget a session."""
        return self._drop(answer, self._session_name(store))

    def _session_name(self, store: WalletStore) -> str:
        return f"{self._prefix}wallet-{store.slug}"

    def _asked_name(self, store: WalletStore) -> str:
        return f"{self._prefix}asked-wallet-{store.slug}"

    @property
    def _prefix(self) -> str:
        """Browsers take a cookie of this name only over HTTPS and from this very host: no other host of the domain plants one."""
        return "__Host-" if self._is_secure else ""

    def _kept(self, name: str) -> str | None:
        value = request.cookies.get(name, "")
        return value if _SECRET.fullmatch(value) else None

    def _keep(self, answer: Answer, name: str, value: str, seconds: int, *, same_site: str) -> Answer:
        answer.set_cookie(name, value, max_age=seconds, path="/", secure=self._is_secure, httponly=True, samesite=same_site)
        return answer

    def _drop(self, answer: Answer, name: str) -> Answer:
        answer.delete_cookie(name, path="/", secure=self._is_secure, httponly=True, samesite="Lax")
        return answer


def lead_to(slug: str, path: str = "") -> BaseResponse:
    """Lead to a page of the wallet by GET: a page that answers a POST cannot be gone back to."""
    return guarded(redirect(f"{wallet_root(slug)}{path}", code=SEE_OTHER))


def wallet_root(slug: str) -> str:
    """Give the address of the wallet's first page, as seen from this one: a proxy may put all pages under a path."""
    return "../" * (request.path.count("/") - 2) + slug


def send_to_sign_in(routes: Blueprint) -> None:
    """Answer whoever is not signed in with the page to do so."""

    @routes.errorhandler(NotSignedIn)
    def sign_in_first(_error: NotSignedIn) -> BaseResponse:
        return lead_to((request.view_args or {})["slug"])


def _form_of(token: str) -> str:
    return f"form {fingerprint(token)}"
