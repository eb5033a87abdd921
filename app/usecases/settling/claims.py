"""Step 2, before deciding: load what movements say of the orders, and bring their claims up to now."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from app.db.books import Books, books_of, position_of
from app.db.lanes import claims_that_may_have_been_taken_since, is_unclear, moved_between
from app.db.moves import moves_of
from app.db.tables import ClaimRow
from app.domain import retry
from app.domain.claim import Balance, ClaimState, runs_out_at, taken_since_shown
from app.ledger.ran_out import ran_out_of
from app.providers.protocol import Absent, NotSent, SeenClaim, held
from app.usecases.moving.looking_up import Look, Looks
from app.usecases.services import Services
from app.usecases.settling.batch import Batch, Standing, Standings
from app.usecases.settling.showings import put_right_showings


def with_books(services: Services, batch: Batch, active: Sequence[Standing]) -> Standings:
    """Load what movements say of the orders. Claims come as they are now: as their account shows them, else by their days."""
    with services.database.reading() as session:
        books = books_of(session, [standing.id for standing in active])
    now = services.clock()
    # With an account that is newer than this batch, another worker has had the order since: this one has lost it.
    lost = {standing.id for standing in active if not books[standing.id].account_ids <= batch.accounts.rows.keys()}
    ours = [books[standing.id] for standing in active if standing.id not in lost]
    put_right_showings(services, ours, now)
    _bring_up_to_now(batch, ours, now)
    with services.database.reading() as session:
        moves = moves_of(session, batch.accounts.rows, {email for one in active for email in _emails(one, books[one.id])})
        ran_out = ran_out_of(session, batch.store_id, [one.id for one in active], now) if batch.accounts.local else {}
    for order_id, of_order in ran_out.items():
        books[order_id].ran_out = of_order
    return {
        standing.id: replace(standing.leaving(now) if standing.id in lost else standing, books=books[standing.id], moves=moves)
        for standing in active
    }


def _emails(standing: Standing, books: Books) -> set[str | None]:
    """Give the addresses of an order: its own, and those of the customers to whom it gave points, or from whom it took."""
    claims = books.claims.values()
    emails = {movement.email for movement in books.accepted} | {claim.email for claim in claims}
    return {*emails, *(claim.taken_by for claim in claims), standing.order.email if standing.order is not None else None}


def with_claim_looks(batch: Batch, standing: Standing, now: datetime) -> Standing:
    """Note when each claim that waits runs out: from then on the order says something else, and nobody tells us of it."""
    ends = (ends_at(batch, claim) for claim in standing.books.claims.values() if claim.points > 0)
    later = {end for end in ends if end is not None and end > now} - set(standing.looks)
    return replace(standing, looks=(*standing.looks, *sorted(later)))


def ends_at(batch: Batch, claim: ClaimRow) -> datetime | None:
    """Give the moment from which on a claim counts as run out."""
    return runs_out_at(ClaimState(claim.state), claim.expires_on, batch.store.time_zone)


def is_past(batch: Batch, claim: ClaimRow, now: datetime) -> bool:
    """Tell whether a claim that was not known to be taken can be taken no more."""
    end = ends_at(batch, claim)
    return end is not None and end <= now


def with_claims_to_judge(batch: Batch, standing: Standing, now: datetime) -> Standing:
    """Choose the shown claims whose customers are looked up now: a refund asks for them, or it is time to look.

    Those of a paused account are looked at when its pause ends.
    """
    shown = [claim for claim in standing.books.claims.values() if claim.state == ClaimState.SHOWN]
    if not shown or standing.due is None:
        return replace(standing, to_judge=())
    is_refunded = max(standing.due.points, 0) < position_of(standing.books, batch.accounts.showing_claims).to_compare
    to_judge = [
        claim
        for claim in sorted(shown, key=lambda claim: claim.shown_at or now)
        if (is_refunded or _next_look(claim, now) is not None or is_past(batch, claim, now)) and _can_be_judged(claim)
    ]
    pauses = {claim.id: batch.accounts.paused_until(claim.account_id, now) for claim in to_judge}
    return replace(
        standing,
        to_judge=tuple(claim for claim in to_judge if pauses[claim.id] is None),
        looks=(*standing.looks, *(until for until in pauses.values() if until is not None)),
    )


def customers_to_look_up(standing: Standing) -> set[tuple[int, str]]:
    """Give the customers of an order's claims that are to be judged, by account and e-mail."""
    return {(claim.account_id, claim.email) for claim in standing.to_judge}


def with_shown_claims(services: Services, batch: Batch, standing: Standing, looks: Looks) -> Standing:
    """Conclude from balances whether shown claims were taken. A claim whose customer was not looked up stays as it is."""
    if standing.due is None:
        return standing
    now = services.clock()
    judged = [(claim, looks.get((claim.account_id, claim.email))) for claim in standing.to_judge]
    again_at = [
        _look_again_at(batch, claim, now) if look is None else _judge_shown(services, batch, claim, look, now)
        for claim, look in judged
    ]
    again_at += [_next_look(claim, now) for claim in standing.books.claims.values() if claim.state == ClaimState.SHOWN]
    return replace(standing, looks=(*standing.looks, *(moment for moment in again_at if moment is not None)))


def _next_look(claim: ClaimRow, now: datetime) -> datetime | None:
    """Tell when time alone is a reason to look at a shown claim next."""
    look = retry.next_shown_look(now - (claim.shown_at or now))
    return claim.shown_at + look if look is not None and claim.shown_at is not None else None


def _can_be_judged(claim: ClaimRow) -> bool:
    is_known = claim.shown_at is not None and claim.shown_available is not None and claim.shown_used is not None
    return bool(claim.email) and is_known


def _judge_shown(services: Services, batch: Batch, claim: ClaimRow, look: Look, now: datetime) -> datetime | None:
    """Conclude from the customer's balance whether a shown claim was taken. Gives when to look again, where it told nothing."""
    if claim.shown_at is None or claim.shown_available is None or claim.shown_used is None:
        return None
    if isinstance(look.found, NotSent) or look.found is Absent.DOUBTFUL:
        return _look_again_at(batch, claim, now)
    balance, shown = held(look.found), Balance(claim.shown_available, claim.shown_used)
    with services.database.reading() as session:
        if is_unclear(session, claim.lane, since=claim.shown_at, looked_at=look.began_at, now=services.clock()):
            return _look_again_at(batch, claim, now)
        own = moved_between(session, claim.lane, claim.shown_at, look.began_at)
        others = _points_of_others(session, claim, claim.shown_at, shown)
    if taken_since_shown(claim.points, shown=shown, now=balance, own_movements=own.most, other_claims=others):
        claim.state, claim.taken_at, claim.taken_by = ClaimState.TAKEN, now, claim.email
    elif is_past(batch, claim, now) and not taken_since_shown(
        claim.points, shown=shown, now=balance, own_movements=own.least, other_claims=0
    ):
        # Past its day, and nothing came that could be it. What may have been taken before its day is not over with it.
        claim.state = ClaimState.EXPIRED
    return None


def _look_again_at(batch: Batch, claim: ClaimRow, now: datetime) -> datetime | None:
    """Say when to look again at a claim of which a look told nothing."""
    end = ends_at(batch, claim)
    pause = retry.shown_pause(now - (claim.shown_at or now), None if end is None else now - end)
    return now + pause if pause is not None else None


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
            if claim.state == ClaimState.OPEN and is_past(batch, claim, now):
                claim.state = ClaimState.EXPIRED


def _bring_up_to(claims: Sequence[ClaimRow], seen: Mapping[str, SeenClaim]) -> None:
    for claim in claims:
        found = seen.get(claim.token_mark)
        # Voided by a movement of an earlier version whose outcome is not recorded yet: recording it says so.
        if found is not None and found.state is not ClaimState.VOID and found.state != claim.state:
            claim.state, claim.taken_at, claim.taken_by = found.state, found.taken_at, found.taken_by
