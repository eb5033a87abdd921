"""Serve points.js, the web component for shops' pages: any page may load it, because it holds nothing of anybody."""

from pathlib import Path

from flask import Blueprint, Response, send_file

SCRIPT = Path(__file__).with_name("points.js")
# A new version reaches all pages within the hour.
KEPT_SECONDS = 3600


def blueprint() -> Blueprint:
    """Route of the script."""
    routes = Blueprint("storefront_component", __name__)

    @routes.get("/storefront/v1/points.js")
    def script() -> Response:
        answer = send_file(SCRIPT, mimetype="text/javascript", max_age=KEPT_SECONDS)
        answer.headers["Access-Control-Allow-Origin"] = "*"
        answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer

    return routes
