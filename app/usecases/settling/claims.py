"""Step 2, before deciding: load what movements say of the orders, and bring their claims up to now."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from app.db.books import Books, books_of, claims_that_may_have_been_taken_since, position_of
from app.db.lanes import is_unclear, moved_between
from app.db.moves import moves_of
from app.db.tables import ClaimRow
from app.domain import retry
from app.domain.claim import Balance, ClaimState, surely_expired, taken_since_shown
from app.providers.protocol import Absent, NotSent, SeenClaim, held
from app.usecases.moving.looking_up import Look, Looks
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
    with services.database.reading() as session:
        moves = moves_of(session, batch.accounts.rows, {email for one in active for email in _emails(one, books[one.id])})
    return {
        standing.id: replace(standing.leaving(now) if standing.id in lost else standing, books=books[standing.id], moves=moves)
        for standing in active
    }


def _emails(standing: Standing, books: Books) -> set[str | None]:
    """Give the addresses of an order: its own, and those of the customers to whom it gave points, or from whom it took."""
    claims = books.claims.values()
    emails = {movement.email for movement in books.accepted} | {claim.email for claim in claims}
    return {*emails, *(claim.taken_by for claim in claims), standing.order.email if standing.order is not None else None}


def with_claims_to_judge(batch: Batch, standing: Standing, now: datetime) -> Standing:
    """Choose the shown claims whose customers are looked up now: a refund asks for them, or it is time to look."""
    shown = [claim for claim in standing.books.claims.values() if claim.state == ClaimState.SHOWN]
    if not shown or standing.due is None:
        return replace(standing, to_judge=())
    is_refunded = max(standing.due.points, 0) < position_of(standing.books, batch.accounts.showing_claims).granted
    to_judge = [
        claim
        for claim in sorted(shown, key=lambda claim: claim.shown_at or now)
        if (is_refunded or _next_look(claim, now) is not None or surely_expired(claim.expires_on, now))
        and _can_be_judged(claim)
        and batch.accounts.paused_until(claim.account_id, now) is None
    ]
    return replace(standing, to_judge=tuple(to_judge))


def customers_to_look_up(standing: Standing) -> set[tuple[int, str]]:
    """Give the customers of an order's claims that are to be judged, by account and e-mail."""
    return {(claim.account_id, claim.email) for claim in standing.to_judge}


def with_shown_claims(services: Services, standing: Standing, looks: Looks) -> Standing:
    """Conclude from balances whether shown claims were taken. A claim whose customer was not looked up stays as it is."""
    if standing.due is None:
        return standing
    now = services.clock()
    judged = [(claim, looks.get((claim.account_id, claim.email))) for claim in standing.to_judge]
    again_at = [_judge_shown(services, claim, look, now) for claim, look in judged if look is not None]
    again_at += [_next_look(claim, now) for claim in standing.books.claims.values() if claim.state == ClaimState.SHOWN]
    return replace(standing, looks=(*standing.looks, *(moment for moment in again_at if moment is not None)))


def _next_look(claim: ClaimRow, now: datetime) -> datetime | None:
    """Tell when time alone is a reason to look at a shown claim next."""
    look = retry.next_shown_look(now - (claim.shown_at or now))
    return claim.shown_at + look if look is not None and claim.shown_at is not None else None


def _can_be_judged(claim: ClaimRow) -> bool:
    is_known = claim.shown_at is not None and claim.shown_available is not None and claim.shown_used is not None
    return bool(claim.email) and is_known


def _judge_shown(services: Services, claim: ClaimRow, look: Look, now: datetime) -> datetime | None:
    """Conclude from the customer's balance whether a shown claim was taken. Gives when to look again, where it told nothing."""
    if claim.shown_at is None or claim.shown_available is None or claim.shown_used is None or isinstance(look.found, NotSent):
        return None
    if look.found is Absent.DOUBTFUL:
        return now + retry.PROBE_EVERY if now - claim.shown_at < retry.SHOWN_LOOKED_AT_FOR else None
    balance, shown = held(look.found), Balance(claim.shown_available, claim.shown_used)
    with services.database.reading() as session:
        if is_unclear(session, claim.lane, since=claim.shown_at, looked_at=look.began_at):
            return None
        own = moved_between(session, claim.lane, claim.shown_at, look.began_at)
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
