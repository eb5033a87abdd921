"""What operators ask: alive, and ready."""

from flask import Blueprint, Response, jsonify

from app.errors import Unavailable
from app.store.migrate import head, is_migrated
from app.store.waiting import count_waiting
from app.usecases.services import Services


def blueprint(services: Services) -> Blueprint:
    """Routes for operators."""
    routes = Blueprint("operations", __name__)

    @routes.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="alive")

    @routes.get("/readyz")
    def readyz() -> Response:
        if not is_migrated(services.database):
            raise Unavailable("The database does not have this version's tables. Run: saleor-points migrate")
        with services.database.reading() as session:
            waiting = count_waiting(session, services.clock())
        return jsonify(status="ready", migration=head(), waiting_orders=waiting)

    return routes
