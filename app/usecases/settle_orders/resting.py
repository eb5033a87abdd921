"""Step 7: let the orders rest until time, or somebody, changes something."""

from datetime import datetime
from typing import Any

from app.domain import retry
from app.store.waiting import rest
from app.usecases.services import Services
from app.usecases.settle_orders.batch import Batch, InHand, Problem

_DOUBT = "doubt"


def rest_orders(services: Services, batch: Batch) -> None:
    """Write the time of each order's next look and what stands in its way; who was woken meanwhile keeps that wake."""
    now = services.clock()
    rests = [_rest(hand, now) for hand in batch.hands.values()]
    with services.database.writing() as session:
        rest(session, batch.lease_token, rests)


def _rest(hand: InHand, now: datetime) -> dict[str, Any]:
    if hand.due is not None and hand.due.look_again_at is not None:
        hand.next_looks.append(hand.due.look_again_at)
    shortfall, since = _shortfall(hand, now)
    problem = _problem(hand)
    return {
        "of_order": hand.id,
        "of_wakes": hand.row.wakes,
        "next_look": min(hand.next_looks, default=None),
        "new_shortfall": shortfall,
        "new_shortfall_since": since,
        "new_problem_code": problem.code if problem else None,
        "new_problem": problem.sentence if problem else None,
        "new_failures": hand.failures if hand.has_failed else 0,
    }


def _shortfall(hand: InHand, now: datetime) -> tuple[int, datetime | None]:
    if hand.order is None:
        return hand.row.shortfall, hand.row.shortfall_since
    shortfall = hand.decision.shortfall
    if shortfall == 0:
        return 0, None
    since = hand.row.shortfall_since or now
    look = retry.next_shortfall_look(now - since)
    if look is not None:
        hand.next_looks.append(since + look)
    return shortfall, since


def _problem(hand: InHand) -> Problem | None:
    if hand.problem is None and hand.books.doubt is not None:
        return Problem(_DOUBT, hand.books.doubt)
    if hand.problem is None and hand.order is None and hand.row.problem_code is not None and hand.row.problem is not None:
        # It could not be read this time, so nothing new is known.
        return Problem(hand.row.problem_code, hand.row.problem)
    return hand.problem
