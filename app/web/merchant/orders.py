"""Orders: the list, the page that explains a number, and what staff can do about it."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date
from urllib.parse import quote, urlencode
from uuid import UUID

from flask import Blueprint, Response, abort, request

from app.domain.csv_cell import guarded
from app.errors import BadRequest
from app.saleor.parsing import is_order_id
from app.usecases.merchants.adjust_points import adjust_order, look_again, write_off
from app.usecases.merchants.explain_order import Explanation, explain_order
from app.usecases.merchants.form_tokens import new_token
from app.usecases.merchants.list_orders import SEARCH_LENGTH_MAX, ListedOrder, OrderFilter, Question, export_orders, list_orders
from app.usecases.merchants.void_claim import void_claim
from app.usecases.moving.resolve_movement import resolve_call, resolve_movement
from app.usecases.services import Services
from app.web.merchant import order_words
from app.web.merchant.authentication import MANAGE_ORDERS, Staff, require, staff_of
from app.web.merchant.fragments import at, form_once, form_text, fragment, notify
from app.web.merchant.short_takings import ShortTaking, short_taking

_ENTRIES_SHOWN = 200

WAITS_FOR_APPROVAL = "The change waits for approval"
ABOVE_A_LIMIT = "It is above a limit of your shop. Nothing was changed yet; somebody with MANAGE_APPS decides."

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


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the list, the export, the order page and its actions."""

    @routes.get("/pages/orders")
    def orders() -> Response:
        staff = _worker(services)
        question, errors = _question()
        page = list_orders(services, staff.store_id, question, time_zone=staff.time_zone)
        return fragment("orders.html", staff, status=422 if errors else 200, **_listed(question, errors), page=page)

    @routes.get("/pages/orders.csv")
    def export() -> Response:
        staff = _worker(services)
        question, _ = _question()
        everything = replace(question, before="", after="")
        found = export_orders(services, staff.store_id, everything, time_zone=staff.time_zone)
        answer = Response(csv_of(found), mimetype="text/csv")
        answer.headers["Content-Disposition"] = 'attachment; filename="orders.csv"'
        return answer

    @routes.get("/pages/orders/give")
    def give_from_dashboard() -> Response:
        return _page(services, _worker(services), request.args.get("orderId", ""), opened="adjust")

    @routes.get("/pages/orders/<order_id>")
    def order(order_id: str) -> Response:
        return _page(services, _worker(services), order_id)

    @routes.get("/pages/orders/<order_id>/give")
    def give(order_id: str) -> Response:
        return _page(services, _worker(services), order_id, opened="adjust")

    @routes.post("/pages/orders/<order_id>/<action>")
    def act(order_id: str, action: str) -> Response:
        staff = _worker(services)
        if action not in _ACTIONS or not is_order_id(order_id):
            abort(404, "Saleor Points does not have this page.")
        return _act(services, staff, order_id, action)


def _told(page: Response, action: str, title: str) -> Response:
    """Let the Dashboard say what came of an action."""
    if title == WAITS_FOR_APPROVAL:
        return notify(page, "warning", title, ABOVE_A_LIMIT)
    if action in _WAIT_FOR_THE_WORKER:
        return notify(page, "info", title, "The page shows the outcome by itself.")
    return notify(page, "success", title)


def _worker(services: Services) -> Staff:
    staff = staff_of(services, request)
    require(staff, MANAGE_ORDERS)
    return staff


def _question() -> tuple[Question, dict[str, str]]:
    """Read what is asked from the address; what cannot be read is left out and named."""
    errors: dict[str, str] = {}
    state = request.args.get("state", OrderFilter.ALL)
    question = Question(
        search=request.args.get("search", "").strip()[:SEARCH_LENGTH_MAX],
        state=OrderFilter(state) if state in set(OrderFilter) else OrderFilter.ALL,
        first_day=_day("first_day", errors),
        last_day=_day("last_day", errors),
        before=request.args.get("before", ""),
        after=request.args.get("after", ""),
    )
    return question, errors


def _day(name: str, errors: dict[str, str]) -> date | None:
    text = request.args.get(name, "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        errors[name] = "Enter a date such as 2026-05-31."
        return None


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


_STATES = (
    (OrderFilter.ALL.value, "All"),
    (OrderFilter.PROBLEM.value, "Needs you"),
    *((state, words) for state, (words, _) in order_words.STATUS_WORDS.items()),
)


def _page(
    services: Services,
    staff: Staff,
    order_id: str,
    *,
    failed: str = "",
    sentence: str = "",
    opened: str = "",
    takes: int | None = None,
) -> Response:
    """Show an order's page. `failed` names the action whose form was refused, `opened` the one whose form is to be open.

    `takes` is what the form was just told that it takes.
    """
    explained = explain_order(services, staff.store_id, order_id) if is_order_id(order_id) else None
    if explained is None:
        abort(404, "This order is not here. It may belong to another store, or Saleor Points has not seen it yet.")
    answer = fragment(
        "order.html",
        staff,
        status=422 if failed else 200,
        explained=explained,
        order=explained.order,
        words=order_words,
        rows=order_words.table(explained.arithmetic) if explained.arithmetic is not None else [],
        said=order_words.sentence(explained.arithmetic) if explained.arithmetic is not None else "",
        why=order_words.why_this_rule(explained.version) if explained.version is not None else "",
        dashboard_order=_dashboard_link(staff, explained),
        failed=failed,
        opened=failed or opened,
        sentence=sentence,
        takes=takes,
        typed=request.form,
        new_token=new_token,
        entries=explained.timeline[:_ENTRIES_SHOWN],
    )
    if opened:
        return at(answer, f"orders/{order_id}/give")
    return at(answer, f"orders/{order_id}") if request.method == "POST" else answer


def _act(services: Services, staff: Staff, order_id: str, action: str) -> Response:
    """Do what a form of the page asks for, and show the page as it is then."""
    try:
        if action == "adjust" and (short := _short_taking(services, staff, order_id)) is not None:
            return _page(services, staff, order_id, failed=action, sentence=short.sentence, takes=short.takes)
        title = _ACTIONS[action](services, staff, order_id)
    except BadRequest as refused:
        return _page(services, staff, order_id, failed=action, sentence=refused.message)
    return _told(_page(services, staff, order_id), action, title)


def _dashboard_link(staff: Staff, explained: Explanation) -> str:
    """Give the path of the order's own page, within the Dashboard."""
    return (
        f"{staff.dashboard_url.rstrip('/')}/orders/{quote(explained.order.saleor_order_id, safe='')}"
        if staff.dashboard_url
        else ""
    )


def _look_again(services: Services, staff: Staff, order_id: str) -> str:
    look_again(services, staff.store_slug, order_id, who=staff.email, once=form_once(staff))
    return "Checking the order"


def _resolve(services: Services, staff: Staff, _order_id: str) -> str:
    happened = _happened()
    resolve_movement(
        services, _uuid("movement"), happened=happened, who=staff.email, store_id=staff.store_id, once=form_once(staff)
    )
    return "Recorded: it went through" if happened else "Recorded: it did not. The app asks again if the points are still due"


def _resolve_call(services: Services, staff: Staff, _order_id: str) -> str:
    happened = _happened()
    resolve_call(services, _uuid("call"), happened=happened, who=staff.email, store_id=staff.store_id, once=form_once(staff))
    return "Recorded for the whole request"


def _write_off(services: Services, staff: Staff, order_id: str) -> str:
    points = write_off(services, staff.store_slug, order_id, who=staff.email, once=form_once(staff))
    return "Points written off" if points is not None else WAITS_FOR_APPROVAL


def _void(services: Services, staff: Staff, _order_id: str) -> str:
    reason = form_text("void_reason")
    void_claim(services, staff.store_id, _uuid("claim"), reason=reason, who=staff.email, once=form_once(staff))
    return "The claim link is being withdrawn"


def _short_taking(services: Services, staff: Staff, order_id: str) -> ShortTaking | None:
    asked = signed_points()
    explained = explain_order(services, staff.store_id, order_id) if asked < 0 else None
    return short_taking(asked, explained.points_there) if explained is not None else None


def _adjust(services: Services, staff: Staff, order_id: str) -> str:
    points = signed_points()
    is_made = adjust_order(
        services, staff.store_slug, order_id, points=points, reason=form_text("reason"), who=staff.email, once=form_once(staff)
    )
    return "The points are being changed" if is_made else WAITS_FOR_APPROVAL


_ACTIONS: dict[str, Callable[[Services, Staff, str], str]] = {
    "look-again": _look_again,
    "resolve": _resolve,
    "resolve-call": _resolve_call,
    "write-off": _write_off,
    "void": _void,
    "adjust": _adjust,
}
_WAIT_FOR_THE_WORKER = frozenset({"look-again", "void", "adjust"})


def signed_points() -> int:
    """Read how many points are to be given, or taken, from the form.

    Raises BadRequest when it is no whole number.
    """
    text = form_text("points", length_max=32).replace("\N{MINUS SIGN}", "-")
    digits = text.removeprefix("-").removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        raise BadRequest("Enter a whole number of points. Use a minus to take points.")
    return int(text)


def _happened() -> bool:
    answer = form_text("happened")
    if answer not in {"yes", "no"}:
        raise BadRequest("Choose whether it went through or not.")
    return answer == "yes"


def _uuid(name: str) -> UUID:
    try:
        return UUID(form_text(name))
    except ValueError:
        raise BadRequest("This form is not complete. Please reload the page and try again.") from None


def csv_of(orders: Iterable[ListedOrder]) -> Iterator[str]:
    """Write orders as CSV, a few at a time."""
    buffer = io.StringIO()
    # Without this mark a spreadsheet takes UTF-8 for something else.
    buffer.write("\ufeff")
    writer = csv.writer(buffer)
    writer.writerow(CSV_HEADINGS)
    for place, order in enumerate(orders, start=1):
        writer.writerow([guarded(value) if isinstance(value, str) else value for value in _values(order)])
        if place % 500 == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


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
