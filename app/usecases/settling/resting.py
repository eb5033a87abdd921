"""Step 7: let the orders rest until time, or somebody, changes something."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.db.logbook import log_settled
from app.db.queue import LEASE_HOLDS, rest, share_shortfall_looks
from app.db.waking import wake_lost
from app.domain import retry
from app.domain.email import folded
from app.usecases.services import Services
from app.usecases.settling.batch import Batch, InHand, Problem

_DOUBT = "doubt"


def rest_orders(services: Services, batch: Batch) -> None:
    """Write the time of each order's next look and what stands in its way; who was woken meanwhile keeps that wake."""
    now = services.clock()
    begun = _shortfalls_begun(batch, now)
    rests = [_rest(hand, begun, now) for hand in batch.hands.values()]
    with services.database.writing() as session:
        if batch.told_since is not None and now - batch.told_since >= LEASE_HOLDS:
            wake_lost(session, batch.lease_token, batch.hands, now)
        rest(session, batch.lease_token, rests)
        for email_key, since in begun.items():
            if since == now:
                share_shortfall_looks(session, batch.store_id, email_key, since, now + retry.FIRST_SHORTFALL_LOOK)
        if batch.moved:
            _log_moves(session, batch, now)


def _log_moves(session: Session, batch: Batch, now: datetime) -> None:
    log_settled(
        session,
        batch.store_id,
        orders=len({movement.order_id for movement in batch.moved}),
        granted=sum(movement.points for movement in batch.moved if movement.points > 0),
        taken_back=-sum(movement.points for movement in batch.moved if movement.points < 0),
        now=now,
    )


def _shortfalls_begun(batch: Batch, now: datetime) -> dict[str, datetime]:
    """Tell since when each customer lacks points. A new shortfall begins the looks of all of that customer's anew.

    A balance is one customer's, not one order's: one look-up tells all of them whether there is something to take.
    """
    begun: dict[str, datetime] = {}
    for hand in batch.hands.values():
        if hand.order is not None and hand.decision.shortfall > 0:
            since = hand.row.shortfall_since or now
            key = folded(hand.order.email)
            begun[key] = max(begun.get(key, since), since)
    return begun


def _rest(hand: InHand, begun: dict[str, datetime], now: datetime) -> dict[str, Any]:
    if hand.due is not None and hand.due.look_again_at is not None:
        hand.next_looks.append(hand.due.look_again_at)
    shortfall, since = _shortfall(hand, begun, now)
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
        "new_status": hand.status or hand.row.status,
        "new_words_mark": hand.row.words_mark if hand.words_mark is None else hand.words_mark,
    }


def _shortfall(hand: InHand, begun: dict[str, datetime], now: datetime) -> tuple[int, datetime | None]:
    if hand.order is None:
        return hand.row.shortfall, hand.row.shortfall_since
    if hand.decision.shortfall == 0:
        return 0, None
    since = begun[folded(hand.order.email)]
    look = retry.next_shortfall_look(now - since)
    if look is not None:
        hand.next_looks.append(since + look)
    return hand.decision.shortfall, since


def _problem(hand: InHand) -> Problem | None:
    if hand.problem is None and hand.books.doubt is not None:
        return Problem(_DOUBT, hand.books.doubt)
    if hand.problem is None and hand.order is None and hand.row.problem_code is not None and hand.row.problem is not None:
        # It could not be read this time, so nothing new is known.
        return Problem(hand.row.problem_code, hand.row.problem)
    return hand.problem
