"""The tokens of forms: each form carries one, and what it asks for is done once, however often it is sent."""

import re
from uuid import uuid4

from app.db.form_tokens import FormToken
from app.errors import BadRequest

__all__ = ["FormToken", "as_once", "new_token"]

_TOKEN = re.compile(r"[0-9a-f]{32}")


def new_token() -> str:
    """Make the token of a form."""
    return uuid4().hex


def as_once(token: str, *, store_id: int, made_by: str, user_id: str) -> FormToken:
    """Check the token that a form carries.

    Raises BadRequest when it is none that a page of ours made.
    """
    if not _TOKEN.fullmatch(token):
        raise BadRequest("This form is not complete. Please reload the page and try again.")
    return FormToken(token, store_id, made_by, user_id)
