"""The list of customers: searched, sorted, filtered, and exported."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from app.domain.csv_cell import guarded
from app.domain.email import is_typed_well
from app.usecases.merchants.list_customers import (
    CustomerQuestion,
    CustomerSort,
    ListedCustomer,
    export_customers,
    list_customers,
)
from app.usecases.services import Services
from app.web.merchant.authentication import MANAGE_ORDERS, Staff, require, staff_of
from app.web.merchant.customers import customer_page
from app.web.merchant.fragments import fragment

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
        staff = _worker(services)
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
            sorts=_SORTS if page.has_balances else _SORTS[:1],
            link=lambda path, **more: f"{path}?{urlencode(filters | more)}" if filters or more else path,
        )

    @routes.get("/pages/customers.csv")
    def export_list() -> Response:
        staff = _worker(services)
        question, _ = _question()
        found = export_customers(services, staff.store_id, question, time_zone=staff.time_zone)
        answer = Response(csv_of(found), mimetype="text/csv")
        answer.headers["Content-Disposition"] = 'attachment; filename="customers.csv"'
        return answer


def _worker(services: Services) -> Staff:
    staff = staff_of(services, request)
    require(staff, MANAGE_ORDERS)
    return staff


def _question() -> tuple[CustomerQuestion, dict[str, str]]:
    """Read what is asked from the address; what cannot be read is left out and named."""
    errors: dict[str, str] = {}
    sort = request.args.get("sort", "")
    question = CustomerQuestion(
        search=request.args.get("email", "").strip()[:_LENGTH_MAX],
        sort=CustomerSort(sort) if sort in set(CustomerSort) else CustomerSort.ACTIVITY,
        balance_over=_points("balance_over", errors),
        idle_since=_day("idle_since", errors),
        customer_type=request.args.get("customer_type", "").strip().replace("\0", "")[:_LENGTH_MAX],
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


def _day(name: str, errors: dict[str, str]) -> date | None:
    text = request.args.get(name, "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        errors[name] = "Enter a date such as 2026-05-31."
        return None


def _filters(question: CustomerQuestion) -> dict[str, str]:
    asked = {
        "email": question.search,
        "sort": question.sort.value if question.sort is not CustomerSort.ACTIVITY else "",
        "balance_over": str(question.balance_over) if question.balance_over is not None else "",
        "idle_since": question.idle_since.isoformat() if question.idle_since is not None else "",
        "customer_type": question.customer_type,
    }
    return {name: value for name, value in asked.items() if value}


def csv_of(customers: Iterable[ListedCustomer]) -> Iterator[str]:
    """Write customers as CSV, a few at a time."""
    buffer = io.StringIO()
    # Without this mark a spreadsheet takes UTF-8 for something else.
    buffer.write("\ufeff")
    writer = csv.writer(buffer)
    writer.writerow(CSV_HEADINGS)
    for place, one in enumerate(customers, start=1):
        customer_type = guarded(one.customer_type) if one.customer_type else None
        writer.writerow([guarded(one.email), one.available, one.waiting, one.last_at.isoformat(), customer_type])
        if place % 500 == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
