"""The pages that the manifest names: what the app is, what it stores, where to turn."""

from flask import Blueprint, Response

from app.saleor.manifest import app_version
from app.settings import Settings
from app.web.shoppers.page_setup import shopper_page


def blueprint(settings: Settings) -> Blueprint:
    """Routes of the public pages."""
    routes = Blueprint("pages", __name__)
    manifest_url = f"{settings.api_base_url}/api/manifest"

    @routes.get("/")
    def home() -> Response:
        return shopper_page("home.html", version=app_version(), manifest_url=manifest_url)

    @routes.get("/privacy")
    def privacy() -> Response:
        return shopper_page("privacy.html")

    @routes.get("/support")
    def support() -> Response:
        return shopper_page("support.html")

    return routes
