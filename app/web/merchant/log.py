"""The log: what happened, newest first, in words; and the list of what staff changed by hand."""

from flask import Blueprint, Response, request

from app.domain.log_level import LogLevel
from app.usecases.merchants.list_staff_changes import list_staff_changes
from app.usecases.merchants.read_log import read_log
from app.usecases.services import Services
from app.web.merchant import order_words
from app.web.merchant.authentication import MANAGE_ORDERS, require, staff_of
from app.web.merchant.fragments import fragment

# Wide enough for any id that a database gives.
_ID_DIGITS_MAX = 18
_WHO_LENGTH_MAX = 256


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the log, and the changes by staff."""

    @routes.get("/pages/log")
    def log() -> Response:
        staff = staff_of(services, request)
        require(staff, MANAGE_ORDERS)
        level = _level(request.args.get("level", ""))
        page = read_log(services, staff.store_id, level=level, before_id=_id(request.args.get("before", "")))
        return fragment("log.html", staff, page=page, level=level)

    @routes.get("/pages/log/changes")
    def staff_changes() -> Response:
        staff = staff_of(services, request)
        require(staff, MANAGE_ORDERS)
        who = request.args.get("who", "").strip()[:_WHO_LENGTH_MAX]
        page = list_staff_changes(services, staff.store_id, who=who, before=request.args.get("before", ""))
        return fragment("staff_changes.html", staff, page=page, who=who, words=order_words)


def _level(text: str) -> LogLevel | None:
    return LogLevel(text) if text in set(LogLevel) else None


def _id(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _ID_DIGITS_MAX else None
