"""Settle a payment by points that Saleor has no more: the form on its order's page, and on its customer's."""

from flask import request

from app.errors import BadRequest
from app.usecases.services import Services
from app.usecases.spending.settle_missing import settle_missing
from app.web.merchant.authentication import Staff
from app.web.merchant.change_words import Said
from app.web.merchant.fragments import form_once, form_text

# No id of a row has as many.
_ID_DIGITS = 20


def settle_payment(services: Services, staff: Staff) -> Said:
    """Do what the form says. Raises BadRequest where it cannot be done."""
    number, answer = form_text("payment"), request.form.get("gives_back")
    if not (number.isascii() and number.isdigit() and len(number) < _ID_DIGITS) or answer not in {"yes", "no"}:
        raise BadRequest("This form is not complete. Please reload the page and try again.")
    settle_missing(
        services,
        staff.store_slug,
        int(number),
        give_back=answer == "yes",
        why=form_text("settle_why"),
        who=staff.email,
        once=form_once(staff),
    )
    return "success", "Points given back" if answer == "yes" else "Points written off", ""
