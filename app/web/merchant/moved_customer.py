"""A customer is moved to another address: first what follows is shown, and a second confirmation does it."""

from flask import Blueprint, Response, request

from app.errors import BadRequest
from app.usecases.merchants.list_moves import moves_of_customer
from app.usecases.merchants.move_customer import move_customer, preview_move
from app.usecases.merchants.two_customers import CustomerMove
from app.usecases.services import Services
from app.web.merchant.authentication import MANAGE_APPS, MANAGE_ORDERS, Staff, require, staff_of
from app.web.merchant.customers import page_about
from app.web.merchant.fragments import form_about, form_once, form_text, notify
from app.web.merchant.order_words import MOVE_WORDS
from app.web.merchant.places import from_segment


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the page, and its two confirmations."""

    @routes.get("/pages/customers/<segment>/move")
    def moves(segment: str) -> Response:
        return _page(services, _allowed(services), from_segment(segment))

    @routes.get("/pages/customers/<segment>/move/<to_segment>")
    def move_to(segment: str, to_segment: str) -> Response:
        return _page(services, _allowed(services), from_segment(segment), to_email=from_segment(to_segment))

    @routes.post("/pages/customers/<segment>/move/look")
    def look(segment: str) -> Response:
        staff, email = _allowed(services), from_segment(segment)
        to_email, reason = form_text("to", length_max=320), form_text("reason")
        try:
            form_about("email", email)
            told = preview_move(services, staff.store_slug, email, to_email, reason=reason)
        except BadRequest as refused:
            return _page(services, staff, email, to_email=to_email, reason=reason, sentence=refused.message)
        return _page(services, staff, email, to_email=to_email, reason=reason, told=told)

    @routes.post("/pages/customers/<segment>/move")
    def move(segment: str) -> Response:
        staff, email = _allowed(services), from_segment(segment)
        to_email, reason = form_text("to", length_max=320), form_text("reason")
        try:
            form_about("email", email)
            moved = move_customer(
                services,
                staff.store_slug,
                email,
                to_email,
                reason=reason,
                who=staff.email,
                once=form_once(staff),
                # Whoever sets the limits may move more than they allow.
                holds_limits=MANAGE_APPS not in staff.user_permissions,
            )
        except BadRequest as refused:
            return _page(services, staff, email, to_email=to_email, reason=reason, sentence=refused.message)
        if moved is not None and (moved.is_embedded or moved.points == 0):
            return notify(_page(services, staff, email), "success", "The customer was moved")
        return notify(
            _page(services, staff, email), "info", "The customer is being moved", "The page shows the outcome by itself."
        )


def _allowed(services: Services) -> Staff:
    staff = staff_of(services, request)
    require(staff, MANAGE_ORDERS)
    return staff


def _page(
    services: Services,
    staff: Staff,
    email: str,
    *,
    to_email: str = "",
    reason: str = "",
    sentence: str = "",
    told: CustomerMove | None = None,
) -> Response:
    return page_about(
        staff,
        "customer_move.html",
        email,
        "move",
        sentence=sentence,
        to_email=to_email,
        reason=reason,
        told=told,
        moves=moves_of_customer(services, staff.store_id, email),
        words=MOVE_WORDS,
    )
