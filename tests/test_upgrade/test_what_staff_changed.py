"""What staff changed before there were limits and batches stays as it was; what the version before changes beside us is kept."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.usecases.merchants.change_store import change_store
from app.usecases.operating.verify_books import verify_books
from tests.test_settling.test_refunds import ADA
from tests.test_staff.batches import changes_of, run
from tests.test_staff.test_limits import BOB, decide, give, limit, requests_of
from tests.test_upgrade.test_settled_orders_stay import upgrade
from tests.world import World

BEFORE_LIMITS, BEFORE_BATCHES = "0029", "0032"


def differences(world: World) -> list[str]:
    return [said for verified in verify_books(world.services) for said in verified.differences]


def changed_by_the_version_before(world: World, points: int) -> None:
    """Insert a change as a version that knows no limits does. It names none of the columns that came with them."""
    with world.services.database.writing() as session:
        values = {"id": world.store().id, "points": points, "at": world.clock().isoformat(sep=" ")}
        session.execute(
            text(
                "INSERT INTO adjustment (store_id, email_key, points, reason, made_by, made_at)"
                " VALUES (:id, 'ada@example.com', :points, 'sorry', 'eve@shop.example', :at)"
            ),
            values,
        )


def test_a_store_from_before_the_limits_has_none_and_keeps_what_staff_changed(world: World) -> None:
    limit(world, change=100, day=100)
    assert give(world, 60)
    assert not give(world, 60)
    decide(world, requests_of(world.services)[0])

    upgrade(world, BEFORE_LIMITS)

    store = world.store()
    assert (store.staff_change_max, store.staff_day_max, store.limits_checked_at) == (None, None, None)
    assert requests_of(world.services) == []
    assert give(world, 2_000_000)
    assert world.balance(ADA).available == 2_000_120
    assert differences(world) == []


def test_the_days_sum_begins_with_the_first_limit_after_the_upgrade(world: World) -> None:
    assert give(world, 60)
    upgrade(world, BEFORE_LIMITS)
    limit(world, day=100)

    assert give(world, 60)
    assert not give(world, 60)
    assert world.balance(ADA).available == 120
    assert differences(world) == []


@pytest.mark.parametrize(("points", "said"), [(100, []), (101, ["101 points are above the limit of 100"])])
def test_what_the_version_before_changes_beside_us_is_kept_and_verify_names_it_above_a_limit(
    embedded_world: World, points: int, said: list[str]
) -> None:
    limit(embedded_world, change=100)
    embedded_world.clock.advance(minutes=1)

    changed_by_the_version_before(embedded_world, points)

    found = differences(embedded_world)
    assert [sentence for sentence in said if not any(sentence in one for one in found)] == []
    assert any("above the limit" in one for one in found) == bool(said)


def test_what_the_version_before_changed_before_the_limit_was_set_is_not_held_against_it(embedded_world: World) -> None:
    changed_by_the_version_before(embedded_world, 2_000_000)
    embedded_world.clock.now += timedelta(minutes=1)

    change_store(embedded_world.services, embedded_world.store().slug, staff_change_max=100)

    assert not any("above the limit" in one for one in differences(embedded_world))


def test_a_batch_runs_after_the_upgrade_for_customers_of_the_version_before(world: World) -> None:
    assert give(world, 60)
    upgrade(world, BEFORE_BATCHES)

    batch_id = run(world, (ADA, -20), (BOB, 5))

    assert [change.state for change in changes_of(world, batch_id)] == ["done", "done"]
    assert (world.balance(ADA).available, world.balance(BOB).available) == (40, 5)
    assert differences(world) == []
