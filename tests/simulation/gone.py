"""What ran out and what staff took, by what the app wrote down of it, held against what the shop and the providers know."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from uuid import UUID

from sqlmodel import select

from app.db.tables import AdjustmentRow, ClaimRow, GoneRow, OrderRow
from app.sealing import fingerprint
from tests.simulation.world import World


def gone_of(world: World, order_id: str) -> list[GoneRow]:
    """Give what is written down as gone of an order."""
    with world.rig.database.reading() as session:
        rows = select(GoneRow).join(OrderRow).where(OrderRow.saleor_order_id == order_id)
        return list(session.exec(rows))


def due_after(world: World, order_id: str, earned: int) -> int:
    """Give what an order is due that has earned these points: what is gone counts against points and gifts, each by itself."""
    rows = gone_of(world, order_id)
    gifts = sum(points for points in world.truth.staff[order_id] if points > 0)
    points_left = max(earned - sum(row.of_points for row in rows), 0)
    return points_left + max(gifts - sum(row.of_gifts for row in rows), 0)


def wrong_gone(world: World) -> Iterator[str]:
    """Tell what is gone and should not be, and what should be gone and is not."""
    with world.rig.database.reading() as session:
        rows = list(session.exec(select(GoneRow)))
        claims = {claim.id: claim for claim in session.exec(select(ClaimRow))}
        changes = list(session.exec(select(AdjustmentRow)))
    by_claim: defaultdict[UUID | None, list[int]] = defaultdict(list)
    by_staff: defaultdict[int | None, list[int]] = defaultdict(list)
    for row in rows:
        (by_claim[row.claim_id] if row.claim_id is not None else by_staff[row.adjustment_id]).append(row.of_points + row.of_gifts)
    held = _held(world)
    # What staff took of a claim whose link was shown is gone when they take it, and does not run out once more.
    taken_of: Counter[int] = Counter()
    for row in rows:
        taken_of[row.order_id] += row.of_points + row.of_gifts if row.adjustment_id is not None else 0
    for claim in claims.values():
        gone = by_claim[claim.id]
        ran_out = claim.state == "expired" and held.get(claim.token_mark, 0) > 0
        most = held.get(claim.token_mark, 0)
        if len(gone) != ran_out or (ran_out and not most - taken_of[claim.order_id] <= gone[0] <= most):
            yield f"a claim of {held.get(claim.token_mark)} stands as {claim.state}, and {gone} of it ran out"
        if ran_out and claim.points:
            yield f"a claim ran out, and {claim.points} of it are granted still"
    for change in changes:
        if change.order_id is None:
            continue
        taken = by_staff[change.id]
        if len(taken) != (change.points < 0) or sum(taken) > max(-change.points, 0):
            yield f"staff asked for {change.points} of an order, and {taken} were taken"


def _held(world: World) -> dict[str, int]:
    """Give what each claim holds at its provider, by the claim's mark. What runs out stays on it there."""
    at_coggins = {fingerprint(claim.token.replace("-", "")): claim.amount for _, claim in world.purses.claims()}
    return at_coggins | world.purses.embedded_claims()
