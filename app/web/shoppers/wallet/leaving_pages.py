"""Leaving a wallet: sign out here or everywhere, take one's data along, be forgotten."""

import json

from flask import Blueprint, Response, request
from werkzeug import Response as BaseResponse

from app.usecases.services import Services
from app.usecases.shoppers.own_data import export_own_data, forget_own
from app.usecases.shoppers.wallet_sessions import sign_out, sign_out_everywhere
from app.web.shoppers.page_setup import guarded
from app.web.shoppers.wallet.wallet_access import WalletAccess, lead_to
from app.web.shoppers.wallet.wallet_pages import wallet_page


def add_routes(routes: Blueprint, services: Services, access: WalletAccess) -> None:
    """Serve the pages."""

    @routes.post("/<slug>/sign-out")
    def leave(slug: str) -> BaseResponse:
        visit = access.act(slug)
        if request.form.get("where") == "everywhere":
            sign_out_everywhere(services, visit.shopper)
        else:
            sign_out(services, visit.store, access.session_token(visit.store) or "")
        return access.drop_session(lead_to(slug, "?told=signed-out"), visit.store)

    @routes.get("/<slug>/account")
    def account(slug: str) -> BaseResponse:
        return wallet_page("wallet_account.html", access.enter(slug))

    @routes.get("/<slug>/data")
    def download(slug: str) -> BaseResponse:
        visit = access.enter(slug)
        text = json.dumps(export_own_data(services, visit.shopper), ensure_ascii=False, indent=2)
        answer = Response(text, mimetype="application/json")
        answer.headers["Content-Disposition"] = f'attachment; filename="points-{visit.store.slug}.json"'
        return guarded(answer)

    @routes.get("/<slug>/forget")
    def ask_to_forget(slug: str) -> BaseResponse:
        visit = access.enter(slug)
        return wallet_page("wallet_forget.html", visit, is_sure="sure" in request.args, is_busy="busy" in request.args)

    @routes.post("/<slug>/forget")
    def forget(slug: str) -> BaseResponse:
        visit = access.act(slug)
        if not forget_own(services, visit.shopper):
            return lead_to(slug, "/forget?busy=yes")
        return access.drop_session(lead_to(slug, "?told=forgotten"), visit.store)
