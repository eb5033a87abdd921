"""Step 3: write what was read, decided and is to be asked for, before anything is asked."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, update
from sqlmodel import Session, col

from app.db.books import insert_movements, lane_of
from app.db.bulk import change_rows
from app.db.queue import keep_lease
from app.db.rows import new_row
from app.db.snapshots import dump
from app.db.tables import AccountRow, ClaimRow, MovementRow, MovementState, OrderRow
from app.db.tallies import tally_accepted, tally_taken
from app.domain.claim import ClaimState
from app.domain.email import folded
from app.domain.order import facts_of
from app.domain.settlement import MovementKind, Step
from app.sealing import fingerprint
from app.usecases.services import Services
from app.usecases.settling.batch import Batch, InHand, Problem

REFUSED = "refused"


def write_plans(services: Services, batch: Batch, now: datetime) -> list[MovementRow]:
    """Write reads and movements in one transaction, and give the movements that are now to be asked for."""
    hands = batch.active()
    if not any(_has_news(hand) for hand in hands):
        # The round that only finds that all is done writes nothing; that they are still ours is asked before they are told of.
        return []
    with services.database.writing() as session:
        kept = keep_lease(session, batch.lease_token, [hand.id for hand in hands], now)
        for hand in hands:
            hand.is_done = hand.is_done or hand.id not in kept
        ours = [hand for hand in hands if hand.id in kept]
        _write_reads(session, ours)
        _write_claims(session, batch, ours, now)
        planned = [movement for hand in ours if (movement := _movement(batch, hand, now)) is not None]
        local = [movement for movement in planned if _is_local(batch, movement)]
        for movement in local:
            _do_locally(session, batch, movement, now)
        done = [movement for movement in local if movement.state == MovementState.ACCEPTED]
        tally_accepted(session, batch.store, done, now)
        local_ids = {movement.id for movement in local}
        asked = [movement for movement in planned if movement.id not in local_ids]
        written = insert_movements(session, asked)
    batch.moved += done
    for hand in ours:
        hand.is_written = hand.due is not None
    lanes_in_hand = {movement.lane for movement in asked if movement.id in written}
    for movement in asked:
        hand = batch.hands[movement.order_id or 0]
        if movement.id in written:
            hand.books.open = movement
        elif movement.lane not in lanes_in_hand:
            # Another worker has an INSTANT for this customer under way: one after the other. One of our own ends this round.
            hand.await_lane(now)
    return [hand.books.open for hand in ours if not hand.is_done and hand.books.open is not None]


def _has_news(hand: InHand) -> bool:
    return (
        not hand.is_written
        or hand.decision.step is not None
        or hand.books.open is not None
        or bool(hand.books.claims_that_changed)
    )


def refusal_mark(movement: MovementRow) -> str:
    """Give what a refusal depends on. While it stays the same, asking again is pointless."""
    parts = (
        movement.kind,
        movement.points,
        movement.account_id,
        folded(movement.email),
        movement.customer_type,
        movement.expires_days,
    )
    return fingerprint("|".join(str(part) for part in parts))


def _movement(batch: Batch, hand: InHand, now: datetime) -> MovementRow | None:
    step = hand.decision.step
    if step is None or hand.rule is None or hand.books.open is not None:
        return None
    movement = _planned(batch, hand, step, now)
    if refusal_mark(movement) == hand.row.refused_step:
        hand.is_done = True
        # Something else may have stood in the way since, or may do so once more: what was refused remains so.
        reason = hand.row.problem if hand.row.problem_code == REFUSED else None
        hand.problem = Problem(REFUSED, reason or "The points provider refused this. The order's history says why.")
        return None
    paused_until = batch.paused_until(step.account_id, now)
    if paused_until is not None and not _is_local(batch, movement):
        hand.wait(paused_until, account_problem(batch.accounts[step.account_id]))
        return None
    return movement


def account_problem(account: AccountRow) -> Problem:
    """Say on an order that its account is not served now."""
    return Problem("account", account.problem or "The points provider cannot be reached.")


def _planned(batch: Batch, hand: InHand, step: Step, now: datetime) -> MovementRow:
    is_new_claim = step.kind is MovementKind.CLAIM and step.target is None
    return new_row(
        MovementRow,
        id=uuid4(),
        store_id=batch.store_id,
        order_id=hand.id,
        account_id=step.account_id,
        kind=step.kind,
        state=MovementState.PLANNED,
        points=step.points,
        email=step.email,
        lane=lane_of(batch.accounts[step.account_id], step.email),
        target_id=step.target,
        customer_type=hand.rule.customer_type if is_new_claim and hand.rule is not None else None,
        expires_days=hand.rule.expires_days if is_new_claim and hand.rule is not None else None,
        planned_at=now,
    )


def _is_local(batch: Batch, movement: MovementRow) -> bool:
    """Tell whether a movement needs no call: a claim nobody can take any more, or ever saw; an entry in our own books."""
    if movement.kind == MovementKind.WRITE_OFF:
        return True
    if movement.kind != MovementKind.VOID or movement.target_id is None:
        return False
    claim = batch.hands[movement.order_id or 0].books.claims[movement.target_id]
    return claim.state == ClaimState.EXPIRED or not batch.providers[claim.account_id].sees_claims


def _do_locally(session: Session, batch: Batch, movement: MovementRow, now: datetime) -> None:
    hand = batch.hands[movement.order_id or 0]
    if movement.kind == MovementKind.VOID and not _withhold(session, hand.books.claims[movement.target_id], movement.points):  # type: ignore[index]  # a void has a target
        return  # Its link was shown a moment ago: the next round sees that.
    movement.state, movement.ended_at = MovementState.ACCEPTED, now
    session.execute(insert(MovementRow), [movement.model_dump()])
    session.execute(update(OrderRow).where(col(OrderRow.id) == hand.id).values(granted=col(OrderRow.granted) + movement.points))
    hand.row.granted += movement.points


def _withhold(session: Session, claim: ClaimRow, points: int) -> bool:
    """Void a claim in our own books, unless its state or amount has changed since we looked."""
    left = claim.points + points
    done = session.execute(
        update(ClaimRow)
        .where(col(ClaimRow.id) == claim.id, col(ClaimRow.state) == claim.state, col(ClaimRow.points) == claim.points)
        .values(points=left, state=claim.state if left else ClaimState.VOID)
        .returning(col(ClaimRow.id))
    )
    return done.first() is not None


def _write_reads(session: Session, hands: list[InHand]) -> None:
    """Write what was read and is due, once: later rounds find neither changed."""
    rows = [_read_values(hand) for hand in hands if hand.due is not None and not hand.is_written]
    change_rows(session, OrderRow, rows)


def _read_values(hand: InHand) -> dict[str, Any]:
    order, due, rule = hand.order, hand.due, hand.rule
    if order is None or due is None or rule is None:
        raise RuntimeError("an order that was not read")
    return {
        "id": hand.id,
        "read_at": order.updated_at,
        "read_facts": facts_of(order),
        "snapshot": dump(order),
        "number": order.number,
        "placed_at": order.created_at,
        "email": order.email,
        "email_key": folded(order.email),
        "rule_id": rule.id,
        "moment_at": hand.row.moment_at,
        "due": due.points,
        "because": due.because.value,
    }


def _write_claims(session: Session, batch: Batch, hands: list[InHand], now: datetime) -> None:
    """Write the states of claims that were found changed, each only from the state that it was loaded with."""
    taken = 0
    for hand in hands:
        for claim in hand.books.claims_that_changed:
            changed = session.execute(
                update(ClaimRow)
                .where(col(ClaimRow.id) == claim.id, col(ClaimRow.state) == hand.books.stored_states[claim.id])
                .values(state=claim.state, taken_at=claim.taken_at, taken_by=claim.taken_by)
                .returning(col(ClaimRow.id))
            ).first()
            if changed is not None and claim.state == ClaimState.TAKEN:
                taken += claim.points
                batch.taken[hand.id] = batch.taken.get(hand.id, 0) + claim.points
            hand.books.stored_states[claim.id] = claim.state
    tally_taken(session, batch.store, taken, now)
