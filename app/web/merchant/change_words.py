"""What came of a change by hand, in words: for the notification of a page, and for a box."""

from app.usecases.merchants.adjust_points import Adjusted, FormOutcome
from app.web.merchant.fragments import Tone
from app.web.merchant.words import number

# Tone, title, and what else there is to say.
Said = tuple[Tone, str, str]

APPEARS_BY_ITSELF = "The outcome appears by itself."
BEING_CHANGED: Said = ("info", "The points are being changed", APPEARS_BY_ITSELF)
_WAITS: Said = (
    "warning",
    "The change waits for approval",
    "It is above a limit of your shop. Nothing was changed yet; somebody with MANAGE_APPS decides.",
)
_SENT_BEFORE: Said = ("info", "This form was sent before", "It did nothing a second time.")


def said_of_order(outcome: FormOutcome, *, made: Said) -> Said:
    """Say what came of a form of an order. `made` is what is said where the change was made now."""
    return {FormOutcome.MADE: made, FormOutcome.WAITS: _WAITS, FormOutcome.SENT_BEFORE: _SENT_BEFORE}[outcome]


def said_of_customer(adjusted: Adjusted | None, asked: int) -> Said:
    """Say what came of a change of a customer's points."""
    if adjusted is None:
        return _SENT_BEFORE
    if adjusted.waits_for_approval:
        return _WAITS
    if adjusted.points is None:
        return BEING_CHANGED
    if adjusted.refusal:
        return "error", "No points were changed", adjusted.refusal
    done, missing = adjusted.points, abs(asked) - abs(adjusted.points)
    title = f"{number(abs(done))} {'point' if abs(done) == 1 else 'points'} {'given' if done > 0 else 'taken'}"
    return "success", title, f"{number(missing)} were not there to take." if missing > 0 else ""
