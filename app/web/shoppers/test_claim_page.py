"""The page of a test claim: what shoppers see. Pressing its button gives nobody points."""

from urllib.parse import urlencode

from flask import Blueprint, redirect, request
from werkzeug import Response as BaseResponse

from app.domain.claim import ClaimState
from app.domain.email import is_typed_well
from app.usecases.services import Services
from app.usecases.shoppers.claim_points import Refusal
from app.usecases.shoppers.show_order import OrderState, OrderView
from app.usecases.shoppers.view_test_claim import view_test
from app.usecases.test_links import open_test
from app.web.limiting import RequestLimiter
from app.web.same_site import refuse_cross_site
from app.web.shoppers.page_setup import SEE_OTHER, guarded, shopper_page

LIMIT = "60/minute"
PRESSED = "pressed"


def blueprint(services: Services, limiter: RequestLimiter, own_urls: tuple[str, ...]) -> Blueprint:
    """Routes of the test claim."""
    routes = Blueprint("test_claims", __name__)

    @routes.get("/claim/test")
    def show() -> BaseResponse:
        limiter.check()
        test = open_test(services.sealer, request.args.get("link", ""))
        view = view_test(services, test, is_pressed=PRESSED in request.args) if test is not None else None
        if test is None or view is None:
            return shopper_page("claim.html", status=404, view=None)
        if test.begins_here and view.state is ClaimState.OPEN:
            return shopper_page("order.html", brand=view.brand, view=OrderView(OrderState.READY, view.brand, view.points))
        is_refused = request.args.get("refusal") == Refusal.BAD_EMAIL
        return shopper_page("claim.html", brand=view.brand, view=view, is_refused=is_refused, is_test=True)

    @routes.post("/claim/test")
    def press() -> BaseResponse:
        limiter.check()
        refuse_cross_site(own_urls)
        link = request.args.get("link", "")
        test = open_test(services.sealer, link)
        if test is None:
            return shopper_page("claim.html", status=404, view=None)
        is_good = bool(test.bound_to) or test.begins_here or is_typed_well(request.form.get("email", ""))
        told = {PRESSED: "yes"} if is_good else {"refusal": Refusal.BAD_EMAIL.value}
        return guarded(redirect("?" + urlencode({"link": link, **told}), code=SEE_OTHER))

    return routes
