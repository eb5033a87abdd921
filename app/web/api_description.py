"""Describes an API: its OpenAPI document, and a page to read and try it, all of it served from here."""

from pathlib import Path

import flask_swagger_ui  # type: ignore[import-untyped]  # it comes without types
from flask import Blueprint, Response, render_template, send_from_directory

# Where Swagger UI lies, as its package brings it.
ASSETS = Path(flask_swagger_ui.__file__).with_name("dist")
ASSET_SECONDS = 86_400

# Swagger UI draws its icons from data: addresses in its own style sheet.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def add_routes(routes: Blueprint, document: Path, *, title: str) -> None:
    """Add the document, the page and its parts."""

    @routes.get("/openapi.json", endpoint="document")
    def show_document() -> Response:
        return Response(document.read_bytes(), mimetype="application/json")

    @routes.get("/docs")
    def docs() -> Response:
        page = Response(render_template("api_description.html", title=title), mimetype="text/html")
        page.headers["Content-Security-Policy"] = POLICY
        page.headers["X-Frame-Options"] = "DENY"
        page.headers["Referrer-Policy"] = "no-referrer"
        return page

    @routes.get("/docs/<any('swagger-ui.css', 'swagger-ui-bundle.js'):name>")
    def asset(name: str) -> Response:
        return send_from_directory(ASSETS, name, max_age=ASSET_SECONDS)
