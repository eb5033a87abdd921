"""Claims whose time is over: exact when they are taken, marked by the worker, and told to their orders."""

from datetime import timedelta

from sqlalchemy import update
from sqlmodel import col

from app.db.tables import RuleRow
from app.db.tables.points_claim import PointsClaimState
from app.domain.claim import ClaimState
from app.ledger import entries as ledger
from app.providers.embedded import EmbeddedProvider
from app.providers.protocol import Accepted, Overtaken
from app.usecases.settling.expire_claims import BATCH, expire_claims
from tests.clock import START
from tests.test_points.ledger_calls import change, claims_of, mark_of, new_claim, take
from tests.test_settling.test_refunds import paid_order
from tests.world import World

DAY = timedelta(days=1)


def expire(provider: EmbeddedProvider, days: int, *, limit: int = 100) -> int:
    """Let the sweep run some days from the start; gives how many it marked."""
    now = START + days * DAY
    with provider.database.writing() as session:
        found = ledger.claims_past_their_time(session, now, limit=limit)
        ledger.expire(session, [claim_id for claim_id, _ in found], now)
    return len(found)


def states(provider: EmbeddedProvider) -> list[str]:
    return [claim.state for claim in claims_of(provider.database)]


def test_only_open_claims_past_their_time_are_marked(provider: EmbeddedProvider) -> None:
    past, taken, void, later = (new_claim(provider, 5, expires_days=days) for days in (1, 1, 1, 9))
    endless = new_claim(provider, 5)
    take(provider, taken)
    change(provider, void, 0)

    assert expire(provider, 3) == 1
    assert expire(provider, 3) == 0

    seen = provider.seen_claims([mark_of(claim) for claim in (past, taken, void, later, endless)], now=START)
    assert [seen[mark_of(claim)].state for claim in (past, taken, void, later, endless)] == [
        ClaimState.EXPIRED,
        ClaimState.TAKEN,
        ClaimState.VOID,
        ClaimState.OPEN,
        ClaimState.OPEN,
    ]


def test_a_batch_has_a_bound_and_takes_the_oldest_first(provider: EmbeddedProvider) -> None:
    for days in (3, 1, 2):
        new_claim(provider, 5, expires_days=days)

    assert expire(provider, 9, limit=2) == 2
    assert states(provider) == [PointsClaimState.OPEN, PointsClaimState.EXPIRED, PointsClaimState.EXPIRED]


def test_a_claim_that_was_taken_since_it_was_found_stays_taken(provider: EmbeddedProvider) -> None:
    claim = new_claim(provider, 5, expires_days=1)
    with provider.database.reading() as session:
        found = ledger.claims_past_their_time(session, START + 3 * DAY, limit=9)
    take(provider, claim)
    with provider.database.writing() as session:
        ledger.expire(session, [claim_id for claim_id, _ in found], START + 3 * DAY)

    assert states(provider) == [PointsClaimState.TAKEN]


def test_a_marked_claim_can_be_withdrawn_but_neither_taken_nor_grown(provider: EmbeddedProvider) -> None:
    claim = new_claim(provider, 5, expires_days=1)
    expire(provider, 3)

    assert not take(provider, claim)
    assert isinstance(change(provider, claim, 8), Overtaken)
    assert change(provider, claim, 0) == Accepted()


def test_an_expired_claim_is_told_to_its_order_by_the_worker(embedded_world: World) -> None:
    with embedded_world.services.database.writing() as session:
        session.execute(update(RuleRow).where(col(RuleRow.channel).is_(None)).values(expires_days=2))
    order_id = paid_order(embedded_world)
    assert embedded_world.metadata(order_id)["points_status"] == "ready"
    assert not expire_claims(embedded_world.services)

    embedded_world.clock.now += 3 * DAY

    assert expire_claims(embedded_world.services)
    assert not expire_claims(embedded_world.services)
    embedded_world.settle()
    assert embedded_world.metadata(order_id)["points_status"] == "none"
    assert BATCH < 1000
