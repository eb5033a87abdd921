"""An order's page: it explains the number, and has what staff can do about it."""

from collections.abc import Callable
from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, Response, abort, request

from app.errors import BadRequest
from app.saleor.parsing import is_order_id
from app.usecases.merchants.adjust_points import adjust_order, look_again, write_off
from app.usecases.merchants.explain_order import Explanation, explain_order
from app.usecases.merchants.form_tokens import new_token
from app.usecases.merchants.void_claim import void_claim
from app.usecases.moving.resolve_movement import resolve_call, resolve_movement
from app.usecases.rewards.rewards_of_order import rewards_of_order
from app.usecases.services import Services
from app.web.merchant import order_words
from app.web.merchant.authentication import Staff, order_manager
from app.web.merchant.change_words import APPEARS_BY_ITSELF, BEING_CHANGED, Said, said_of_order
from app.web.merchant.fragments import at, form_once, form_text, fragment, notify
from app.web.merchant.settling_payments import settle_debt, settle_payment
from app.web.merchant.short_takings import short_of_order
from app.web.merchant.spend_words import RETURN_WORDS, STAGE_WORDS

_ENTRIES_SHOWN = 200


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the order page and its actions."""

    @routes.get("/pages/orders/give")
    def give_from_dashboard() -> Response:
        return _page(services, order_manager(services, request), request.args.get("orderId", ""), opened="adjust")

    @routes.get("/pages/orders/<order_id>")
    def order(order_id: str) -> Response:
        return _page(services, order_manager(services, request), order_id)

    @routes.get("/pages/orders/<order_id>/give")
    def give(order_id: str) -> Response:
        return _page(services, order_manager(services, request), order_id, opened="adjust")

    @routes.post("/pages/orders/<order_id>/<action>")
    def act(order_id: str, action: str) -> Response:
        staff = order_manager(services, request)
        if action not in _ACTIONS or not is_order_id(order_id):
            abort(404, "Saleor Points does not have this page.")
        return _act(services, staff, order_id, action)


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
        stages=STAGE_WORDS,
        reasons=RETURN_WORDS,
        rewards=rewards_of_order(services, staff.store_id, order_id),
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
        if action == "adjust":
            short = short_of_order(services, staff.store_id, order_id, signed_points())
            if short is not None:
                return _page(services, staff, order_id, failed=action, sentence=short.sentence, takes=short.takes)
        said = _ACTIONS[action](services, staff, order_id)
    except BadRequest as refused:
        return _page(services, staff, order_id, failed=action, sentence=refused.message)
    return notify(_page(services, staff, order_id), *said)


def _dashboard_link(staff: Staff, explained: Explanation) -> str:
    """Give the path of the order's own page, within the Dashboard."""
    return (
        f"{staff.dashboard_url.rstrip('/')}/orders/{quote(explained.order.saleor_order_id, safe='')}"
        if staff.dashboard_url
        else ""
    )


def _look_again(services: Services, staff: Staff, order_id: str) -> Said:
    look_again(services, staff.store_slug, order_id, who=staff.email, once=form_once(staff))
    return "info", "Checking the order", APPEARS_BY_ITSELF


def _resolve(services: Services, staff: Staff, _order_id: str) -> Said:
    happened = _happened()
    resolve_movement(
        services, _uuid("movement"), happened=happened, who=staff.email, store_id=staff.store_id, once=form_once(staff)
    )
    did_not = "Recorded: it did not. The app asks again if the points are still due"
    return "success", "Recorded: it went through" if happened else did_not, ""


def _resolve_call(services: Services, staff: Staff, _order_id: str) -> Said:
    happened = _happened()
    resolve_call(services, _uuid("call"), happened=happened, who=staff.email, store_id=staff.store_id, once=form_once(staff))
    return "success", "Recorded for the whole request", ""


def _write_off(services: Services, staff: Staff, order_id: str) -> Said:
    written_off = write_off(services, staff.store_slug, order_id, who=staff.email, once=form_once(staff))
    return said_of_order(written_off.outcome, made=("success", "Points written off", ""))


def _void(services: Services, staff: Staff, _order_id: str) -> Said:
    reason = form_text("void_reason")
    void_claim(services, staff.store_id, _uuid("claim"), reason=reason, who=staff.email, once=form_once(staff))
    return "info", "The claim link is being withdrawn", APPEARS_BY_ITSELF


def _adjust(services: Services, staff: Staff, order_id: str) -> Said:
    points = signed_points()
    outcome = adjust_order(
        services, staff.store_slug, order_id, points=points, reason=form_text("reason"), who=staff.email, once=form_once(staff)
    )
    return said_of_order(outcome, made=BEING_CHANGED)


_ACTIONS: dict[str, Callable[[Services, Staff, str], Said]] = {
    "look-again": _look_again,
    "resolve": _resolve,
    "resolve-call": _resolve_call,
    "write-off": _write_off,
    "void": _void,
    "adjust": _adjust,
    "settle-payment": lambda services, staff, _order_id: settle_payment(services, staff),
    "settle-debt": lambda services, staff, _order_id: settle_debt(services, staff),
}


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
