"""Taking more points than are there: said before it is done."""

from dataclasses import dataclass

from flask import request

from app.usecases.merchants.explain_order import explain_order
from app.usecases.merchants.look_up_customer import look_up_customer
from app.usecases.services import Services
from app.web.merchant.words import number


@dataclass(frozen=True, slots=True)
class ShortTaking:
    """What to say before points are taken of which only a part is there. `takes` is how many are taken after all."""

    sentence: str
    takes: int


def short_of_order(services: Services, store_id: int, order_id: str, asked: int) -> ShortTaking | None:
    """Tell beforehand what cannot be taken of an order; None where all can."""
    explained = explain_order(services, store_id, order_id) if asked < 0 else None
    return _short(asked, explained.points_there) if explained is not None else None


def short_of_customer(services: Services, store_id: int, email: str, asked: int) -> ShortTaking | None:
    """Tell beforehand what cannot be taken; None where all can, or the balance is not known, or may fall below zero."""
    customer = look_up_customer(services, store_id, email) if asked < 0 else None
    if customer is None or customer.balance is None or not customer.has_floor:
        return None
    return _short(asked, customer.balance.available)


def _short(asked: int, there: int) -> ShortTaking | None:
    """Tell what a taking would leave; None where all of it is there, or the form was told already.

    A form that was told comes back with `takes`. If more is there by then, it is told anew: no more is taken than was said.
    """
    there = max(there, 0)
    if asked >= 0 or -asked <= there:
        return None
    told = request.form.get("takes", "")
    if told.isascii() and told.isdigit() and len(told) < _DIGITS and there <= int(told):
        return None
    missing = -asked - there
    not_there = f"{number(missing)} {'is' if missing == 1 else 'are'} not there"
    if there == 0:
        return ShortTaking(f"Takes nothing: {not_there}. Press the button once more to record it all the same.", 0)
    return ShortTaking(f"Takes {number(there)}; {not_there}. Press the button once more to take {number(there)}.", there)


_DIGITS = 20
