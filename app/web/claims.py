"""The claim page of the embedded provider. GET shows, POST takes: mail scanners follow links."""

import re

from flask import Blueprint, Response, render_template, request

from app.usecases.claim_points import ClaimView, show_claim, take_claim
from app.usecases.services import Services
from app.web.limiting import RequestLimiter

LIMIT = "60/minute"
_TOKEN = re.compile(r"[0-9a-f]{32}")


def blueprint(services: Services, limiter: RequestLimiter) -> Blueprint:
    """Routes of the claim page."""
    routes = Blueprint("claims", __name__)

    @routes.get("/claim/points/<token>")
    def show(token: str) -> Response:
        limiter.check()
        return _page(show_claim(services, token) if _TOKEN.fullmatch(token) else None)

    @routes.post("/claim/points/<token>")
    def take(token: str) -> Response:
        limiter.check()
        email = request.form.get("email", "")
        return _page(take_claim(services, token, email) if _TOKEN.fullmatch(token) else None, was_posted=True)

    return routes


def _page(view: ClaimView | None, *, was_posted: bool = False) -> Response:
    answer = Response(render_template("claim.html", view=view, was_posted=was_posted), mimetype="text/html")
    answer.status_code = 404 if view is None else 422 if view.refusal is not None else 200
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer
