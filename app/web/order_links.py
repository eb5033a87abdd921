"""The order link of the mails."""

import re

from flask import Blueprint, Response, abort, redirect, render_template, request
from werkzeug import Response as BaseResponse

from app.saleor.parsing import is_order_id
from app.usecases.services import Services
from app.usecases.show_order import OrderState, OrderView, show_order
from app.web.limiting import RequestLimiter

# A shopper reloads a few times, and a page that waits reloads itself every five seconds.
LIMIT = "60/minute"
REFRESH_SECONDS = 5

_SEE_OTHER = 303
_SLUG = re.compile(r"[a-z0-9-]{1,64}")


def blueprint(services: Services, limiter: RequestLimiter) -> Blueprint:
    """Route of the order link."""
    routes = Blueprint("order_links", __name__)

    @routes.get("/orders/<slug>")
    def order(slug: str) -> BaseResponse:
        limiter.check()
        order_id = request.args.get("o", "")
        if not is_order_id(order_id):
            abort(404, "This link is not complete. Open it from the mail once more.")
        view = show_order(services, slug, order_id, is_visit=request.method == "GET") if _SLUG.fullmatch(slug) else None
        if view is None:
            abort(404, "This link leads to no shop.")
        if view.claim_url is not None:
            return _private(redirect(view.claim_url, code=_SEE_OTHER))
        return _private(_page(view))

    return routes


def _page(view: OrderView) -> Response:
    refresh = REFRESH_SECONDS if view.state is OrderState.WAITING else None
    return Response(render_template("order.html", view=view, refresh=refresh), mimetype="text/html")


def _private(answer: BaseResponse) -> BaseResponse:
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
