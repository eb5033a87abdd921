"""The list of customers: searched, sorted, filtered, and exported."""

from urllib.parse import urlencode

from flask import Blueprint, Response, request

from app.domain.email import is_typed_well
from app.usecases.merchants.list_customers import (
    CustomerQuestion,
    CustomerSort,
    ListedCustomer,
    export_customers,
    list_customers,
)
from app.usecases.operating.list_split import list_split
from app.usecases.services import Services
from app.web.merchant.authentication import order_manager
from app.web.merchant.customers import customer_page
from app.web.merchant.fragments import fragment
from app.web.merchant.lists import csv_file, day_asked

_LENGTH_MAX = 320
# No balance has as many.
_DIGITS_MAX = 18
_SORTS = (
    (CustomerSort.ACTIVITY.value, "Last activity"),
    (CustomerSort.BALANCE.value, "Largest balance"),
    (CustomerSort.WAITING.value, "Most points waiting"),
)
CSV_HEADINGS = ("email", "balance", "waiting", "last_activity", "customer_type")


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the list and its export. A whole address that is searched for opens its customer's page."""

    @routes.get("/pages/customers")
    def customers() -> Response:
        staff = order_manager(services, request)
        question, errors = _question()
        if is_typed_well(question.search) and not (question.before or question.after):
            return customer_page(services, staff, question.search)
        page = list_customers(services, staff.store_id, question, time_zone=staff.time_zone)
        filters = _filters(question)
        return fragment(
            "customer_list.html",
            staff,
            status=422 if errors else 200,
            page=page,
            question=question,
            errors=errors,
            typed=request.args,
            filters=filters,
            split=[] if filters or page.newer else list_split(services, staff.store_slug),
            sorts=_SORTS if page.has_balances else _SORTS[:1],
            link=lambda path, **more: f"{path}?{urlencode(filters | more)}" if filters or more else path,
        )

    @routes.get("/pages/customers.csv")
    def export_list() -> Response:
        staff = order_manager(services, request)
        question, _ = _question()
        found = export_customers(services, staff.store_id, question, time_zone=staff.time_zone)
        return csv_file("customers", CSV_HEADINGS, map(_values, found))


def _question() -> tuple[CustomerQuestion, dict[str, str]]:
    """Read what is asked from the address; what cannot be read is left out and named."""
    errors: dict[str, str] = {}
    sort = request.args.get("sort", "")
    question = CustomerQuestion(
        search=request.args.get("email", "").strip()[:_LENGTH_MAX],
        sort=CustomerSort(sort) if sort in set(CustomerSort) else CustomerSort.ACTIVITY,
        balance_over=_points("balance_over", errors),
        idle_since=day_asked("idle_since", errors),
        customer_type=request.args.get("customer_type", "").strip()[:_LENGTH_MAX],
        before=request.args.get("before", ""),
        after=request.args.get("after", ""),
    )
    return question, errors


def _points(name: str, errors: dict[str, str]) -> int | None:
    text = request.args.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
        errors[name] = "Enter a whole number of points."
        return None
    return int(text)


def _filters(question: CustomerQuestion) -> dict[str, str]:
    asked = {
        "email": question.search,
        "sort": question.sort.value if question.sort is not CustomerSort.ACTIVITY else "",
        "balance_over": str(question.balance_over) if question.balance_over is not None else "",
        "idle_since": question.idle_since.isoformat() if question.idle_since is not None else "",
        "customer_type": question.customer_type,
    }
    return {name: value for name, value in asked.items() if value}


def _values(one: ListedCustomer) -> tuple[object, ...]:
    return one.email, one.available, one.waiting, one.last_at.isoformat(), one.customer_type or None
