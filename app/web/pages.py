"""The pages that the manifest names: what the app is, what it stores, where to turn."""

from flask import Blueprint, render_template

from app.saleor.manifest import app_version
from app.settings import Settings


def blueprint(settings: Settings) -> Blueprint:
    """Routes of the public pages."""
    routes = Blueprint("pages", __name__)
    manifest_url = f"{settings.api_base_url}/api/manifest"

    @routes.get("/")
    def home() -> str:
        return render_template("home.html", version=app_version(), manifest_url=manifest_url)

    @routes.get("/privacy")
    def privacy() -> str:
        return render_template("privacy.html")

    @routes.get("/support")
    def support() -> str:
        return render_template("support.html")

    return routes
