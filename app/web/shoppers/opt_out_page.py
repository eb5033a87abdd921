"""The page behind the link of a mail by which its reader opts out. GET shows, POST does: programs follow links (RFC 8058)."""

import re
from uuid import UUID

from flask import Blueprint, request
from werkzeug import Response as BaseResponse

from app.usecases.mailing.opting_out import OptOutView, opt_out, show_opt_out
from app.usecases.services import Services
from app.web.limiting import RequestLimiter
from app.web.shoppers.page_setup import shopper_page

LIMIT = "60/minute"
_REFERENCE = re.compile(r"[0-9a-f]{32}")


def blueprint(services: Services, limiter: RequestLimiter) -> Blueprint:
    """Routes of opting out.

    A mail program posts here on its own, from anywhere and with nothing but the address. So no post is refused for where it
    comes from: who knows the address may opt out, and nothing else.
    """
    routes = Blueprint("opt_out", __name__)

    def answer(view: OptOutView | None) -> BaseResponse:
        if view is None:
            # Mail providers post for many readers from few addresses. Only who guesses is counted.
            limiter.check()
        return _page(view)

    @routes.get("/mails/<reference>")
    def show(reference: str) -> BaseResponse:
        return answer(show_opt_out(services, UUID(reference)) if _REFERENCE.fullmatch(reference) else None)

    @routes.post("/mails/<reference>")
    def do(reference: str) -> BaseResponse:
        is_again = request.form.get("again") == "yes"
        return answer(opt_out(services, UUID(reference), again=is_again) if _REFERENCE.fullmatch(reference) else None)

    return routes


def _page(view: OptOutView | None) -> BaseResponse:
    if view is None:
        return shopper_page("opt_out.html", status=404, view=None)
    return shopper_page("opt_out.html", brand=view.brand, view=view)
