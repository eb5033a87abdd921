"""What Saleor asks of an app while it installs it: the manifest, the logo, and to keep a token."""

from flask import Blueprint, Response, jsonify, request, send_file

from app.errors import BadRequest
from app.saleor.manifest import LOGO
from app.usecases.operating.install_store import install_store
from app.usecases.services import Services

TOKEN_LENGTH_MAX = 1024


def blueprint(services: Services) -> Blueprint:
    """Routes of the installation."""
    routes = Blueprint("installation", __name__)

    @routes.get("/api/manifest")
    def show_manifest() -> Response:
        schema_version = request.headers.get("Saleor-Schema-Version")
        return jsonify(services.manifest_for(schema_version))

    @routes.get("/logo.png")
    def show_logo() -> Response:
        return send_file(LOGO, mimetype="image/png", max_age=86_400)

    @routes.post("/api/register")
    def register() -> Response:
        api_url = request.headers.get("Saleor-Api-Url", "").strip()
        if not api_url:
            raise BadRequest(
                "This address takes the token that a Saleor sends when it installs the app; Saleor-Api-Url is missing."
            )
        version = request.headers.get("Saleor-Schema-Version")
        install_store(
            services, api_url=api_url, token=_token(), saleor_version=version[:32] if version else None, now=services.clock()
        )
        return jsonify(success=True)

    return routes


def _token() -> str:
    try:
        body = request.get_json(silent=True, force=True)
    except RecursionError:
        body = None
    token = body.get("auth_token") if isinstance(body, dict) else None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not 0 < len(token) <= TOKEN_LENGTH_MAX:
        raise BadRequest("The request carries no auth_token.")
    return token
