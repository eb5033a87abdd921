"""Step 2: decide what each order lacks. Looks at claims where their state matters; everything else is pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from app.db.books import books_of, claims_that_may_have_been_taken_since, position_of
from app.db.lanes import is_unclear, moved_between
from app.db.snapshots import load_lines
from app.db.stores import rule_in_force
from app.db.tables import ClaimRow
from app.domain import retry
from app.domain.bounds import POINTS_MAX
from app.domain.claim import NO_POINTS, Balance, ClaimState, surely_expired, taken_since_shown
from app.domain.earning import Award, Due, Moment, moment_reached, points_due, with_remembered_earning
from app.domain.evidence import is_credible
from app.domain.settlement import NOTHING, Position, Recipient, next_step
from app.providers.protocol import NotSent, SeenClaim
from app.usecases.services import Services
from app.usecases.settling.batch import STUCK, TOO_MANY, Batch, InHand, Problem


def load_books(services: Services, batch: Batch) -> None:
    """Load what movements say of the orders in hand, and bring the state of their claims up to now."""
    hands = batch.active()
    if not hands:
        return
    with services.database.reading() as session:
        books = books_of(session, [hand.id for hand in hands])
    now = services.clock()
    for hand in hands:
        hand.books = books[hand.id]
        if not hand.books.account_ids <= batch.accounts.keys():
            # Another worker has had it since, and an account that is newer than this batch: this one has lost it.
            hand.wait(now)
    _look_at_claims(batch, [hand for hand in hands if not hand.is_done], now)


def compute_due(batch: Batch, hand: InHand, now: datetime) -> None:
    """Compute the points due, by the rule that was in force when the order was created."""
    if hand.order is None or hand.due is not None:
        return
    order = replace(hand.order, lines=with_remembered_earning(hand.order, load_lines(hand.row.snapshot)))
    row = rule_in_force(batch.rules, order.channel, order.created_at)
    moment_at = moment_reached(order, Moment(row.award_when), remembered=hand.row.moment_at)
    hand.due = points_due(
        order,
        batch.rule_of(row),
        now,
        awards_from=batch.store.awards_from,
        moment_at=moment_at,
        adjustments=hand.books.adjustments,
    )
    if hand.row.erased_at is not None:
        hand.due = _due_to_nobody(hand.due, position_of(hand.books, batch.seeing_accounts))
    hand.order, hand.rule, hand.row.moment_at = order, row, moment_at


def _due_to_nobody(due: Due, position: Position) -> Due:
    """Give what an erased customer's order is due: no more than is in a balance already. What waits to be taken is withdrawn."""
    waiting = sum(grant.points for grant in position.grants if grant.claim is ClaimState.OPEN)
    return replace(due, points=min(due.points, position.granted - waiting))


def decide(batch: Batch, hand: InHand, _now: datetime) -> None:
    """Decide the next movement of one order, and note why there is none."""
    if hand.order is None or hand.rule is None or hand.due is None:
        return
    hand.decision = NOTHING
    if hand.books.open is not None:
        return  # That one is finished first.
    account_id = batch.account.id or 0
    recipient = Recipient(
        account_id, hand.order.email.strip(), hand.order.is_registered, Award(hand.rule.award), hand.rule.bind_email
    )
    position = position_of(hand.books, batch.seeing_accounts)
    hand.decision = next_step(max(hand.due.points, 0), position, recipient, empty_lanes=batch.empty_lanes)
    stuck = hand.decision.stuck
    hand.problem = Problem(stuck.value, STUCK[stuck]) if stuck is not None else None
    if hand.decision.step is not None and abs(hand.decision.step.points) > POINTS_MAX:
        hand.decision, hand.problem = NOTHING, TOO_MANY


def settle_shown_claims(services: Services, batch: Batch, now: datetime) -> None:
    """Find out whether shown claims were taken, where it matters now: a refund asks for them, or it is time to look."""
    for hand in batch.active():
        shown = [claim for claim in hand.books.claims.values() if claim.state == ClaimState.SHOWN]
        if not shown or hand.due is None:
            continue
        is_refunded = max(hand.due.points, 0) < position_of(hand.books, batch.seeing_accounts).granted
        for claim in sorted(shown, key=lambda claim: claim.shown_at or now):
            look = retry.next_shown_look(now - (claim.shown_at or now))
            if is_refunded or look is not None or surely_expired(claim.expires_on, now):
                _judge_shown(services, batch, claim, now)
            if claim.state == ClaimState.SHOWN and look is not None and claim.shown_at is not None:
                hand.next_looks.append(claim.shown_at + look)


def _judge_shown(services: Services, batch: Batch, claim: ClaimRow, now: datetime) -> None:
    if not claim.email or claim.shown_at is None or claim.shown_available is None or claim.shown_used is None:
        return
    if batch.paused_until(claim.account_id, now) is not None:
        return
    asked_at = services.clock()
    balances = batch.providers[claim.account_id].balances([claim.email])
    if isinstance(balances, NotSent):
        return
    shown, seen = Balance(claim.shown_available, claim.shown_used), balances.get(claim.email)
    if not is_credible(seen, known=shown):
        if now - claim.shown_at < retry.SHOWN_LOOKED_AT_FOR:
            batch.hands[claim.order_id].next_looks.append(now + retry.PROBE_EVERY)
        return
    balance = seen or NO_POINTS
    with services.database.reading() as session:
        if is_unclear(session, claim.lane, since=claim.shown_at, looked_at=asked_at):
            return
        own = moved_between(session, claim.lane, claim.shown_at, asked_at)
        others = _points_of_others(session, claim, claim.shown_at, shown)
    if taken_since_shown(claim.points, shown=shown, now=balance, own_movements=own.most, other_claims=others):
        claim.state, claim.taken_at, claim.taken_by = ClaimState.TAKEN, now, claim.email
    elif surely_expired(claim.expires_on, now) and not taken_since_shown(
        claim.points, shown=shown, now=balance, own_movements=own.least, other_claims=0
    ):
        # Past its day, and nothing came that could be it. What may have been taken before its day is not over with it.
        claim.state = ClaimState.EXPIRED


def _points_of_others(session: Session, claim: ClaimRow, shown_at: datetime, shown: Balance) -> int:
    """Count the points that other claims of this customer may have brought since this one was shown.

    One that was shown earlier may have been taken before: as far as the balance had risen by then, it was.
    """
    others = claims_that_may_have_been_taken_since(session, claim.lane, shown_at, but=claim.id)
    earlier = [other for other in others if other.shown_at is not None and other.shown_at < shown_at]
    points = sum(other.points for other in others)
    if not earlier or earlier[0].shown_at is None or earlier[0].shown_available is None or earlier[0].shown_used is None:
        return points
    first = Balance(earlier[0].shown_available, earlier[0].shown_used)
    risen = shown.ever - first.ever - moved_between(session, claim.lane, earlier[0].shown_at, shown_at).most
    return points - min(max(risen, 0), sum(other.points for other in earlier))


def _look_at_claims(batch: Batch, hands: Sequence[InHand], now: datetime) -> None:
    """Bring open claims up to now: from the provider where it shows them, else by their days."""
    by_account: dict[int, list[ClaimRow]] = defaultdict(list)
    for hand in hands:
        for claim in hand.books.claims.values():
            if claim.state in {ClaimState.OPEN, ClaimState.SHOWN}:
                by_account[claim.account_id].append(claim)
    for account_id, claims in by_account.items():
        provider = batch.providers[account_id]
        if not provider.sees_claims:
            for claim in claims:
                # One that was shown may have been taken before its day: the balance tells, or nobody can.
                if claim.state == ClaimState.OPEN and surely_expired(claim.expires_on, now):
                    claim.state = ClaimState.EXPIRED
            continue
        seen = provider.seen_claims([claim.token_mark for claim in claims], now=now)
        for claim in claims:
            if claim.token_mark in seen:
                _bring_up_to(claim, seen[claim.token_mark])


def _bring_up_to(claim: ClaimRow, seen: SeenClaim) -> None:
    if seen.state is ClaimState.VOID:
        return  # Voided by a movement whose outcome is not recorded yet; recording it says so.
    if seen.state != claim.state:
        claim.state, claim.taken_at, claim.taken_by = seen.state, seen.taken_at, seen.taken_by
