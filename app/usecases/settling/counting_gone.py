"""Find what is gone of orders since the last look, and write it down in the transaction of what follows from it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, select

from app.db.books import Books, position_of
from app.db.bulk import insert_rows
from app.db.snapshots import stored_order
from app.db.stores import as_rule, rule_in_force
from app.db.tables import ClaimRow, GoneRow
from app.domain.arithmetic_versions import FIRST, changed, placed_at, points_due
from app.domain.claim import ClaimState
from app.domain.earning import Due
from app.domain.gone import NOTHING_NEW, NewlyGone, newly_gone
from app.domain.settlement import Position
from app.usecases.settling.batch import Batch, Standing


def with_gone(batch: Batch, standing: Standing, now: datetime) -> Standing:
    """Compute what an order is due less what is gone of it, with what was found gone just now."""
    if standing.due is None or standing.arithmetic is None:
        return standing
    new = _newly_gone(batch, standing, now) if standing.arithmetic != FIRST else NOTHING_NEW
    books = replace(standing.books, newly_gone=new)
    due = changed(standing.due, books.changes.adding(new), standing.arithmetic)
    if standing.row.erased_at is not None:
        due = _due_to_nobody(due, position_of(books, batch.accounts.showing_claims))
    return replace(standing, books=books, due=due)


def write_gone(session: Session, standings: Sequence[Standing], now: datetime) -> list[Standing]:
    """Write what was found gone. Gives the orders with a claim that changed meanwhile: nothing of theirs is written."""
    with_news = [standing for standing in standings if standing.books.newly_gone]
    changed_meanwhile = [standing for standing in with_news if not _are_as_seen(session, standing.books)]
    written = [standing for standing in with_news if standing not in changed_meanwhile]
    rows = [
        {
            "order_id": standing.id,
            "of_points": gone.of_points,
            "of_gifts": gone.of_gifts,
            "claim_id": claim_id,
            "adjustment_id": staff_id,
            "found_at": now,
        }
        for standing in written
        for claim_id, staff_id, gone in [
            *((claim_id, None, gone) for claim_id, gone in standing.books.newly_gone.by_claim.items()),
            *((None, staff_id, gone) for staff_id, gone in standing.books.newly_gone.by_staff.items()),
        ]
    ]
    insert_rows(session, GoneRow, rows)
    return changed_meanwhile


def _newly_gone(batch: Batch, standing: Standing, now: datetime) -> NewlyGone:
    books = standing.books
    if books.open is not None or standing.due is None:
        # What is under way may be about the same points: it ends first.
        return NOTHING_NEW
    over = [
        claim
        for claim in books.claims.values()
        if claim.state == ClaimState.EXPIRED and claim.points > 0 and claim.id not in books.counted_claims
    ]
    staff_took = any(change.points < 0 and change.id not in books.counted_staff for change in books.changes.staff)
    if not over and not staff_took:
        return NOTHING_NEW
    points = max(standing.due.earned, _earned_before(batch, standing, now))
    ran_out = _ran_out(standing, over, excess=standing.row.granted - books.changes.due(points))
    return newly_gone(books.changes, points, ran_out=ran_out, counted=books.counted_staff)


def _ran_out(standing: Standing, over: Sequence[ClaimRow], *, excess: int) -> dict[UUID, int]:
    """Give what ran out with each claim: what it held, less what staff had taken from it before.

    A claim whose link was shown keeps its points until its time is over, whatever staff take. Example: 47 are shown, and staff
    take 27. They are gone then, so 20 run out later. `excess` is what is granted and not due any more: what staff took and is
    still on a claim is part of it.
    """
    ran_out = {}
    for claim in over:
        taken_since = sum(points for at, points in standing.books.takings if claim.shown_at is None or at >= claim.shown_at)
        gone_before = max(0, min(excess, taken_since, claim.points))
        excess -= gone_before
        ran_out[claim.id] = claim.points - gone_before
    return ran_out


def _earned_before(batch: Batch, standing: Standing, now: datetime) -> int:
    """Give what the order had earned as it was last read: its claims hold that still."""
    before, version = stored_order(standing.row), standing.arithmetic
    if before is None or version is None:
        return 0
    rule = as_rule(rule_in_force(batch.rules, before.channel, placed_at(before, version)))
    awards_from, moment_at = batch.store.awards_from, standing.row.moment_at
    return points_due(before, rule, now, version=version, awards_from=awards_from, moment_at=moment_at).earned


def _due_to_nobody(due: Due, position: Position) -> Due:
    """Give what an erased customer's order is due: no more than is in a balance already. What waits to be taken is withdrawn."""
    waiting = sum(grant.points for grant in position.grants if grant.claim is ClaimState.OPEN)
    return replace(due, points=min(due.points, position.to_compare - waiting))


def _are_as_seen(session: Session, books: Books) -> bool:
    """Lock the claims that ran out, and tell whether they still hold what they held."""
    return all(
        session.exec(
            select(ClaimRow.id)
            .where(
                ClaimRow.id == claim_id, ClaimRow.state == ClaimState.EXPIRED, ClaimRow.points == books.claims[claim_id].points
            )
            .with_for_update()
        ).first()
        is not None
        for claim_id in books.newly_gone.by_claim
    )
