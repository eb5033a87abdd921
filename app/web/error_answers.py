"""Answers for what goes wrong: JSON for machines, a page for shoppers. No answer holds an exception's own text."""

import structlog
from flask import Flask, Response, jsonify, render_template, request
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import BadHost, HTTPException

from app.errors import AppError, Unavailable
from app.logs import fault_name, innermost_place
from app.web.shoppers.page_setup import shopper_page

log = structlog.get_logger()

RETRY_SECONDS = 10


def register(app: Flask) -> None:
    """Install the handlers."""
    app.register_error_handler(AppError, _answer_app_error)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(BadHost, _answer_bad_host)
    # PostgreSQL calls it internal when it takes no writes.
    for fault in (OperationalError, InterfaceError, InternalError, PoolTimeout):
        app.register_error_handler(fault, _answer_database_fault)
    app.register_error_handler(Exception, _answer_defect)


def _answer_app_error(error: AppError) -> Response:
    log.warning("request refused", code=error.code, path=_path(), status=error.status)
    return _answer(error.status, error.code, error.message)


def _answer_http_error(error: HTTPException) -> Response:
    status = error.code or 500
    answer = _answer(status, error.name.upper().replace(" ", "_"), error.description or error.name)
    for name, value in error.get_headers(request.environ):
        if name in {"Allow", "Retry-After"}:
            answer.headers[name] = value
    return answer


def _answer_bad_host(_error: BadHost) -> Response:
    # A page names its style sheet by an address of this app, and none can be built from such a Host.
    answer = jsonify(error={"code": "BAD_REQUEST", "message": "The Host of this request is no name of a host."})
    answer.status_code = 400
    return answer


def _answer_database_fault(error: Exception) -> Response:
    # The text of a database error holds the statement's values: e-mails, tokens. Its name says enough.
    log.error("database fault", kind=fault_name(error), path=_path())
    return _answer(503, Unavailable.code, "The database does not answer now. The request can be repeated later.")


def _answer_defect(error: Exception) -> Response:
    log.error("defect", kind=type(error).__name__, path=_path(), where=innermost_place(error))
    return _answer(500, "DEFECT", "Saleor Points failed at this. The log says where.")


def _answer(status: int, code: str, message: str) -> Response:
    if request.path.startswith(("/api/", "/healthz", "/readyz", "/metrics")):
        answer = jsonify(error={"code": code, "message": message})
    else:
        answer = _page(status, message)
    answer.status_code = status
    if status == 503:
        answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer


def _page(status: int, message: str) -> Response:
    """A page in the Dashboard shows its errors in place; shoppers get a page of their own, in their language."""
    if not request.path.startswith(("/app/pages/", "/app/widgets/")):
        return shopper_page("error.html", status=status)
    template = "merchant/error.html" if request.path.startswith("/app/pages/") else "merchant/widget_error.html"
    return Response(render_template(template, message=message, status=status), mimetype="text/html")


def _path() -> str:
    """Name the route, not the path: a path may hold a claim token or a key."""
    return request.url_rule.rule if request.url_rule is not None else "unknown"
