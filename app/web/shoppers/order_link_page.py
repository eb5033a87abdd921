"""The order link of the mails."""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, request
from werkzeug import Response as BaseResponse

from app.saleor.parsing import is_order_id
from app.usecases.services import Services
from app.usecases.shoppers.show_order import OrderState, OrderView, ask_for_claim, show_order
from app.web.limiting import RequestLimiter
from app.web.same_site import refuse_cross_site
from app.web.shoppers.page_setup import SEE_OTHER, guarded, shopper_page

# A shopper reloads a few times, and a page that waits looks again a dozen times in a quarter of an hour.
LIMIT = "60/minute"
# Seconds until each next look. Points come within seconds of the payment, or only after something else has happened: then
# the page stops, and says so.
LOOKS = (3, 3, 4, 5, 8, 12, 20, 30, 60, 120, 240, 400)
STOPPED = "stopped"
# In the address to which the button leads.
PRESSED = "pressed"

_SLUG = re.compile(r"[a-z0-9-]{1,64}")


def blueprint(services: Services, limiter: RequestLimiter, own_urls: tuple[str, ...]) -> Blueprint:
    """Routes of the order link."""
    routes = Blueprint("order_links", __name__)

    @routes.get("/orders/<slug>")
    def show(slug: str) -> BaseResponse:
        limiter.check()
        view = show_order(services, slug, _order_id()) if _is_whole(slug) else None
        if PRESSED in request.args:
            return _page(_after_press(view))
        if view is not None and view.claim_url is not None:
            return guarded(redirect(view.claim_url, code=SEE_OTHER))
        return _page(view)

    @routes.post("/orders/<slug>")
    def ask(slug: str) -> BaseResponse:
        limiter.check()
        refuse_cross_site(own_urls)
        if not _is_whole(slug) or ask_for_claim(services, slug, _order_id()) is None:
            return _page(None)
        # A page that answers a POST cannot be gone back to. The policy on forms lets it lead to no other site: our page does.
        return guarded(redirect("?" + urlencode({"o": _order_id(), PRESSED: "yes"}), code=SEE_OTHER))

    return routes


def _after_press(view: OrderView | None) -> OrderView | None:
    """A claim that cannot be shown now, although the button was pressed, is being prepared."""
    if view is None or view.state is not OrderState.READY or view.claim_url is not None:
        return view
    return replace(view, state=OrderState.WAITING)


def _is_whole(slug: str) -> bool:
    return _SLUG.fullmatch(slug) is not None and is_order_id(_order_id())


def _order_id() -> str:
    return request.args.get("o", "")


def _page(view: OrderView | None) -> BaseResponse:
    if view is None:
        return shopper_page("order.html", status=404, view=None)
    if view.state is not OrderState.WAITING:
        return shopper_page("order.html", brand=view.brand, view=view)
    return shopper_page("order.html", brand=view.brand, view=view, has_script=True, **_looks())


def _looks() -> dict[str, Any]:
    """Say when the page looks again. Each look knows how many there were, so that they come to an end without a script, too."""
    said = request.args.get("looks", "")
    looks = len(LOOKS) if said == STOPPED else int(said) if said.isdecimal() and len(said) < 3 else 0
    address = {"o": _order_id()}
    return {
        "delays": LOOKS[looks:],
        "look_again": "?" + urlencode(address),
        "look_next": "?" + urlencode({**address, "looks": looks + 1}),
        "look_never": "?" + urlencode({**address, "looks": STOPPED}),
    }
