"""The claim page of the embedded provider. GET shows, POST takes and leads back to GET: mail scanners follow links."""

import re
from urllib.parse import urlencode

from flask import Blueprint, redirect, request
from werkzeug import Response as BaseResponse

from app.usecases.services import Services
from app.usecases.shoppers.claim_points import ClaimView, Refusal, show_claim, take_claim
from app.web.limiting import RequestLimiter
from app.web.same_site import refuse_cross_site
from app.web.shoppers.page_setup import SEE_OTHER, guarded, shopper_page

# A press of the button is two requests: the form, and the page that it leads back to.
LIMIT = "90/minute"
# A token has 122 random bits, so guessing is hopeless. Whoever guesses all the same is not answered for long, and all guessers
# together learn no more than this; a link that is known is served all the while.
GUESSES_LIMIT = "20/minute"
ALL_GUESSES_LIMIT = "600/minute"
EVERYBODY = "everybody"
_TOKEN = re.compile(r"[0-9a-f]{32}")


def blueprint(
    services: Services,
    limiter: RequestLimiter,
    *,
    guesses: RequestLimiter,
    all_guesses: RequestLimiter,
    own_urls: tuple[str, ...],
) -> Blueprint:
    """Routes of the claim page."""
    routes = Blueprint("claims", __name__)

    @routes.get("/claim/points/<token>")
    def show(token: str) -> BaseResponse:
        limiter.check()
        guesses.look()
        receipt = request.args.get("receipt", "")
        return _page(show_claim(services, token, receipt=receipt) if _TOKEN.fullmatch(token) else None)

    @routes.post("/claim/points/<token>")
    def take(token: str) -> BaseResponse:
        limiter.check()
        guesses.look()
        refuse_cross_site(own_urls)
        email = request.form.get("email", "")
        view = take_claim(services, token, email) if _TOKEN.fullmatch(token) else None
        return _page(None) if view is None else _lead_back(token, view)

    def _lead_back(token: str, view: ClaimView) -> BaseResponse:
        # A page that answers a POST cannot be gone back to.
        told = {"receipt": view.receipt, "refusal": view.refusal or ""}
        query = urlencode({name: text for name, text in told.items() if text})
        return guarded(redirect(f"{token}?{query}" if query else token, code=SEE_OTHER))

    def _page(view: ClaimView | None) -> BaseResponse:
        if view is None:
            guesses.check()
            all_guesses.check(EVERYBODY)
            return shopper_page("claim.html", status=404, view=None)
        is_refused = request.args.get("refusal") == Refusal.BAD_EMAIL
        return shopper_page("claim.html", brand=view.brand, view=view, is_refused=is_refused)

    return routes
