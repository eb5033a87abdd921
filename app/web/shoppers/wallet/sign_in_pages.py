"""Signing in: an address is typed, and a mail brings a code and a link. Each step is a page of its own, after a POST by GET."""

import re
from typing import Any

from flask import Blueprint, request
from werkzeug import Response as BaseResponse

from app.domain.email import is_typed_well
from app.domain.signing_in import ASKED_IN_HOUR_MAX, CODE_LASTS
from app.usecases.services import Services
from app.usecases.shoppers.ask_for_code import ask_for_code
from app.usecases.shoppers.find_wallet import WalletStore
from app.usecases.shoppers.sign_in import is_good_link, sign_in_with_digits, sign_in_with_link
from app.usecases.shoppers.wallet_sessions import sign_out
from app.web.shoppers.page_setup import shopper_page
from app.web.shoppers.speech import load_catalogues, speech_for
from app.web.shoppers.wallet.wallet_access import WalletAccess, lead_to, wallet_root

_KEY = re.compile(r"[0-9a-f]{64}")


def add_routes(routes: Blueprint, services: Services, access: WalletAccess) -> None:
    """Serve the steps."""

    @routes.post("/<slug>/sign-in")
    def ask(slug: str) -> BaseResponse:
        store = access.store(slug)
        access.refuse_other_sites()
        access.limits.mails_per_address.check()
        email = request.form.get("email", "")
        if not is_typed_well(email):
            return lead_to(slug, "?refused=address")
        return mail_code(services, access, store, email, then="/sign-in")

    @routes.get("/<slug>/sign-in")
    def enter(slug: str) -> BaseResponse:
        store = access.store(slug)
        if access.asked_by(store) is None:
            return lead_to(slug)
        return shopper_page("wallet_sign_in_code.html", brand=store.brand, here=wallet_root(slug), **about_code())

    @routes.post("/<slug>/sign-in/code")
    def check(slug: str) -> BaseResponse:
        store = access.store(slug)
        access.refuse_other_sites()
        access.limits.digits_per_address.check()
        browser = access.asked_by(store)
        if browser is None:
            return lead_to(slug)
        token = sign_in_with_digits(services, store.store_id, browser, request.form.get("code", ""))
        return lead_to(slug, "/sign-in?refused=code") if token is None else signed_in(services, access, store, token)

    _add_link(routes, services, access)


def _add_link(routes: Blueprint, services: Services, access: WalletAccess) -> None:
    @routes.get("/<slug>/sign-in/link")
    def show_link(slug: str) -> BaseResponse:
        store = access.store(slug)
        key = _key_in(request.args.get("key", ""))
        is_good = key is not None and is_good_link(services, store.store_id, key)
        return shopper_page(
            "wallet_sign_in_link.html", brand=store.brand, here=wallet_root(slug), sign_in_key=key if is_good else None
        )

    @routes.post("/<slug>/sign-in/link")
    def press_link(slug: str) -> BaseResponse:
        store = access.store(slug)
        access.refuse_other_sites()
        key = _key_in(request.form.get("key", ""))
        token = None if key is None else sign_in_with_link(services, store.store_id, key)
        return lead_to(slug, "/sign-in/link") if token is None else signed_in(services, access, store, token)


def sign_in_page(store: WalletStore) -> BaseResponse:
    """Ask for the address."""
    return shopper_page(
        "wallet_sign_in.html",
        brand=store.brand,
        here=wallet_root(store.slug),
        refused=request.args.get("refused", ""),
        told=request.args.get("told", ""),
    )


def mail_code(services: Services, access: WalletAccess, store: WalletStore, email: str, *, then: str) -> BaseResponse:
    """Ask for a mail with a code, within the store's limit, and lead to where it is typed."""
    access.limits.mails_per_store.check(str(store.store_id))
    language = speech_for(request.accept_languages, load_catalogues()).language
    browser = ask_for_code(services, store.store_id, email, language=language)
    return access.keep_asked(lead_to(store.slug, then), store, browser)


def about_code() -> dict[str, Any]:
    """Give what a page tells of a code."""
    minutes = int(CODE_LASTS.total_seconds()) // 60
    return {"is_refused": "refused" in request.args, "minutes": minutes, "mails": ASKED_IN_HOUR_MAX}


def signed_in(services: Services, access: WalletAccess, store: WalletStore, token: str, *, then: str = "") -> BaseResponse:
    """Lead to the wallet, or a page of it. The session that the browser had before ends."""
    before = access.session_token(store)
    if before is not None:
        sign_out(services, store, before)
    return access.keep_session(lead_to(store.slug, then), store, token)


def _key_in(text: str) -> str | None:
    return text if _KEY.fullmatch(text) else None
