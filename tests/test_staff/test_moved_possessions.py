"""Whose are the things that came to an address at some moment: they follow the moves that came after."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from app.db.moved_possessions import periods_of
from app.db.tables import CustomerMoveRow
from app.db.tables.customer_move import MoveState
from app.domain.moved_customers import ANY_ACCOUNT, MovedCustomer, holder_of
from tests.world import World

PEOPLE = tuple(f"{name}@example.com" for name in "abcd")
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def moved(world: World, *moves: tuple[str, str]) -> None:
    """Store these moves, one each minute from noon on."""
    store_id, account_id = world.store().id or 0, world.account().id or 0
    with world.services.database.writing() as session:
        for minute, (source, target) in enumerate(moves):
            session.add(
                CustomerMoveRow(
                    store_id=store_id,
                    account_id=account_id,
                    from_email=source,
                    from_key=source,
                    to_email=target,
                    to_key=target,
                    state=MoveState.DONE,
                    reason="tests",
                    made_by="tests",
                    made_at=NOON + timedelta(minutes=minute),
                    moved_at=NOON + timedelta(minutes=minute),
                )
            )


def has(world: World, email: str, key: str, at: datetime) -> bool:
    """Tell whether what came to this key at this moment is a customer's today."""
    with world.services.database.reading() as session:
        periods = periods_of(session, world.store().id or 0, email)
    return any(
        one.key == key and (one.since is None or one.since < at) and (one.until is None or at <= one.until) for one in periods
    )


@pytest.mark.parametrize("seed", range(20))
def test_each_thing_is_with_the_one_customer_to_whom_its_points_go_back(embedded_world: World, seed: int) -> None:
    draw = random.Random(seed)
    moves = [tuple(draw.sample(PEOPLE, 2)) for _ in range(draw.randint(0, 7))]
    moved(embedded_world, *[(source, target) for source, target in moves])
    known: dict[tuple[int, str], tuple[MovedCustomer, ...]] = {}
    for minute, (source, target) in enumerate(moves):
        one = MovedCustomer(minute + 1, ANY_ACCOUNT, source, target, NOON + timedelta(minutes=minute))
        known[ANY_ACCOUNT, source] = (*known.get((ANY_ACCOUNT, source), ()), one)

    for key in PEOPLE:
        for half_minute in range(-1, 2 * len(moves) + 1):
            at = NOON + timedelta(seconds=30 * half_minute)
            holder = holder_of(known, ANY_ACCOUNT, key, at).email
            assert [email for email in PEOPLE if has(embedded_world, email, key, at)] == [holder], (moves, key, at)
