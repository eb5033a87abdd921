"""The list of orders: searched, filtered, and exported."""

from dataclasses import replace
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from app.usecases.merchants.list_orders import SEARCH_LENGTH_MAX, ListedOrder, OrderFilter, Question, export_orders, list_orders
from app.usecases.services import Services
from app.web.merchant import order_words
from app.web.merchant.authentication import order_manager
from app.web.merchant.fragments import fragment
from app.web.merchant.lists import csv_file, day_asked

CSV_HEADINGS = (
    "number",
    "placed_at",
    "email",
    "status",
    "points_due",
    "points_granted",
    "shortfall",
    "problem",
    "saleor_order_id",
    "total",
    "currency",
    "channel",
)
_STATES = (
    (OrderFilter.ALL.value, "All"),
    (OrderFilter.PROBLEM.value, "Needs you"),
    *((state, words) for state, (words, _) in order_words.STATUS_WORDS.items()),
)


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the list and its export."""

    @routes.get("/pages/orders")
    def orders() -> Response:
        staff = order_manager(services, request)
        question, errors = _question()
        page = list_orders(services, staff.store_id, question, time_zone=staff.time_zone)
        return fragment("orders.html", staff, status=422 if errors else 200, **_listed(question, errors), page=page)

    @routes.get("/pages/orders.csv")
    def export() -> Response:
        staff = order_manager(services, request)
        question, _ = _question()
        everything = replace(question, before="", after="")
        found = export_orders(services, staff.store_id, everything, time_zone=staff.time_zone)
        return csv_file("orders", CSV_HEADINGS, map(_values, found))


def _question() -> tuple[Question, dict[str, str]]:
    """Read what is asked from the address; what cannot be read is left out and named."""
    errors: dict[str, str] = {}
    state = request.args.get("state", OrderFilter.ALL)
    question = Question(
        search=request.args.get("search", "").strip()[:SEARCH_LENGTH_MAX],
        state=OrderFilter(state) if state in set(OrderFilter) else OrderFilter.ALL,
        first_day=day_asked("first_day", errors),
        last_day=day_asked("last_day", errors),
        before=request.args.get("before", ""),
        after=request.args.get("after", ""),
    )
    return question, errors


def _listed(question: Question, errors: dict[str, str]) -> dict[str, object]:
    asked = {
        "search": question.search,
        "state": question.state.value if question.state is not OrderFilter.ALL else "",
        "first_day": question.first_day.isoformat() if question.first_day else "",
        "last_day": question.last_day.isoformat() if question.last_day else "",
    }
    filters = {name: value for name, value in asked.items() if value}
    return {
        "question": question,
        "errors": errors,
        "typed": request.args,
        "filters": filters,
        "link": lambda path, **more: f"{path}?{urlencode(filters | more)}" if filters or more else path,
        "status_words": order_words.STATUS_WORDS,
        "states": _STATES,
    }


def _values(order: ListedOrder) -> tuple[object, ...]:
    return (
        order.number,
        order.placed_at.isoformat() if order.placed_at is not None else None,
        order.email,
        order.status,
        order.due,
        order.granted,
        order.shortfall,
        order.problem,
        order.saleor_order_id,
        *((order.price.total, order.price.currency, order.price.channel) if order.price is not None else (None, None, None)),
    )
