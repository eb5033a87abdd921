"""A test claim: on the first day a merchant sees what shoppers see."""

from flask import Blueprint, Response, request

from app.errors import BadRequest
from app.usecases.merchants.end_test_claims import end_test_claims, has_running_test
from app.usecases.merchants.make_test_claim import MadeTest, make_test_claim
from app.usecases.services import Services
from app.web.merchant.authentication import Staff, order_manager
from app.web.merchant.fragments import at, form_once, form_text, fragment, notify
from app.web.qr_code import qr_code

PLACE = "overview/test"


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the form, and the link that it makes."""

    @routes.get(f"/pages/{PLACE}")
    def form() -> Response:
        staff = order_manager(services, request)
        return page(staff, staff.email)

    @routes.post(f"/pages/{PLACE}")
    def make() -> Response:
        staff = order_manager(services, request)
        email = form_text("email")
        try:
            made = make_test_claim(services, staff.store_id, email, once=form_once(staff))
        except BadRequest as refused:
            return page(staff, email, error=refused.message)
        return notify(page(staff, email, made=made), "success", "The test is ready")

    @routes.post(f"/pages/{PLACE}/end")
    def end_tests() -> Response:
        staff = order_manager(services, request)
        end_test_claims(services, staff.store_id, once=form_once(staff))
        return notify(page(staff, staff.email), "success", "The test has ended")

    def page(staff: Staff, email: str, *, made: MadeTest | None = None, error: str = "") -> Response:
        is_running = has_running_test(services, staff.store_id)
        status = 422 if error else 200
        code = qr_code(made.link) if made is not None else ""
        shown = {"email": email, "made": made, "code": code, "is_running": is_running, "error": error}
        answer = fragment("test_claim.html", staff, status=status, **shown)
        return at(answer, PLACE) if request.method == "POST" else answer
