"""Taking more points than are there: said before it is done."""

from dataclasses import dataclass

from flask import request

from app.web.merchant.words import number


@dataclass(frozen=True, slots=True)
class ShortTaking:
    """What to say before points are taken of which only a part is there. `takes` is how many are taken after all."""

    sentence: str
    takes: int


def short_taking(asked: int, there: int) -> ShortTaking | None:
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
