"""Step 2: decide what each order lacks. Pure, but for the rules at hand."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from app.db.books import position_of
from app.db.snapshots import stored_order
from app.db.stores import as_rule, rule_in_force
from app.domain import retry
from app.domain.arithmetic_versions import NEWEST, placed_at, points_due, version_of
from app.domain.earning import Award, Moment, moment_reached, with_remembered
from app.domain.moved_customers import ANY_ACCOUNT, Holder, held_now, holder_of
from app.domain.order import Order
from app.domain.settlement import NOTHING, Recipient, Stuck, next_step
from app.usecases.moving.causes import Problem
from app.usecases.settling.batch import Batch, Standing

STUCK = MappingProxyType(
    {
        Stuck.NO_EMAIL: "The order has no e-mail address, so its points cannot be given to anybody. Add one to the order.",
        Stuck.NOTHING_THERE: "Points are to be taken back, but the customer's balance does not hold them any more.",
        Stuck.SHOWN_NOT_TAKEN: (
            "Points are to be taken back, but their claim link was opened and not used yet. The provider cannot withdraw it. "
            "The app takes them back once they are claimed."
        ),
        Stuck.TAKER_UNKNOWN: "Points are to be taken back, but the provider does not tell who took the claim.",
    }
)
TOO_MANY = Problem(
    "too_many",
    "The order earns more points than can be given at once. Set a maximum or a lower rate in the rule.",
)

IN_TRANSIT = Problem(
    "in_transit",
    "The customer of this order is being moved to another address, and the points are on their way. "
    "The order goes on when they have arrived.",
)


def with_due(batch: Batch, standing: Standing, now: datetime) -> Standing:
    """Compute the points that the order has earned, by the rule that was in force when it was placed. Done once for each read."""
    if standing.order is None or standing.due is not None:
        return standing
    order = with_remembered(standing.order, stored_order(standing.row))
    version = version_of(standing.row.arithmetic, is_settled=standing.row.because is not None)
    rule = rule_in_force(batch.rules, order.channel, placed_at(order, version))
    moment_at = moment_reached(order, Moment(rule.award_when), remembered=standing.row.moment_at)
    due = points_due(
        order,
        as_rule(rule),
        now,
        version=version,
        awards_from=batch.store.awards_from,
        moment_at=moment_at,
    )
    return replace(standing, order=order, rule=rule, due=due, moment_at=moment_at, arithmetic=version)


def customer_today(standing: Standing, order: Order) -> Holder:
    """Find to whom new points of an order go: its customer, wherever staff moved them since it was placed."""
    placed = placed_at(order, standing.arithmetic or NEWEST)
    return holder_of(standing.moves, ANY_ACCOUNT, order.email.strip(), placed)


def with_decision(batch: Batch, standing: Standing, empty_lanes: Collection[tuple[int, str]], now: datetime) -> Standing:
    """Decide the next movement of one order. None while another of its movements is open: that one is finished first."""
    if standing.order is None or standing.rule is None or standing.due is None or standing.books.open is not None:
        return replace(standing, decision=NOTHING)
    order, rule = standing.order, standing.rule
    account_id = batch.accounts.current.id or 0
    person = customer_today(standing, order)
    recipient = Recipient(account_id, person.email, order.is_registered, Award(rule.award), rule.bind_email)
    position, is_in_transit = held_now(position_of(standing.books, batch.accounts.showing_claims), standing.moves)
    if is_in_transit or person.is_in_transit:
        # The end of the move wakes the orders of its own store. Another store may share the account.
        return standing.leaving(now + retry.PROBE_EVERY, IN_TRANSIT)
    decision = next_step(max(standing.due.points, 0), position, recipient, empty_lanes=empty_lanes)
    return replace(standing, decision=decision)


def stuck_problem(standing: Standing) -> Problem | None:
    """Say why nothing can be asked for, although granted differs from due; None where that is not so."""
    stuck = standing.decision.stuck
    return Problem(stuck.value, STUCK[stuck]) if stuck is not None else None
