"""Step 7: let the orders rest until time, or somebody, changes something."""

from collections.abc import Mapping
from datetime import datetime
from random import randrange
from typing import Any

from sqlmodel import Session

from app.db.books import position_of
from app.db.keys import key_in, keys_in
from app.db.logbook import log_settled
from app.db.queue import LEASE_HOLDS, rest, share_shortfall_looks
from app.db.waking import wake, wake_lost
from app.domain import retry
from app.domain.email import email_key
from app.domain.moved_customers import held_now
from app.domain.settlement import Stuck
from app.domain.status import PointsStatus
from app.ledger.entries import lock_balances
from app.usecases.mailing.order_mails import ReadyOrder, put_order_mails
from app.usecases.moving.causes import Problem
from app.usecases.services import Services
from app.usecases.settling.batch import Batch, Left, Moved, Standing
from app.usecases.settling.deciding import customer_today
from app.usecases.settling.lane_waits import lanes_that_are_free
from app.usecases.settling.telling import Telling

_DOUBT = "doubt"


def rest_orders(services: Services, batch: Batch, standings: Mapping[int, Standing], told: Telling, moved: Moved) -> None:
    """Write the time of each order's next look and what stands in its way. Who was woken meanwhile keeps that wake."""
    now = services.clock()
    begun = _shortfalls_begun(standings, now)
    rests = [_rest(standing, told, begun, now) for standing in standings.values()]
    with services.database.writing() as session:
        if told.since is not None and now - told.since >= LEASE_HOLDS:
            wake_lost(session, batch.lease_token, batch.orders, now)
        rest(session, batch.lease_token, rests)
        _wake_what_can_go_on(session, batch, standings, now)
        for email in {
            email_key(one.order.email): one.order.email for one in standings.values() if one.order is not None
        }.values():
            if begun.get(email_key(email)) == now:
                share_shortfall_looks(session, batch.store_id, keys_in(session, email), now, now + retry.FIRST_SHORTFALL_LOOK)
        _put_mails(session, services, batch, standings, told)
        if moved.accepted:
            _log_moves(session, batch, moved, now)


def _put_mails(session: Session, services: Services, batch: Batch, standings: Mapping[int, Standing], told: Telling) -> None:
    """Write to the shoppers whose points have begun to wait."""
    ready = [
        ReadyOrder(one.id, customer_today(one, one.order).email, one.order.language, one.order.placed_at or one.order.created_at)
        for one in standings.values()
        if one.order is not None and one.row.status != PointsStatus.READY and _is_ready(told, one.id)
    ]
    if ready:
        put_order_mails(session, services, batch.store, ready)


def _is_ready(told: Telling, order_id: int) -> bool:
    words = told.words.get(order_id)
    return words is not None and words.status is PointsStatus.READY


def _wake_what_can_go_on(session: Session, batch: Batch, standings: Mapping[int, Standing], now: datetime) -> None:
    """Wake the orders for which what they wait for has come while they were in hand: whoever brought it could not wake them."""
    waiting = {standing.id: standing.waits_lane for standing in standings.values() if standing.waits_lane is not None}
    free = lanes_that_are_free(session, sorted(set(waiting.values()))) if waiting else set()
    ready = {order_id for order_id, lane in waiting.items() if lane in free}
    short = {standing.id: keys for standing in standings.values() if (keys := _owing(session, batch, standing))}
    if short:
        available = lock_balances(session, batch.store_id, sorted(set().union(*short.values())), now)
        ready |= {order_id for order_id, keys in short.items() if any(available.get(key, 0) > 0 for key in keys)}
    for order_id in sorted(ready):
        wake(session, order_id, now)


def _owing(session: Session, batch: Batch, standing: Standing) -> set[str]:
    """Give the customers of embedded points of whom an order is to take back points that were not there."""
    if standing.decision.stuck is not Stuck.NOTHING_THERE:
        return set()
    position, _ = held_now(position_of(standing.books, batch.accounts.showing_claims), standing.moves)
    return {
        key_in(session, grant.email)
        for grant in position.grants
        if grant.is_in_balance and grant.points > grant.undone and grant.email and grant.account_id in batch.accounts.local
    }


def _log_moves(session: Session, batch: Batch, moved: Moved, now: datetime) -> None:
    log_settled(
        session,
        batch.store_id,
        orders=len({movement.order_id for movement in moved.accepted}),
        granted=sum(movement.points for movement in moved.accepted if movement.points > 0),
        taken_back=-sum(movement.points for movement in moved.accepted if movement.points < 0),
        now=now,
    )


def _shortfalls_begun(standings: Mapping[int, Standing], now: datetime) -> dict[str, datetime]:
    """Tell since when each customer lacks points. A new shortfall begins the looks of all of that customer's anew.

    A balance is one customer's, not one order's: one look-up tells all of them whether there is something to take.
    """
    begun: dict[str, datetime] = {}
    for standing in standings.values():
        if standing.order is not None and standing.decision.shortfall > 0:
            since = min(standing.row.shortfall_since or now, now)
            key = email_key(standing.order.email)
            begun[key] = max(begun.get(key, since), since)
    return begun


def _rest(standing: Standing, told: Telling, begun: Mapping[str, datetime], now: datetime) -> dict[str, Any]:
    left, row = _left(standing, told, now), standing.row
    due_again = standing.due.look_again_at if standing.due is not None else None
    shortfall, since, look = _shortfall(standing, begun, now)
    words, problem = told.words.get(standing.id), _problem(standing, left)
    return {
        "of_order": standing.id,
        "of_wakes": row.wakes,
        "next_look": min(
            (moment for moment in (*standing.looks, left.until, due_again, look) if moment is not None), default=None
        ),
        "new_shortfall": shortfall,
        "new_shortfall_since": since,
        "new_problem_code": problem.code if problem else None,
        "new_problem": problem.sentence if problem else None,
        "new_failures": standing.failures if left.has_failed else 0,
        "new_status": words.status if words is not None else row.status,
        "new_metadata_hash": words.metadata_hash if words is not None else row.metadata_hash,
        "new_waits_lane": standing.waits_lane,
    }


def _left(standing: Standing, told: Telling, now: datetime) -> Left:
    """Give how the order is left, with the failure of telling Saleor, where there was one."""
    left = standing.left or Left(now)
    refusal = told.refusals.get(standing.id)
    if refusal is None:
        return left
    again_at = now + retry.backoff(standing.failures, jitter=randrange(100))  # noqa: S311 - spreads load, keeps no secret
    until = again_at if left.until is None else min(left.until, again_at)
    return Left(until, left.problem or Problem("metadata", refusal), has_failed=True)


def _shortfall(standing: Standing, begun: Mapping[str, datetime], now: datetime) -> tuple[int, datetime | None, datetime | None]:
    """Give the shortfall, since when there is one, and when to look for its points next."""
    if standing.order is None:
        return standing.row.shortfall, standing.row.shortfall_since, None
    if standing.decision.shortfall == 0:
        return 0, None, None
    since = begun[email_key(standing.order.email)]
    look = retry.next_shortfall_look(now - since)
    return standing.decision.shortfall, since, since + look if look is not None else None


def _problem(standing: Standing, left: Left) -> Problem | None:
    row = standing.row
    if left.problem is None and standing.books.doubt is not None:
        return Problem(_DOUBT, standing.books.doubt)
    if left.problem is None and standing.order is None and row.problem_code is not None and row.problem is not None:
        # It could not be read this time, so nothing new is known.
        return Problem(row.problem_code, row.problem)
    return left.problem
