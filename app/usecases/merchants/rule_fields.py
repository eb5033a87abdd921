"""Read the fields of a rule's form: each text becomes a value, or a sentence that says why it cannot."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum

DIGITS_MAX = 6


def number_field(
    typed: Mapping[str, str], name: str, largest: int, errors: dict[str, str], *, empty: Decimal | None = None
) -> Decimal:
    """Read an exact number from 0 to `largest`; `empty` is what an empty field means, where it may be empty."""
    text = typed.get(name, "").strip()
    if not text and empty is not None:
        return empty
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        errors[name] = "Write a number, with a point before the decimals: 1.5"
    elif number < 0:
        errors[name] = "This cannot be less than 0."
    elif number > largest:
        errors[name] = f"This cannot be more than {largest:,}."
    elif len(text) > 32 or -int(number.as_tuple().exponent) > DIGITS_MAX:
        errors[name] = f"At most {DIGITS_MAX} digits may follow the point."
    else:
        # Written as Saleor writes amounts: 1E+2 is 100.
        return Decimal(format(number, "f"))
    return Decimal(0)


def whole_field(typed: Mapping[str, str], name: str, largest: int, errors: dict[str, str]) -> int | None:
    """Read a whole number from 0 to `largest`; None where the field is empty."""
    text = typed.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 12) or int(text) > largest:
        errors[name] = f"Write a whole number from 0 to {largest:,}, or leave it empty."
        return None
    return int(text)


def text_field(typed: Mapping[str, str], name: str, length_max: int, errors: dict[str, str]) -> str | None:
    """Read printable text; None where there is none."""
    text = typed.get(name, "").strip()
    if len(text) > length_max or not text.isprintable():
        errors[name] = f"Write printable text of at most {length_max} characters."
    return text or None


def choice_field(typed: Mapping[str, str], name: str, values: type[StrEnum], errors: dict[str, str]) -> str:
    """Read one of the values."""
    text = typed.get(name, "")
    if text not in set(values):
        errors[name] = "Choose one of these."
        return next(iter(values)).value
    return text
