"""Refuse a NUL in any text of a request: PostgreSQL can store none, and nobody types one.

JSON is looked at where it is read: a signed delivery as a whole, a call of the Points API item by item.
"""

from typing import NoReturn

from flask import Flask, Request, request

from app.errors import BadRequest


class NulRefusingRequest(Request):
    """A request that has no form with a NUL in it. A form is parsed when a view first reads it, and looked at then."""

    def _load_form_data(self) -> None:
        super()._load_form_data()
        fields = self.__dict__["form"]
        if any("\0" in text for field in fields.items(multi=True) for text in field):
            _refuse()


def refuse_nul(app: Flask) -> None:
    """Look at the path and the query of each request before a view does, and at a form when a view reads it."""
    app.request_class = NulRefusingRequest

    @app.before_request
    def look() -> None:
        if "\0" in request.path or b"%00" in request.query_string or b"\0" in request.query_string:
            _refuse()


def _refuse() -> NoReturn:
    raise BadRequest("The request holds a NUL character in a text.")
