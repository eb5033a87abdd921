"""Approvals: changes by staff that are above a limit of the shop, and what somebody else decides about them."""

from flask import Blueprint, Response, abort, request

from app.errors import BadRequest
from app.usecases.merchants.batches.see_batch import waiting_batches
from app.usecases.merchants.decide_request import decide_request
from app.usecases.merchants.form_tokens import new_token
from app.usecases.merchants.list_requests import LISTED_MAX, count_waiting, list_requests
from app.usecases.services import Services
from app.web.merchant.authentication import MANAGE_APPS, MANAGE_ORDERS, Staff, require, staff_of
from app.web.merchant.fragments import at, form_once, form_text, fragment, notify

_DECISIONS = {"approve": True, "refuse": False}


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the list, and the decisions."""

    @routes.get("/pages/approvals")
    def approvals() -> Response:
        staff = staff_of(services, request)
        # Whoever decides may see what there is to decide, and whoever asks may see what became of it.
        require(staff, MANAGE_APPS if MANAGE_APPS in staff.user_permissions else MANAGE_ORDERS)
        return approvals_page(services, staff)

    @routes.post("/pages/approvals/<int:request_id>/<decision>")
    def decide(request_id: int, decision: str) -> Response:
        staff = staff_of(services, request)
        require(staff, MANAGE_APPS)
        if decision not in _DECISIONS or request_id >= 2**63:
            abort(404, "Saleor Points does not have this page.")
        try:
            once, reason = form_once(staff), form_text(f"{decision}-reason-{request_id}")
            approves = _DECISIONS[decision]
            decide_request(services, staff.store_slug, request_id, approves=approves, reason=reason, who=staff.email, once=once)
        except BadRequest as refused:
            return at(approvals_page(services, staff, failed=f"{decision}{request_id}", sentence=refused.message), "approvals")
        return at(
            notify(approvals_page(services, staff), "success", "Change approved" if approves else "Change refused"), "approvals"
        )


def approvals_page(services: Services, staff: Staff, *, failed: str = "", sentence: str = "") -> Response:
    """Show what waits for approval and what was decided."""
    waiting, decided = list_requests(services, staff.store_slug)
    return fragment(
        "approvals.html",
        staff,
        status=422 if failed else 200,
        waiting=waiting,
        batches=waiting_batches(services, staff.store_slug),
        waiting_count=count_waiting(services, staff.store_id) if len(waiting) == LISTED_MAX else len(waiting),
        decided=decided,
        failed=failed,
        sentence=sentence,
        typed=request.form,
        new_token=new_token,
    )
