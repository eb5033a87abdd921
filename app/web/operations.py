"""What operators ask: alive, ready, and how it goes."""

import hmac
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain

from flask import Blueprint, Response, abort, jsonify, request
from prometheus_client.core import GaugeMetricFamily

from app.metrics import CONTENT_TYPE, exposition
from app.settings import Settings
from app.usecases.operating.check_ready import check_ready
from app.usecases.operating.outbox_figures import OutboxFigures, figures_of_outbox
from app.usecases.operating.store_figures import StoreFigures, figures_of_stores
from app.usecases.services import Services


def blueprint(services: Services, settings: Settings) -> Blueprint:
    """Routes for operators."""
    routes = Blueprint("operations", __name__)

    @routes.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="alive")

    @routes.get("/readyz")
    def readyz() -> Response:
        ready = check_ready(services)
        return jsonify(status="ready", migration=ready.migration, waiting_orders=ready.waiting_orders)

    @routes.get("/metrics")
    def metrics() -> Response:
        _require_scraper(settings)
        figures = figures_of_stores(services)
        gauges = chain(_gauges(figures, services.clock()), _mail_gauges(figures_of_outbox(services), services.clock()))
        return Response(exposition(gauges), content_type=CONTENT_TYPE)

    return routes


def _require_scraper(settings: Settings) -> None:
    """Show figures to whoever holds METRICS_TOKEN; without one, while developing only: they name the shops."""
    token = settings.metrics_token.get_secret_value()
    if not token and settings.app_env == "production":
        abort(404, "Set METRICS_TOKEN to have metrics here.")
    given = request.headers.get("Authorization", "")
    if token and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        abort(401, "Metrics need the bearer token METRICS_TOKEN.")


def _gauges(figures: Sequence[StoreFigures], now: datetime) -> Iterator[GaugeMetricFamily]:
    def seconds_since(moment: datetime | None) -> int:
        return 0 if moment is None else max(0, int((now - moment).total_seconds()))

    def seconds_until(moment: datetime | None) -> int:
        return 0 if moment is None else max(0, int((moment - now).total_seconds()))

    told = {
        "waiting_orders": ("Orders whose time to be looked at has come.", lambda one: one.waiting_orders),
        "oldest_waiting_seconds": ("How long the oldest of them has waited.", lambda one: seconds_since(one.oldest_look_at)),
        "sweep_lag_seconds": ("Since the last sweep for lost deliveries ended.", lambda one: seconds_since(one.sweep_ended_at)),
        "saleor_paused_seconds": ("For how long its Saleor is not asked.", lambda one: seconds_until(one.paused_until)),
        "account_paused_seconds": ("For how long its account is not asked.", lambda one: seconds_until(one.account_paused_until)),
        "drifting_orders": ("Orders with granted other than due and no problem to say why.", lambda one: one.drifting_orders),
        "orders_with_problem": ("Orders with a problem.", lambda one: one.orders_with_problem),
        "movements_for_staff": ("Movements whose outcome only a person can find out.", lambda one: one.movements_for_staff),
    }
    for name, (documentation, value) in told.items():
        family = GaugeMetricFamily(f"saleor_points_{name}", documentation, labels=["store"])
        for one in figures:
            family.add_metric([one.slug], value(one))  # type: ignore[no-untyped-call]  # a lambda of the table above
        yield family


def _mail_gauges(figures: OutboxFigures, now: datetime) -> Iterator[GaugeMetricFamily]:
    oldest = figures.oldest_send_at
    waited = 0 if oldest is None else max(0, int((now - oldest).total_seconds()))
    yield GaugeMetricFamily("saleor_points_waiting_mails", "Mails whose time to be sent has come.", value=figures.waiting)
    yield GaugeMetricFamily("saleor_points_oldest_mail_seconds", "How long the oldest of them has waited.", value=waited)
    is_down = int(figures.problem is not None)
    yield GaugeMetricFamily("saleor_points_mail_server_down", "1 while the mail server takes no mails.", value=is_down)
