"""Reads arrays of items. An item that will not do is refused by itself; the others go through."""

import json
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from app.domain.bounds import CUSTOMER_TYPE_LENGTH_MAX, EMAIL_LENGTH_MAX, EXPIRES_DAYS_MAX, POINTS_MAX
from app.domain.email import email_key, former_key, is_address
from app.errors import BadRequest
from app.usecases.api.items import BAD_AMOUNT, BAD_CHANGE, Move, NewClaim, RefusedItem

NOT_AN_OBJECT = RefusedItem("INVALID_ITEM", "Each item must be an object.")
BAD_EMAIL = RefusedItem("INVALID_EMAIL", "email must be an e-mail address.")
BAD_TYPE = RefusedItem(
    "INVALID_CUSTOMER_TYPE", f"customerType must be printable text of 1 to {CUSTOMER_TYPE_LENGTH_MAX} characters."
)
BAD_DAYS = RefusedItem("INVALID_EXPIRES", f"expires must be a whole number of days from 0 to {EXPIRES_DAYS_MAX}.")

_NOT_WHOLE = object()
Item = TypeVar("Item", NewClaim, Move)


def array_in(body: bytes) -> list[Any]:
    """Read the array that a body holds.

    Raises BadRequest when it is no JSON, or no array.
    """
    try:
        found = json.loads(body, parse_float=whole_number, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise BadRequest('The body is not JSON. It must be an array, such as [{"amount": 400}].') from None
    if not isinstance(found, list):
        raise BadRequest("The body must be an array, also for a single item.")
    return found


def claim_in(raw: Any) -> NewClaim | RefusedItem:
    """Read one claim."""
    if not isinstance(raw, dict):
        return NOT_AN_OBJECT
    amount, email = raw.get("amount"), raw.get("email")
    customer_type, expires = raw.get("customerType"), raw.get("expires")
    if type(amount) is not int or not 0 < amount <= POINTS_MAX:
        return BAD_AMOUNT
    if email is not None:
        if not isinstance(email, str):
            return BAD_EMAIL
        email = email.strip()
        if email and not is_customer(email):
            return BAD_EMAIL
    if customer_type is not None and not _is_name(customer_type):
        return BAD_TYPE
    if expires is not None and (type(expires) is not int or not 0 <= expires <= EXPIRES_DAYS_MAX):
        return BAD_DAYS
    return NewClaim(amount, email or "", customer_type, expires)


def move_in(raw: Any) -> Move | RefusedItem:
    """Read one INSTANT."""
    if not isinstance(raw, dict):
        return NOT_AN_OBJECT
    amount, email = raw.get("amount"), raw.get("email")
    if type(amount) is not int or not 0 < abs(amount) <= POINTS_MAX:
        return BAD_CHANGE
    if not isinstance(email, str) or not is_customer(email.strip()):
        return BAD_EMAIL
    return Move(amount, email.strip())


def is_customer(email: str) -> bool:
    """Tell whether an address, trimmed, can stand for a customer."""
    return is_address(email) and (email.isascii() or max(len(email_key(email)), len(former_key(email))) <= EMAIL_LENGTH_MAX)


def whole_number(text: str) -> Any:
    """Read a number with a fraction or an exponent: 400.0 is a whole number, and anything else is none that we take."""
    digits, _, fraction = text.partition(".")
    return int(digits) if fraction and not fraction.strip("0") else _NOT_WHOLE


def items_in(raws: list[Any], read: Callable[[Any], Item | RefusedItem]) -> list[Item | RefusedItem]:
    """Read all items of an array."""
    return [read(raw) for raw in raws]


def _is_name(customer_type: Any) -> bool:
    return (
        isinstance(customer_type, str)
        and 0 < len(customer_type) <= CUSTOMER_TYPE_LENGTH_MAX
        and customer_type.isprintable()
        and not customer_type.isspace()
    )


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")
