"""Settle a batch of orders: make the points granted the points due.

Read, decide, plan, send: again for orders that need another movement. Then tell Saleor, and let them rest.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from app.db.queue import release
from app.domain import retry
from app.domain.email import email_key
from app.domain.settlement import MovementKind
from app.errors import SaleorRefused, Unavailable
from app.logs import innermost_place
from app.providers.protocol import Accepted, Rejected, Unknown
from app.usecases.moving.balances import NOTHING_THERE
from app.usecases.moving.causes import Busy, Ended, Problem, Result, Waits
from app.usecases.moving.engine_run import Run
from app.usecases.moving.looking_up import look_up_each
from app.usecases.moving.sending import send
from app.usecases.services import Services
from app.usecases.settling.batch import DEFECT, Batch, Moved, Standing, Standings
from app.usecases.settling.claims import (
    customers_to_look_up,
    with_books,
    with_claim_looks,
    with_claims_to_judge,
    with_shown_claims,
)
from app.usecases.settling.counting_gone import with_gone
from app.usecases.settling.deciding import stuck_problem, with_decision, with_due
from app.usecases.settling.lane_waits import why_busy
from app.usecases.settling.noting import note_orders
from app.usecases.settling.noting_shares import note_shares
from app.usecases.settling.order_cause import OrderCause, is_remembered, refusal_mark
from app.usecases.settling.plan_orders import write_plans
from app.usecases.settling.reading import read_orders
from app.usecases.settling.resting import rest_orders
from app.usecases.settling.store_pauses import pause_store, resume_store
from app.usecases.settling.taking import take_batch
from app.usecases.settling.telling import tell_orders
from app.usecases.settling.waking_cards import wake_cards_of
from app.usecases.settling.waking_spends import wake_spends_of

log = structlog.get_logger()

# A decision of two parts takes two rounds; the longest useful one (a claim replaced, debits from several customers) a few
# more. What is not done then comes first in the next batch.
ROUNDS_MAX = 8


def settle_orders(services: Services) -> bool:
    """Settle up to 100 waiting orders of one store, and tell whether any waited."""
    batch = take_batch(services)
    if batch is None:
        return False
    try:
        standings = read_orders(services, batch)
    except (Unavailable, SaleorRefused) as error:
        with services.database.writing() as session:
            release(session, batch.lease_token)
        pause_store(services, batch.store, error, services.clock())
        return True
    resume_store(services, batch.store)
    wake_spends_of(services, batch, standings)
    wake_cards_of(services, batch, standings)
    note_shares(services, batch, standings)
    standings, moved = _move_points(services, batch, standings)
    told = tell_orders(services, batch, standings)
    note_orders(services, batch, moved, {claim_id for one in standings.values() for claim_id in one.books.gone_claims})
    rest_orders(services, batch, standings, told, moved)
    log.info("orders settled", store=batch.store.slug, orders=len(standings))
    return True


def _move_points(services: Services, batch: Batch, standings: Standings) -> tuple[Standings, Moved]:
    """Move points, round by round, until every order is left."""
    run = Run(services, batch.accounts, OrderCause(batch.lease_token), batch.keep)
    moved, empty_lanes = Moved(), set[tuple[int, str]]()
    for number in range(ROUNDS_MAX):
        active = [standing for standing in standings.values() if standing.is_active]
        if not active:
            break
        round_of = _decided(run, batch, active, empty_lanes)
        now = services.clock()
        planned = write_plans(run, batch, [one for one in round_of.values() if one.is_active], now, is_first=number == 0)
        results = [*planned.results, *send(run, planned.to_send)]
        moved += Moved(tuple(one.movement for one in results if _was_accepted(one)), planned.taken)
        empty_lanes |= _found_empty(round_of, results)
        for order_id, left in planned.left.items():
            round_of[order_id] = replace(round_of[order_id], left=left)
        standings = standings | _after(round_of, results, why_busy(services, results), services.clock())
    return standings, moved


def _decided(run: Run, batch: Batch, active: Sequence[Standing], empty_lanes: set[tuple[int, str]]) -> Standings:
    """Load the books, and decide each order's next movement."""
    standings = with_books(run.services, batch, active)
    now = run.services.clock()

    def each(step: Callable[[Standing], Standing]) -> Standings:
        return {order_id: _guarded(standing, step, now) for order_id, standing in standings.items()}

    standings = each(lambda standing: with_gone(batch, with_due(batch, standing, now), now))
    standings = each(lambda standing: with_claims_to_judge(batch, with_claim_looks(batch, standing, now), now))
    looks = look_up_each(run, {customer for standing in standings.values() for customer in customers_to_look_up(standing)})
    standings = each(lambda standing: with_shown_claims(run.services, batch, standing, looks))
    # A look at a balance may have told that a claim ran out.
    return each(lambda standing: with_decision(batch, with_gone(batch, standing, now), empty_lanes, now))


def _guarded(standing: Standing, step: Callable[[Standing], Standing], now: datetime) -> Standing:
    """Do a step of one order. A defect at this order must not hold up the ninety-nine others."""
    if not standing.is_active:
        return standing
    try:
        return step(standing)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        log.error("defect", order_id=standing.id, kind=type(error).__name__, where=innermost_place(error))  # noqa: TRY400 - an error's text may hold an e-mail
        return standing.failing(now, DEFECT)


def _after(standings: Standings, results: Sequence[Result], busy: Mapping[str, Problem], now: datetime) -> Standings:
    """Apply what became of the movements. An order that needed none, and was kept from none, is settled."""
    after = dict(standings)
    with_result = set()
    for result in results:
        order_id = result.movement.order_id or 0
        with_result.add(order_id)
        after[order_id] = _applied(after[order_id], result, busy, now)
    for order_id, standing in after.items():
        if standing.is_active and standing.decision.step is None and order_id not in with_result:
            after[order_id] = standing.leaving(problem=stuck_problem(standing))
    return after


def _applied(standing: Standing, result: Result, busy: Mapping[str, Problem], now: datetime) -> Standing:
    """Apply what became of one movement to its order. Without a reason to leave it, the next round decides anew."""
    if isinstance(result, Waits):
        return standing.leaving(result.until, result.problem)
    if isinstance(result, Busy):
        lane = result.movement.lane
        return replace(standing, waits_lane=lane).failing(now, busy.get(lane), wait=retry.lane_wait(standing.failures))
    if not isinstance(result, Ended):
        return standing.leaving()
    if isinstance(result.outcome, Unknown):
        # Its link was never shown, so it is worth nothing: another is asked for, though not at once.
        return standing.failing(now, Problem("claim_unknown", result.outcome.reason))
    if isinstance(result.outcome, Rejected) and is_remembered(result.outcome):
        return replace(standing, refused=refusal_mark(result.movement), refusal=result.outcome.reason)
    return standing


def _was_accepted(result: Result) -> bool:
    return isinstance(result, Ended) and isinstance(result.outcome, Accepted)


def _found_empty(standings: Mapping[int, Standing], results: Sequence[Result]) -> set[tuple[int, str]]:
    """Give the accounts and customers whose balance held less than was to be taken: nothing more is there now."""
    empty = set()
    for result in results:
        movement = result.movement
        if isinstance(result, Ended) and movement.kind == MovementKind.DEBIT:
            step = standings[movement.order_id or 0].decision.step
            found_nothing = isinstance(result.outcome, Rejected) and result.outcome.code == NOTHING_THERE
            if found_nothing or (step is not None and movement.points > step.points):
                empty.add((movement.account_id, email_key(movement.email)))
    return empty
