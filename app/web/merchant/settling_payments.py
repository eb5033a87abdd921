"""Settle a payment by points, or what is owed of it: the forms on its order's page, and on its customer's."""

from flask import request

from app.errors import BadRequest
from app.usecases.services import Services
from app.usecases.spending.settle_debt import look_for_debt, write_off_debt
from app.usecases.spending.settle_missing import settle_missing
from app.web.merchant.authentication import Staff
from app.web.merchant.change_words import Said
from app.web.merchant.fragments import form_once, form_text

# No id of a row has as many.
_ID_DIGITS = 20


def settle_payment(services: Services, staff: Staff) -> Said:
    """Settle one that Saleor has no more, as the form says. Raises BadRequest where it cannot be done."""
    number, answer = _asked("gives_back", "yes", "no")
    settle_missing(
        services,
        staff.store_slug,
        number,
        give_back=answer == "yes",
        why=form_text("settle_why"),
        who=staff.email,
        once=form_once(staff),
    )
    return "success", "Points given back" if answer == "yes" else "Points written off", ""


def settle_debt(services: Services, staff: Staff) -> Said:
    """Look again for what is owed, or write it off, as the form says. Raises BadRequest where it cannot be done."""
    number, way = _asked("way", "look_again", "write_off")
    who, once = staff.email, form_once(staff)
    if way == "look_again":
        look_for_debt(services, staff.store_slug, number, who=who, once=once)
        return "info", "Looking again", "The points that are there are taken within a minute."
    write_off_debt(services, staff.store_slug, number, why=form_text("settle_why"), who=who, once=once)
    return "success", "Points written off", ""


def _asked(name: str, *answers: str) -> tuple[int, str]:
    number, answer = form_text("payment"), request.form.get(name, "")
    if not (number.isascii() and number.isdigit() and len(number) < _ID_DIGITS) or answer not in answers:
        raise BadRequest("This form is not complete. Please reload the page and try again.")
    return int(number), answer
