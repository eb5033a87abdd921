"""Leaving a wallet: sign out here or everywhere, take one's data along."""

import json

from flask import Blueprint, Response, request
from werkzeug import Response as BaseResponse

from app.domain.email import email_key
from app.sealing import fingerprint
from app.usecases.services import Services
from app.usecases.shoppers.own_data import export_own_data
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
        access.limits.data_per_customer.check(fingerprint(f"{visit.shopper.store_id} {email_key(visit.shopper.email)}"))
        text = json.dumps(export_own_data(services, visit.shopper), ensure_ascii=False, indent=2)
        answer = Response(text, mimetype="application/json")
        answer.headers["Content-Disposition"] = f'attachment; filename="points-{visit.store.slug}.json"'
        return guarded(answer)
