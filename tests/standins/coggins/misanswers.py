"""Faults that only this API can have: answers that do not match what was asked."""

from typing import Any

from tests.standins.faults import Fault, edited, status


def fewer_items() -> Fault:
    """Act on all items and answer all but the last."""
    return edited(lambda items: items[:-1])


def more_items() -> Fault:
    """Act, and answer the last item twice."""
    return edited(lambda items: [*items, items[-1]])


def other_email(email: str = "somebody.else@example.com") -> Fault:
    """Act, and echo another e-mail in every item."""
    return edited(lambda items: [_with(item, "email", email) for item in items])


def other_amount(amount: int = 1) -> Fault:
    """Act, and echo another amount in every item."""
    return edited(lambda items: [_with(item, "amount", amount) for item in items])


def success_false(message: str = "The store is closed.") -> Fault:
    """Do nothing and say so with HTTP 200."""
    return status(200, {"success": False, "message": message})


def _with(item: dict[str, Any], name: str, value: object) -> dict[str, Any]:
    return {**item, name: value}
