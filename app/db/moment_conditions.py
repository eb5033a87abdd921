"""The conditions of `app/domain/moments.py`, as a database asks them."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_

from app.domain.moments import CLOCKS_AGREE_WITHIN


def is_free(until: Any, now: Any, ahead: Any) -> ColumnElement[bool]:
    """Nothing waits until a moment: there is none, it is over, or it lies ahead of `ahead`, the furthest that one can be set."""
    return or_(until.is_(None), until <= now, until > ahead)


def is_due(last: Any, now: Any, *, every: timedelta) -> ColumnElement[bool]:
    """What was done last at a moment is to be done again. A moment ahead of us does not count."""
    return or_(last.is_(None), last <= now - every, last > now + CLOCKS_AGREE_WITHIN)
