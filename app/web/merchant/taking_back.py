"""Take a reward back, or settle one whose gift card was deleted: the forms of a customer's page and of a reward's."""

from flask import request

from app.errors import BadRequest
from app.usecases.rewards.settle_deleted import settle_deleted
from app.usecases.rewards.withdraw import release_redemption
from app.usecases.services import Services
from app.web.merchant.authentication import Staff
from app.web.merchant.change_words import Said
from app.web.merchant.fragments import form_once, form_text

# No id of a row has as many.
_ID_DIGITS = 20


def withdraw_reward(services: Services, staff: Staff) -> Said:
    """Take back the reward that the form names. Raises BadRequest where it cannot be done."""
    release_redemption(services, staff.store_slug, _number(), who=staff.email, once=form_once(staff))
    return "success", "The reward is being withdrawn", "The points come back ten minutes after its code is blocked."


def settle_reward(services: Services, staff: Staff) -> Said:
    """Do what the form says. Raises BadRequest where it cannot be done."""
    number, answer = _number(), request.form.get("gives_back")
    if answer not in {"yes", "no"}:
        raise _incomplete()
    settle_deleted(
        services,
        staff.store_slug,
        number,
        gives_back=answer == "yes",
        why=form_text("reward_why"),
        who=staff.email,
        once=form_once(staff),
    )
    return "success", "Points given back" if answer == "yes" else "Points written off", ""


def _number() -> int:
    number = form_text("redemption")
    if not (number.isascii() and number.isdigit() and len(number) < _ID_DIGITS):
        raise _incomplete()
    return int(number)


def _incomplete() -> BadRequest:
    return BadRequest("This form is not complete. Please reload the page and try again.")
