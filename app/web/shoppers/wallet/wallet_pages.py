"""The first page of a wallet, the history, and the press that takes what waits."""

from typing import Any

from flask import Blueprint, request
from werkzeug import Response as BaseResponse

from app.domain.email import masked
from app.usecases.merchants.list_channels import known_channels
from app.usecases.rewards.own_redemptions import list_own_redemptions
from app.usecases.rewards.own_rewards import show_rewards
from app.usecases.services import Services
from app.usecases.shoppers.see_wallet import see_wallet
from app.usecases.shoppers.show_history import show_history
from app.usecases.shoppers.take_all_claims import take_all_claims
from app.web.shoppers.page_setup import shopper_page
from app.web.shoppers.wallet.reward_pictures import sources_of
from app.web.shoppers.wallet.sign_in_pages import sign_in_page
from app.web.shoppers.wallet.wallet_access import Visit, WalletAccess, lead_to, wallet_root

PAGE_SIZE = 20
REDEMPTIONS_SHOWN = 3
# As many digits as an id in the database has at most.
_ID_DIGITS_MAX = 18


def add_routes(routes: Blueprint, services: Services, access: WalletAccess) -> None:
    """Serve the pages."""

    @routes.get("/<slug>")
    def home(slug: str) -> BaseResponse:
        store = access.store(slug)
        visit = access.visit(store)
        if visit is None:
            return sign_in_page(store)
        seen = see_wallet(services, visit.shopper, known_channels(services, store.store_id))
        rewards = show_rewards(services, visit.shopper, seen.spendable)
        return wallet_page(
            "wallet_home.html",
            visit,
            pictures=sources_of(reward.terms for reward in rewards),
            seen=seen,
            rewards=rewards,
            taken=list_own_redemptions(services, visit.shopper, size=REDEMPTIONS_SHOWN),
            has_taken="taken" in request.args,
        )

    @routes.get("/<slug>/history")
    def history(slug: str) -> BaseResponse:
        visit = access.enter(slug)
        return wallet_page(
            "wallet_history.html", visit, history=show_history(services, visit.shopper, size=PAGE_SIZE, before=before_in_query())
        )

    @routes.post("/<slug>/claims")
    def take_all(slug: str) -> BaseResponse:
        visit = access.act(slug)
        take_all_claims(services, visit.shopper)
        return lead_to(slug, "?taken=yes")


def wallet_page(template: str, visit: Visit, **values: Any) -> BaseResponse:
    """Answer with a page of a customer who is signed in."""
    store = visit.store
    return shopper_page(
        template,
        brand=store.brand,
        here=wallet_root(store.slug),
        zone=store.zone,
        form_token=visit.form_token,
        whose=masked(visit.shopper.email),
        **values,
    )


def before_in_query() -> int | None:
    """Read where a page of a list begins; None: with the newest."""
    text = request.args.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS_MAX else None
