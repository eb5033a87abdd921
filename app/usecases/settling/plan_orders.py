"""Step 3: write what was read and what is planned, in one transaction. Embedded points move in it, too."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from app.db.bulk import change_rows
from app.db.debts import wake_debtors
from app.db.keys import key_in
from app.db.moves import moves_of
from app.db.queue import keep_lease
from app.db.snapshots import dump
from app.db.tables import ClaimRow, MovementRow, OrderRow
from app.db.tallies import tally_taken
from app.domain.arithmetic_versions import NEWEST, placed_at
from app.domain.bounds import POINTS_MAX
from app.domain.claim import ClaimState
from app.domain.email import email_key
from app.domain.moved_customers import MovedCustomers
from app.domain.settlement import MovementKind
from app.ledger.ran_out import ran_out_of
from app.providers.protocol import Accepted
from app.usecases.moving.causes import Ended, Problem, Result
from app.usecases.moving.engine_run import Run
from app.usecases.moving.finding_out import account_problem
from app.usecases.moving.planning import new_movement, plan
from app.usecases.settling.batch import Batch, Left, Standing
from app.usecases.settling.counting_gone import write_gone
from app.usecases.settling.deciding import TOO_MANY
from app.usecases.settling.order_cause import REFUSED, refusal_mark


@dataclass(frozen=True, slots=True)
class Planned:
    """What writing the plans came to: movements to be sent now, those that ended, and orders that are left, by id."""

    to_send: tuple[MovementRow, ...] = ()
    results: tuple[Result, ...] = ()
    left: dict[int, Left] = field(default_factory=dict)
    taken: dict[int, int] = field(default_factory=dict)


def write_plans(run: Run, batch: Batch, active: Sequence[Standing], now: datetime, *, is_first: bool) -> Planned:
    """Write reads (the first time) and movements in one transaction."""
    if not is_first and not any(_has_news(standing) for standing in active):
        # The round that only finds that all is done writes nothing. Whether they are still ours is asked before they are told.
        return Planned()
    with run.services.database.writing() as session:
        kept = keep_lease(session, batch.lease_token, [standing.id for standing in active], now)
        ours = [standing for standing in active if standing.id in kept]
        left = {standing.id: Left() for standing in active if standing.id not in kept}
        taken = _write_claims(session, batch, ours, now)
        changed_meanwhile = write_gone(session, ours, now)
        left |= {standing.id: Left(now) for standing in changed_meanwhile}
        ours = [standing for standing in ours if standing not in changed_meanwhile]
        if is_first:
            change_rows(session, OrderRow, [_read_values(session, standing) for standing in ours if standing.due is not None])
        else:
            change_rows(session, OrderRow, [_due_of(standing) for standing in ours if standing.books.newly_gone])
        moved = [*_with_new_moves(session, batch, ours), *_with_less_to_take(session, batch, ours, now)]
        left |= {standing.id: Left(now) for standing in moved}
        ours = [standing for standing in ours if standing not in moved]
        movements, kept_back = _movements(run, batch, ours, now)
        own = [(standing, movement) for standing, movement in movements if _needs_no_account(batch, standing, movement)]
        asked = [movement for standing, movement in movements if not _needs_no_account(batch, standing, movement)]
        left_open = [standing.books.open for standing in ours if standing.books.open is not None]
        done = _done_in_our_books(session, own)
        to_send, results = plan(session, run, asked, now, left_open=left_open, done=done)
        tally_taken(session, batch.store, sum(taken.values()), now)
    return Planned(tuple(to_send), tuple(results), left | kept_back, taken)


def _with_new_moves(session: Session, batch: Batch, standings: Sequence[Standing]) -> list[Standing]:
    """Give the orders that were decided before a customer was moved, and so for the old address. A move locks its orders."""
    emails = {standing.decision.step.email for standing in standings if standing.decision.step is not None}
    moves = moves_of(session, batch.accounts.rows, emails) if emails else {}
    return [
        standing
        for standing in standings
        if standing.decision.step is not None and _differ(standing.moves, moves, standing.decision.step.email)
    ]


def _with_less_to_take(session: Session, batch: Batch, standings: Sequence[Standing], now: datetime) -> list[Standing]:
    """Give the orders of which points ran out since it was decided how many to take back."""
    taking = [one for one in standings if one.decision.step is not None and one.decision.step.kind is MovementKind.DEBIT]
    if not taking or not batch.accounts.local:
        return []
    ran_out = ran_out_of(session, batch.store_id, [one.id for one in taking], now)
    return [one for one in taking if ran_out.get(one.id, ()) != one.books.ran_out]


def _differ(then: MovedCustomers, now: MovedCustomers, email: str) -> bool:
    key = email_key(email)
    return {of: moves for of, moves in then.items() if of[1] == key} != {of: moves for of, moves in now.items() if of[1] == key}


def _has_news(standing: Standing) -> bool:
    has_movement = standing.decision.step is not None or standing.books.open is not None
    return has_movement or bool(standing.books.claims_that_changed or standing.books.newly_gone)


def _movements(
    run: Run, batch: Batch, standings: Sequence[Standing], now: datetime
) -> tuple[list[tuple[Standing, MovementRow]], dict[int, Left]]:
    """Make the movements that were decided; orders whose movement is not to be asked for now are left."""
    movements, left = list[tuple[Standing, MovementRow]](), dict[int, Left]()
    for standing in standings:
        movement = _movement(batch, standing, now)
        if movement is None:
            continue
        paused_until = batch.accounts.paused_until(movement.account_id, now)
        if abs(movement.points) > POINTS_MAX:
            left[standing.id] = Left(problem=TOO_MANY)
        elif refusal_mark(movement) == standing.refused:
            left[standing.id] = Left(problem=Problem(REFUSED, _reason(standing)))
        elif paused_until is not None and not _needs_no_account(batch, standing, movement):
            left[standing.id] = Left(paused_until, account_problem(run, movement))
        else:
            movements.append((standing, movement))
    return movements, left


def _reason(standing: Standing) -> str:
    """Repeat why it was refused: something else may have stood in the way since, and what was refused remains so."""
    before = standing.row.problem if standing.row.problem_code == REFUSED else None
    return standing.refusal or before or "The points provider refused this. The order's history says why."


def _movement(batch: Batch, standing: Standing, now: datetime) -> MovementRow | None:
    step, rule = standing.decision.step, standing.rule
    if step is None or rule is None:
        return None
    is_new_claim = step.kind is MovementKind.CLAIM and step.target is None
    return new_movement(
        batch.accounts,
        batch.accounts.rows[step.account_id],
        step.kind,
        step.points,
        step.email,
        now,
        order_id=standing.id,
        target_id=step.target,
        customer_type=rule.customer_type if is_new_claim else None,
        expires_days=rule.expires_days if is_new_claim else None,
    )


def _needs_no_account(batch: Batch, standing: Standing, movement: MovementRow) -> bool:
    """True for a claim nobody can take any more, or ever saw, and for an entry in our own books."""
    if movement.kind == MovementKind.WRITE_OFF:
        return True
    if movement.kind != MovementKind.VOID or movement.target_id is None:
        return False
    claim = standing.books.claims[movement.target_id]
    return claim.state == ClaimState.EXPIRED or not batch.accounts.providers[claim.account_id].sees_claims


def _done_in_our_books(session: Session, own: Sequence[tuple[Standing, MovementRow]]) -> list[Ended]:
    """Give the movements that need no account and may end now. A claim whose link was shown a moment ago waits for a round."""
    ended = []
    for standing, movement in own:
        claim = standing.books.claims.get(movement.target_id) if movement.target_id is not None else None
        if claim is None or _is_as_seen(session, claim):
            ended.append(Ended(movement, Accepted()))
    return ended


def _is_as_seen(session: Session, claim: ClaimRow) -> bool:
    """Lock a claim, and tell whether its state and amount are as they were when we looked."""
    query = select(ClaimRow.id).where(ClaimRow.id == claim.id, ClaimRow.state == claim.state, ClaimRow.points == claim.points)
    return session.exec(query.with_for_update()).first() is not None


def _due_of(standing: Standing) -> dict[str, Any]:
    return {"id": standing.id, "due": standing.due.points if standing.due is not None else 0}


def _read_values(session: Session, standing: Standing) -> dict[str, Any]:
    order, due, rule = standing.order, standing.due, standing.rule
    if order is None or due is None or rule is None:
        raise RuntimeError("an order that was not read")
    return {
        "id": standing.id,
        "read_at": order.updated_at,
        "read_facts": standing.facts,
        "snapshot": dump(order),
        "number": order.number,
        "placed_at": placed_at(order, standing.arithmetic or NEWEST),
        "email": order.email,
        "email_key": key_in(session, order.email),
        "language": order.language or None,
        "rule_id": rule.id,
        "arithmetic": standing.arithmetic,
        "moment_at": standing.moment_at,
        "due": due.points,
        "because": due.because.value,
    }


def _write_claims(session: Session, batch: Batch, standings: Sequence[Standing], now: datetime) -> dict[int, int]:
    """Write claims whose state was found changed, each only from the state it was loaded with. Gives points taken, by order."""
    taken: dict[int, int] = {}
    takers: set[str] = set()
    for standing in standings:
        for claim in standing.books.claims_that_changed:
            changed = session.execute(
                update(ClaimRow)
                .where(col(ClaimRow.id) == claim.id, col(ClaimRow.state) == standing.books.stored_states[claim.id])
                .values(state=claim.state, taken_at=claim.taken_at, taken_by=claim.taken_by)
                .returning(col(ClaimRow.id))
            ).first()
            if changed is not None and claim.state == ClaimState.TAKEN:
                taken[standing.id] = taken.get(standing.id, 0) + claim.points
                takers.add(key_in(session, claim.taken_by or claim.email))
    if takers:
        wake_debtors(session, batch.store_id, takers, now)
    return taken
