"""The page of the wallet on which customers choose the language of the shop's mails, and which of them they get."""

from flask import Blueprint, request
from werkzeug import Response as BaseResponse

from app.usecases.services import Services
from app.usecases.shoppers.own_mails import change_own_mails, see_own_mails
from app.web.shoppers.wallet.wallet_access import WalletAccess, lead_to
from app.web.shoppers.wallet.wallet_pages import wallet_page

# Each as its speakers write it.
NAMES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "pl": "Polski"}


def add_routes(routes: Blueprint, services: Services, access: WalletAccess) -> None:
    """Serve the page."""

    @routes.get("/<slug>/mails")
    def mail_wishes(slug: str) -> BaseResponse:
        visit = access.enter(slug)
        own = see_own_mails(services, visit.shopper)
        return wallet_page("wallet_mails.html", visit, own=own, names=NAMES, is_saved="saved" in request.args)

    @routes.post("/<slug>/mails")
    def change_wishes(slug: str) -> BaseResponse:
        visit = access.act(slug)
        shown, wanted = frozenset(request.form.getlist("shown")), frozenset(request.form.getlist("wanted"))
        change_own_mails(services, visit.shopper, language=request.form.get("language", ""), shown=shown, wanted=wanted)
        return lead_to(slug, "/mails?saved=yes")
