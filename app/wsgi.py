"""The entry for a WSGI server: `app.wsgi:create`, a factory."""

import threading

from flask import Flask

from app.bootstrap import build_services
from app.domain.signs_of_life import ProcessKind
from app.logs import set_up_logging
from app.reporting import set_up_reporting
from app.saleor.manifest import app_version
from app.settings import load_settings
from app.usecases.operating.check_app_id import check_app_id
from app.usecases.operating.show_life import keep_showing_life
from app.web import create_app


def create() -> Flask:
    """Build the web application from the environment."""
    settings = load_settings()
    set_up_logging(log_format=settings.log_format, level=settings.log_level)
    set_up_reporting(settings, version=app_version())
    services = build_services(settings)
    check_app_id(services.database, services.app_id)
    app = create_app(services, settings)
    # It ends with the process: the server tells an application of no end.
    keep_showing_life(services, ProcessKind.WEB, threading.Event())
    return app
