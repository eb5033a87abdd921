"""Answers for what is refused: a code for the storefront, a sentence for its shopper, and one for its developer."""

import structlog
from flask import Blueprint, Response, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from app.errors import AppError

log = structlog.get_logger()

RETRY_SECONDS = 10


def answer_problems(routes: Blueprint) -> None:
    """Answer what goes wrong in these routes in the shopper's language."""

    @routes.errorhandler(AppError)
    def own(error: AppError) -> Response:
        log.warning("request refused", code=error.code, status=error.status)
        answer = _answer(error.status, error.code, error.message)
        if error.status == 503:
            answer.headers["Retry-After"] = str(RETRY_SECONDS)
        return answer

    @routes.errorhandler(HTTPException)
    def of_http(error: HTTPException) -> Response:
        answer = _answer(error.code or 500, error.name.upper().replace(" ", "_"), error.description or error.name)
        for name, value in error.get_headers(request.environ):
            if name in {"Allow", "Retry-After"}:
                answer.headers[name] = value
        return answer


def _answer(status: int, code: str, detail: str) -> Response:
    said = render_template("storefront_problem.html", code=code, status=status)
    answer = jsonify(error={"code": code, "message": " ".join(said.split()), "detail": detail})
    answer.status_code = status
    return answer
