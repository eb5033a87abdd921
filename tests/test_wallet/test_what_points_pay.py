"""What points pay, in the wallet: by what is known of the shop's channels. No page waits for a Saleor."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from app.usecases.errands import ERRANDS_MAX, Errands
from app.usecases.merchants.list_channels import KEPT_FOR, TRIED_AGAIN_AFTER
from tests.clock import MovableClock
from tests.standins import faults
from tests.standins.saleor import StandInSaleor
from tests.test_spending.paying import PayingShop
from tests.test_wallet.conftest import open_shop
from tests.test_wallet.visitor import Visitor, give, seen
from tests.test_web.calls import change_rule
from tests.waiting import PATIENCE_SECONDS
from tests.world import World

PAYS = "They pay $12.00"


@pytest.fixture
def shop(fresh_sqlite_url: str, clock: MovableClock, saleor: StandInSaleor) -> Iterator[World]:
    """100 points pay 1.00."""
    with open_shop(fresh_sqlite_url, clock, saleor) as world:
        PayingShop(world).set_rule()
        give(world, 1_200)
        yield world


def known(visitor: Visitor) -> str:
    """Look at the first page, and once more when the process has asked for the channels."""
    visitor.get()
    visitor.world.services.errands.wait(PATIENCE_SECONDS)
    return seen(visitor.get())


def test_the_first_page_says_what_points_pay_where_they_pay(ada: Visitor) -> None:
    ada.sign_in()

    page = known(ada)

    assert PAYS in page


def test_points_of_orders_on_their_way_are_told(ada: Visitor) -> None:
    change_rule(ada.world, hold_days=14)
    ada.world.saleor.shop.place_paid_order("40", email="ada@example.com")
    ada.world.deliver()
    ada.sign_in()

    assert "40 more points are on their way from your latest orders." in seen(ada.get())


def test_a_silent_saleor_makes_no_page_wait_and_takes_no_place_of_the_merchants(ada: Visitor) -> None:
    ada.sign_in()
    ada.world.services.errands.wait(PATIENCE_SECONDS)
    ada.world.services.channel_lists.clear()
    ada.world.clock.advance(minutes=2)
    ada.world.saleor.faults.always(faults.hang(), on="Channels")

    pages = [ada.get() for _ in range(3)]

    assert [page.status_code for page in pages] == [200] * 3
    assert "1,200 points" in seen(pages[0])
    assert PAYS not in seen(pages[0])
    assert ada.world.services.bulkheads.look_ups._taken.total() == 0


def test_what_was_known_is_shown_while_saleor_says_nothing(ada: Visitor) -> None:
    ada.sign_in()
    known(ada)
    ada.world.saleor.faults.always(faults.status(503), on="Channels")

    ada.world.clock.advance(seconds=int((KEPT_FOR + TRIED_AGAIN_AFTER).total_seconds()))

    assert PAYS in known(ada)


def test_an_errand_is_done_once_at_a_time_and_few_in_all(clock: MovableClock) -> None:
    errands, may_end, done = Errands(), threading.Event(), list[str]()

    def begin(name: str) -> None:
        def work() -> None:
            may_end.wait(PATIENCE_SECONDS)
            done.append(name)

        errands.begin(name, work, clock(), every=timedelta(minutes=1))

    for name in ("a", "a", "b", "c"):
        begin(name)
    may_end.set()
    errands.wait(PATIENCE_SECONDS)
    assert sorted(done) == ["a", "b"]
    assert len(done) == ERRANDS_MAX

    begin("a")
    errands.wait(PATIENCE_SECONDS)
    assert len(done) == ERRANDS_MAX
    clock.advance(minutes=1)
    begin("a")
    errands.wait(PATIENCE_SECONDS)
    assert sorted(done) == ["a", "a", "b"]
