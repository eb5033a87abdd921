"""The claim page of the embedded provider. GET shows, POST takes: mail scanners follow links."""

import re

from flask import Blueprint, Response, request

from app.usecases.services import Services
from app.usecases.shoppers.claim_points import ClaimView, show_claim, take_claim
from app.web.limiting import RequestLimiter
from app.web.same_site import refuse_cross_site
from app.web.shoppers.page_setup import shopper_page

LIMIT = "60/minute"
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
    def show(token: str) -> Response:
        limiter.check()
        guesses.look()
        return _page(show_claim(services, token) if _TOKEN.fullmatch(token) else None)

    @routes.post("/claim/points/<token>")
    def take(token: str) -> Response:
        limiter.check()
        guesses.look()
        refuse_cross_site(own_urls)
        email = request.form.get("email", "")
        return _page(take_claim(services, token, email) if _TOKEN.fullmatch(token) else None)

    def _page(view: ClaimView | None) -> Response:
        if view is None:
            guesses.check()
            all_guesses.check(EVERYBODY)
            return shopper_page("claim.html", status=404, view=None)
        status = 422 if view.refusal is not None else 200
        return shopper_page("claim.html", brand=view.brand, status=status, view=view)

    return routes
