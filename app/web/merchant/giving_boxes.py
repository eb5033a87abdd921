"""The boxes beside an order and a customer. Each has a form that gives points, and says what came of it.

The form is there only where `widget.js` can send it. A box that the Dashboard posts to has no token that a script could send.
"""

import re
from urllib.parse import quote

from flask import Blueprint, Response, request

from app.errors import BadRequest
from app.saleor.parsing import is_order_id
from app.settings import Settings
from app.usecases.merchants.adjust_points import adjust_customer, adjust_order
from app.usecases.merchants.find_customers import customer_address
from app.usecases.merchants.form_tokens import new_token
from app.usecases.merchants.list_requests import count_waiting
from app.usecases.merchants.look_up_customer import look_up_customer
from app.usecases.merchants.see_widgets import see_order_box
from app.usecases.services import Services
from app.web.merchant import order_words
from app.web.merchant.advice import advice_for
from app.web.merchant.authentication import Staff
from app.web.merchant.box import box_page, box_staff
from app.web.merchant.change_words import BEING_CHANGED, Said, said_of_customer, said_of_order
from app.web.merchant.fragments import form_about, form_once, form_text
from app.web.merchant.orders import signed_points
from app.web.merchant.places import as_segment
from app.web.merchant.short_takings import short_of_customer, short_of_order

GLOBAL_ID = re.compile(r"[A-Za-z0-9+/=]{4,128}")
_MOVEMENTS_MAX = 5


def add_routes(routes: Blueprint, services: Services, settings: Settings) -> None:
    """Serve what is in the two boxes, and take their forms."""

    @routes.post("/widgets/order")
    def order_box() -> Response:
        return _order_box(services, box_staff(services, settings), _order_id())

    @routes.post("/widgets/order/give")
    def give_to_order() -> Response:
        staff, order_id = box_staff(services, settings), _order_id()
        try:
            points, reason, once = signed_points(), form_text("reason"), form_once(staff)
            if (short := short_of_order(services, staff.store_id, order_id, points)) is not None:
                return _order_box(services, staff, order_id, sentence=short.sentence, takes=short.takes)
            outcome = adjust_order(services, staff.store_slug, order_id, points=points, reason=reason, who=staff.email, once=once)
        except BadRequest as refused:
            return _order_box(services, staff, order_id, sentence=refused.message)
        return _order_box(services, staff, order_id, said=said_of_order(outcome, made=BEING_CHANGED))

    @routes.post("/widgets/customer")
    def customer_box() -> Response:
        staff = box_staff(services, settings)
        return _customer_box(services, staff, customer_address(services, staff.store_id, _user_id()))

    @routes.post("/widgets/customer/give")
    def give_to_customer() -> Response:
        staff = box_staff(services, settings)
        # Saleor may know the customer by another address than when the box was shown.
        email = customer_address(services, staff.store_id, _user_id()) or ""
        try:
            form_about("email", email)
            points, reason, once = signed_points(), form_text("reason"), form_once(staff)
            if (short := short_of_customer(services, staff.store_id, email, points)) is not None:
                return _customer_box(services, staff, email, sentence=short.sentence, takes=short.takes)
            adjusted = adjust_customer(
                services, staff.store_slug, email, points=points, reason=reason, who=staff.email, once=once
            )
        except BadRequest as refused:
            return _customer_box(services, staff, email, sentence=refused.message)
        return _customer_box(services, staff, email, said=said_of_customer(adjusted, points))


def _order_id() -> str:
    order_id = request.form.get("orderId", "")
    if not is_order_id(order_id):
        raise BadRequest("The Dashboard did not name the order.")
    return order_id


def _user_id() -> str:
    user_id = request.form.get("customerId", "")
    if not GLOBAL_ID.fullmatch(user_id):
        raise BadRequest("The Dashboard did not name the customer.")
    return user_id


def _order_box(
    services: Services,
    staff: Staff,
    order_id: str,
    *,
    said: Said | None = None,
    sentence: str = "",
    takes: int | None = None,
) -> Response:
    order = see_order_box(services, staff.store_id, order_id)
    return box_page(
        "order_widget.html",
        staff,
        f"orders/{quote(order_id)}",
        status=422 if sentence else 200,
        order=order,
        words=order_words.STATUS_WORDS,
        advice=advice_for,
        **_form(said=said, sentence=sentence, takes=takes),
    )


def _customer_box(
    services: Services,
    staff: Staff,
    email: str | None,
    *,
    said: Said | None = None,
    sentence: str = "",
    takes: int | None = None,
) -> Response:
    customer = look_up_customer(services, staff.store_id, email) if email else None
    return box_page(
        "customer_widget.html",
        staff,
        f"customers/{as_segment(customer.email)}" if customer is not None else "customers",
        status=422 if sentence else 200,
        customer=customer,
        approvals_waiting=count_waiting(services, staff.store_id, email=customer.email) if customer is not None else 0,
        words=order_words,
        movements_max=_MOVEMENTS_MAX,
        **_form(said=said, sentence=sentence, takes=takes),
    )


def _form(*, said: Said | None, sentence: str, takes: int | None) -> dict[str, object]:
    """Give what the form of a box is made of. What was typed is shown again only where it was not accepted."""
    typed = request.form if sentence else {}
    # Only the script of a box names the Dashboard so.
    can_send = "Dashboard-Url" in request.headers
    return {"said": said, "sentence": sentence, "takes": takes, "typed": typed, "once": new_token(), "can_send": can_send}
