"""What a client asks for, item by item, and what comes of each."""

from typing import NamedTuple

from app.domain.bounds import POINTS_MAX

# An array may hold this many; the body's own bound is a megabyte.
ITEMS_MAX = 1000


class NewClaim(NamedTuple):
    """A claim that a client asks for. No e-mail: whoever has the link may take it. No days: the store's own default."""

    amount: int
    email: str = ""
    customer_type: str | None = None
    expires: int | None = None


class Move(NamedTuple):
    """An INSTANT: points to give to a customer, or with a minus to take."""

    amount: int
    email: str


class RefusedItem(NamedTuple):
    """Why an item is not done. The message is a sentence for whoever wrote the client."""

    code: str
    message: str


class Claimed(NamedTuple):
    """A claim was created; this is its token, 32 hexadecimal digits."""

    token: str


class BalanceMoved(NamedTuple):
    """The balance was moved."""


class SpendState(NamedTuple):
    """A spend as it stands: its id, the points that were paid, those given back, what for, and when (ISO 8601)."""

    id: str
    points: int
    given_back: int
    reference: str
    created_at: str


BAD_AMOUNT = RefusedItem("INVALID_AMOUNT", f"amount must be a whole number from 1 to {POINTS_MAX}.")
BAD_CHANGE = RefusedItem("INVALID_AMOUNT", f"amount must be a whole number from -{POINTS_MAX} to {POINTS_MAX}, and not 0.")
INSUFFICIENT = RefusedItem(
    "INSUFFICIENT_POINTS", "The customer has fewer points than that, and this store's balances never fall below 0."
)


def unlisted(customer_type: str) -> RefusedItem:
    """Refuse a customer type by its name."""
    return RefusedItem("UNKNOWN_CUSTOMER_TYPE", f'customerType "{customer_type}" is none of this store\'s customer types.')
