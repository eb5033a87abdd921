"""A customer, with the balance as the provider has it now."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from app.errors import BadRequest
from app.usecases.merchants.adjust_points import adjust_customer
from app.usecases.merchants.form_tokens import new_token
from app.usecases.merchants.keep_customer import planned_erasure
from app.usecases.merchants.list_moves import moves_of_customer
from app.usecases.merchants.list_requests import requests_of_customer
from app.usecases.merchants.look_up_customer import look_up_customer
from app.usecases.merchants.stopped_address import stopped_address, write_again
from app.usecases.rewards.list_redemptions import list_redemptions
from app.usecases.services import Services
from app.web.merchant import order_words
from app.web.merchant.authentication import MANAGE_ORDERS, MANAGE_USERS, Staff, require, staff_of
from app.web.merchant.change_words import Said, said_of_customer
from app.web.merchant.fragments import at, form_about, form_once, form_text, fragment, notify
from app.web.merchant.orders import signed_points
from app.web.merchant.places import as_segment, from_segment
from app.web.merchant.reward_words import REDEMPTION_WORDS
from app.web.merchant.settling_payments import settle_debt, settle_payment
from app.web.merchant.short_takings import short_of_customer
from app.web.merchant.spend_words import RETURN_WORDS, STAGE_WORDS
from app.web.merchant.taking_back import settle_reward, withdraw_reward

# No id of a row has as many.
_ID_DIGITS = 20


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the page of a customer, and the change of the points."""

    @routes.get("/pages/customers/<segment>")
    def customer(segment: str) -> Response:
        staff = staff_of(services, request)
        require(staff, MANAGE_ORDERS)
        return customer_page(services, staff, from_segment(segment), before=_entry_id("before"), after=_entry_id("after"))

    @routes.post("/pages/customers/<segment>/adjust")
    def adjust(segment: str) -> Response:
        staff = staff_of(services, request)
        require(staff, MANAGE_ORDERS)
        email = from_segment(segment)
        try:
            form_about("email", email)
            asked, reason, once = signed_points(), form_text("reason"), form_once(staff)
            if (short := short_of_customer(services, staff.store_id, email, asked)) is not None:
                told: dict[str, Any] = {"sentence": short.sentence, "takes": short.takes, "typed": request.form}
                return customer_page(services, staff, email, status=422, **told)
            adjusted = adjust_customer(services, staff.store_slug, email, points=asked, reason=reason, who=staff.email, once=once)
        except BadRequest as refused:
            return customer_page(services, staff, email, status=422, sentence=refused.message, typed=request.form)
        return notify(customer_page(services, staff, email), *said_of_customer(adjusted, asked))

    @routes.post("/pages/customers/<segment>/<any('settle-payment', 'settle-debt'):what>")
    def settle(segment: str, what: str) -> Response:
        staff = staff_of(services, request)
        require(staff, MANAGE_ORDERS)
        email = from_segment(segment)
        is_debt = what == "settle-debt"
        try:
            form_about("email", email)
            said = settle_debt(services, staff) if is_debt else settle_payment(services, staff)
        except BadRequest as refused:
            told: dict[str, Any] = {"debt_sentence" if is_debt else "settle_sentence": refused.message}
            return customer_page(services, staff, email, status=422, **told)
        return notify(customer_page(services, staff, email), *said)

    @routes.post("/pages/customers/<segment>/write-again")
    def write_to_stopped(segment: str) -> Response:
        staff = staff_of(services, request)
        require(staff, MANAGE_ORDERS)
        email = from_segment(segment)
        try:
            form_about("email", email)
            write_again(services, staff.store_id, email, who=staff.email, once=form_once(staff))
        except BadRequest as refused:
            return notify(customer_page(services, staff, email), "warning", "Nothing was changed", refused.message)
        return notify(customer_page(services, staff, email), "success", "Mails are sent to this address again")

    _add_rewards(routes, services)


def _add_rewards(routes: Blueprint, services: Services) -> None:
    """Serve what staff do about rewards that the customer took."""

    @routes.post("/pages/customers/<segment>/withdraw-reward")
    def withdraw(segment: str) -> Response:
        return change_reward(segment, withdraw_reward)

    @routes.post("/pages/customers/<segment>/settle-reward")
    def settle_deleted_reward(segment: str) -> Response:
        return change_reward(segment, settle_reward)

    def change_reward(segment: str, change: Callable[[Services, Staff], Said]) -> Response:
        staff = staff_of(services, request)
        require(staff, MANAGE_ORDERS)
        email = from_segment(segment)
        try:
            form_about("email", email)
            said = change(services, staff)
        except BadRequest as refused:
            return customer_page(services, staff, email, status=422, reward_sentence=refused.message)
        return notify(customer_page(services, staff, email), *said)


def customer_page(
    services: Services, staff: Staff, email: str, *, before: int | None = None, after: int | None = None, **values: Any
) -> Response:
    """Show the page of one customer, or of none. `is_giving` opens the form that gives points."""
    customer, error = None, ""
    if email:
        try:
            customer = look_up_customer(services, staff.store_id, email, before=before, after=after)
        except BadRequest as refused:
            error = refused.message
    given = {
        "sentence": "",
        "typed": {},
        "takes": None,
        "is_giving": False,
        "settle_sentence": "",
        "reward_sentence": "",
        "debt_sentence": "",
        "status": 422 if error else 200,
        **values,
    }
    answer = fragment(
        "customers.html",
        staff,
        email=email,
        customer=customer,
        error=error,
        words=order_words,
        stages=STAGE_WORDS,
        reasons=RETURN_WORDS,
        redemptions=list_redemptions(services, staff.store_id, email=email) if customer is not None else [],
        redemption_stages=REDEMPTION_WORDS,
        new_token=new_token,
        moves=moves_of_customer(services, staff.store_id, email) if customer is not None else [],
        requests=requests_of_customer(services, staff.store_id, email) if customer is not None else [],
        stopped=stopped_address(services, staff.store_id, customer.email) if customer is not None else None,
        erasure=planned_erasure(services, staff.store_id, email) if customer is not None else None,
        may_erase=MANAGE_USERS in staff.user_permissions,
        **given,
    )
    subject = customer.email if customer is not None else email
    place = f"customers/{as_segment(subject)}" if subject else "customers"
    if before is not None or after is not None:
        return at(answer, f"{place}?before={before}" if before is not None else f"{place}?after={after}")
    return at(answer, f"{place}/give" if subject and given["is_giving"] else place)


def page_about(staff: Staff, template: str, email: str, what: str, *, sentence: str = "", **values: Any) -> Response:
    """Show a page of its own about one customer, at `customers/<email>/<what>`. `sentence` says why nothing was done."""
    answer = fragment(template, staff, status=422 if sentence else 200, email=email, sentence=sentence, **values)
    return at(answer, f"customers/{as_segment(email)}/{what}") if email else answer


def _entry_id(name: str) -> int | None:
    """Read the id of an entry that a page of the history ends on."""
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < _ID_DIGITS else None
