"""What a shopper is told of points that run out: what runs out next, and what did."""

from datetime import date, timedelta

from app.db.ending_lots import ending_lots
from app.db.tables import StoreRow
from app.domain.expiry_policy import ExpiryPolicy, PolicyKind
from app.usecases.confirmed_shoppers import SignedIn
from app.usecases.merchants.change_expiry import add_policy
from app.usecases.operating.end_lots import end_lots
from app.usecases.shoppers.show_history import HistoryChange, show_history
from app.usecases.shoppers.show_wallet import RunsOut, show_wallet
from tests.test_settling.test_refunds import ADA, paid_order
from tests.world import World


def shopper(world: World) -> SignedIn:
    return SignedIn(store_id=1, store_slug="shop", email=ADA, user_id="VXNlcjox")


def with_a_policy(world: World, policy: ExpiryPolicy) -> None:
    with world.services.database.writing() as session:
        add_policy(session, session.get_one(StoreRow, 1), policy, world.clock(), who="a test")


def test_a_shopper_is_told_what_runs_out_next_and_later_that_it_did(embedded_world: World) -> None:
    world = embedded_world
    with_a_policy(world, ExpiryPolicy(PolicyKind.ROLLING, months=1))
    world.claim(paid_order(world, "40"))
    world.clock.advance(days=3)
    world.claim(paid_order(world, "30"))

    before = show_wallet(world.services, shopper(world))
    world.clock.advance(days=30)
    between = show_wallet(world.services, shopper(world))
    end_lots(world.services)
    [newest, *_] = show_history(world.services, shopper(world), size=5).entries

    assert before.runs_out == RunsOut(40, date(2026, 6, 4))
    assert (between.balance.available, between.runs_out) == (30, RunsOut(30, date(2026, 6, 7)))
    assert (newest.change, newest.points, newest.balance) == (HistoryChange.RAN_OUT, -40, 30)


def test_lots_that_end_in_some_days_are_found_by_day_and_by_activity(embedded_world: World) -> None:
    world = embedded_world
    with_a_policy(world, ExpiryPolicy(PolicyKind.ROLLING, months=1))
    world.claim(paid_order(world, "40"))
    with_a_policy(world, ExpiryPolicy(PolicyKind.INACTIVE, months=1))
    world.clock.advance(days=3)
    world.claim(paid_order(world, "30"))
    now = world.clock()

    with world.services.database.reading() as session:
        soon = [one.points for one in ending_lots(session, 1, [1], now, now + timedelta(days=30))]
        later = [one.points for one in ending_lots(session, 1, [1], now + timedelta(days=30), now + timedelta(days=40))]

    assert soon == [40]
    assert later == [30]
