"""Being forgotten: asked twice, and only of whoever has signed in just now. An older session may be in somebody else's hands."""

from flask import Blueprint, request
from werkzeug import Response as BaseResponse

from app.usecases.services import Services
from app.usecases.shoppers.own_data import forget_own
from app.usecases.shoppers.sign_in import sign_in_with_digits
from app.web.shoppers.wallet.sign_in_pages import about_code, mail_code, signed_in
from app.web.shoppers.wallet.wallet_access import WalletAccess, lead_to
from app.web.shoppers.wallet.wallet_pages import wallet_page

_SURE = "/forget?sure=yes"


def add_routes(routes: Blueprint, services: Services, access: WalletAccess) -> None:
    """Serve the pages."""

    @routes.get("/<slug>/forget")
    def ask_to_forget(slug: str) -> BaseResponse:
        visit = access.enter(slug)
        return wallet_page(
            "wallet_forget.html",
            visit,
            is_sure="sure" in request.args,
            is_busy="busy" in request.args,
            is_fresh=access.is_fresh(visit.store),
        )

    @routes.post("/<slug>/forget")
    def forget(slug: str) -> BaseResponse:
        visit = access.act(slug)
        if not access.is_fresh(visit.store):
            return lead_to(slug, _SURE)
        if not forget_own(services, visit.shopper):
            return lead_to(slug, "/forget?busy=yes")
        return access.drop_session(lead_to(slug, "?told=forgotten"), visit.store)

    _add_code(routes, services, access)


def _add_code(routes: Blueprint, services: Services, access: WalletAccess) -> None:
    """Serve the sign-in before it: the code goes to the address of whoever is signed in, and to no other."""

    @routes.post("/<slug>/forget/mail")
    def ask_for_fresh_code(slug: str) -> BaseResponse:
        visit = access.act(slug)
        access.limits.mails_per_address.check()
        return mail_code(services, access, visit.store, visit.shopper.email, then="/forget/code")

    @routes.get("/<slug>/forget/code")
    def enter_fresh_code(slug: str) -> BaseResponse:
        visit = access.enter(slug)
        if access.asked_by(visit.store) is None:
            return lead_to(slug, _SURE)
        return wallet_page("wallet_forget_code.html", visit, **about_code())

    @routes.post("/<slug>/forget/code")
    def check_fresh_code(slug: str) -> BaseResponse:
        visit = access.act(slug)
        access.limits.digits_per_address.check()
        browser = access.asked_by(visit.store)
        if browser is None:
            return lead_to(slug, _SURE)
        token = sign_in_with_digits(services, visit.store.store_id, browser, request.form.get("code", ""))
        if token is None:
            return lead_to(slug, "/forget/code?refused=code")
        return signed_in(services, access, visit.store, token, then=_SURE)
