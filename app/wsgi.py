"""The entry for a WSGI server: `app.wsgi:create`, a factory."""

from flask import Flask

from app.bootstrap import build_services
from app.logs import set_up_logging
from app.reporting import set_up_reporting
from app.saleor.manifest import app_version
from app.settings import load_settings
from app.web import create_app


def create() -> Flask:
    """Build the web application from the environment."""
    settings = load_settings()
    set_up_logging(log_format=settings.log_format, level=settings.log_level)
    set_up_reporting(settings, version=app_version())
    return create_app(build_services(settings), settings)
