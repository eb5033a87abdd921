"""Step 2, before deciding: load what movements say of the orders, and bring their claims up to now."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from app.db.books import Books, books_of, claims_that_may_have_been_taken_since, position_of
from app.db.lanes import is_unclear, moved_between
from app.db.tables import ClaimRow
from app.domain import retry
from app.domain.claim import Balance, ClaimState, surely_expired, taken_since_shown
from app.providers.protocol import Absent, NotSent, SeenClaim, held
from app.usecases.services import Services
from app.usecases.settling.batch import Batch, Standing, Standings


def with_books(services: Services, batch: Batch, active: Sequence[Standing]) -> Standings:
    """Load what movements say of the orders. Claims come as they are now: as their account shows them, else by their days."""
    with services.database.reading() as session:
        books = books_of(session, [standing.id for standing in active])
    now = services.clock()
    # With an account that is newer than this batch, another worker has had the order since: this one has lost it.
    lost = {standing.id for standing in active if not books[standing.id].account_ids <= batch.accounts.rows.keys()}
    _bring_up_to_now(batch, [books[standing.id] for standing in active if standing.id not in lost], now)
    return {
        standing.id: replace(standing.leaving(now) if standing.id in lost else standing, books=books[standing.id])
        for standing in active
    }


def with_shown_claims(services: Services, batch: Batch, standing: Standing) -> Standing:
    """Find out whether shown claims were taken, where it matters now: a refund asks for them, or it is time to look."""
    now = services.clock()
    shown = [claim for claim in standing.books.claims.values() if claim.state == ClaimState.SHOWN]
    if not shown or standing.due is None:
        return standing
    is_refunded = max(standing.due.points, 0) < position_of(standing.books, batch.accounts.showing_claims).granted
    looks = []
    for claim in sorted(shown, key=lambda claim: claim.shown_at or now):
        look = retry.next_shown_look(now - (claim.shown_at or now))
        again_at = None
        if is_refunded or look is not None or surely_expired(claim.expires_on, now):
            again_at = _judge_shown(services, batch, claim, now)
        if claim.state == ClaimState.SHOWN and look is not None and claim.shown_at is not None:
            looks.append(claim.shown_at + look)
        looks += [again_at] if again_at is not None else []
    return replace(standing, looks=(*standing.looks, *looks))


def _judge_shown(services: Services, batch: Batch, claim: ClaimRow, now: datetime) -> datetime | None:
    """Conclude from the customer's balance whether a shown claim was taken. Gives when to look again, where it told nothing."""
    if not claim.email or claim.shown_at is None or claim.shown_available is None or claim.shown_used is None:
        return None
    if batch.accounts.paused_until(claim.account_id, now) is not None:
        return None
    asked_at = services.clock()
    balances = batch.accounts.providers[claim.account_id].balances([claim.email])
    if isinstance(balances, NotSent):
        return None
    if balances[claim.email] is Absent.DOUBTFUL:
        return now + retry.PROBE_EVERY if now - claim.shown_at < retry.SHOWN_LOOKED_AT_FOR else None
    balance, shown = held(balances[claim.email]), Balance(claim.shown_available, claim.shown_used)
    with services.database.reading() as session:
        if is_unclear(session, claim.lane, since=claim.shown_at, looked_at=asked_at):
            return None
        own = moved_between(session, claim.lane, claim.shown_at, asked_at)
        others = _points_of_others(session, claim, claim.shown_at, shown)
    if taken_since_shown(claim.points, shown=shown, now=balance, own_movements=own.most, other_claims=others):
        claim.state, claim.taken_at, claim.taken_by = ClaimState.TAKEN, now, claim.email
    elif surely_expired(claim.expires_on, now) and not taken_since_shown(
        claim.points, shown=shown, now=balance, own_movements=own.least, other_claims=0
    ):
        # Past its day, and nothing came that could be it. What may have been taken before its day is not over with it.
        claim.state = ClaimState.EXPIRED
    return None


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


def _bring_up_to_now(batch: Batch, books: Sequence[Books], now: datetime) -> None:
    by_account: dict[int, list[ClaimRow]] = defaultdict(list)
    for one in books:
        for claim in one.claims.values():
            if claim.state in {ClaimState.OPEN, ClaimState.SHOWN}:
                by_account[claim.account_id].append(claim)
    for account_id, claims in by_account.items():
        provider = batch.accounts.providers[account_id]
        if provider.sees_claims:
            _bring_up_to(claims, provider.seen_claims([claim.token_mark for claim in claims], now=now))
            continue
        for claim in claims:
            # One that was shown may have been taken before its day: the balance tells, or nobody can.
            if claim.state == ClaimState.OPEN and surely_expired(claim.expires_on, now):
                claim.state = ClaimState.EXPIRED


def _bring_up_to(claims: Sequence[ClaimRow], seen: Mapping[str, SeenClaim]) -> None:
    for claim in claims:
        found = seen.get(claim.token_mark)
        # Voided by a movement of an earlier version whose outcome is not recorded yet: recording it says so.
        if found is not None and found.state is not ClaimState.VOID and found.state != claim.state:
            claim.state, claim.taken_at, claim.taken_by = found.state, found.taken_at, found.taken_by
