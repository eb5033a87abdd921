"""Reads the arguments of a request."""

from flask import request

from app.errors import BadRequest

PAGE_DEFAULT = 20
# As many digits as an id in the database has at most.
_ID_DIGITS_MAX = 18


def size_of_page(most: int) -> int:
    """Read how many entries a page is to have. Raises BadRequest for none and too many."""
    size = _number("size", default=PAGE_DEFAULT)
    if not 1 <= size <= most:
        raise BadRequest(f"size is a number from 1 to {most}.")
    return size


def page_start() -> int | None:
    """Read where a page begins: `next` of the page before; None for the first page."""
    return _number("before", default=0) or None


def _number(name: str, *, default: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS_MAX):
        raise BadRequest(f"{name} is a whole number.")
    return int(text)
