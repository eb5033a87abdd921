"""What operators watch, and who may."""

from datetime import timedelta

import pytest
import requests
from sqlalchemy import event
from sqlmodel import update

from app.db.tables import OrderRow
from app.usecases.operating.create_store import create_store
from app.usecases.operating.store_figures import figures_of_stores
from tests.clock import MovableClock
from tests.standins.saleor import StandInSaleor
from tests.test_settling.test_refunds import paid_order
from tests.world import TIMEOUT, World, open_world


def scraped(world: World, **headers: str) -> requests.Response:
    return requests.get(f"{world.url}/metrics", headers=headers, timeout=TIMEOUT)


def figure(text: str, name: str) -> float:
    lines = [line for line in text.splitlines() if line.startswith(f"saleor_points_{name}")]
    assert lines, f"{name} is not told"
    return float(lines[0].rsplit(" ", 1)[1])


def test_the_queue_is_told_by_store(world: World) -> None:
    world.saleor.shop.place_paid_order("60.00")
    world.saleor.deliveries.deliver()
    world.clock.advance(minutes=7)

    text = scraped(world).text

    assert f'saleor_points_waiting_orders{{store="{world.store().slug}"}} 1.0' in text
    assert figure(text, "oldest_waiting_seconds") == timedelta(minutes=7).total_seconds()


def test_what_is_settled_waits_no_more_and_nothing_drifts(world: World) -> None:
    paid_order(world)

    text = scraped(world).text

    assert figure(text, "waiting_orders") == 0
    assert figure(text, "drifting_orders") == 0
    assert figure(text, "orders_with_problem") == 0


def test_of_many_that_wait_or_drift_only_so_many_are_counted(world: World) -> None:
    for _ in range(3):
        world.saleor.shop.place_paid_order("60.00")
    world.saleor.deliveries.deliver()
    with world.services.database.writing() as session:
        session.execute(update(OrderRow).values(due=60))

    [figures] = figures_of_stores(world.services, counted_max=2)

    assert (figures.waiting_orders, figures.drifting_orders) == (2, 2)


def test_each_store_has_its_own_figures_in_three_queries(world: World) -> None:
    world.saleor.shop.place_paid_order("60.00")
    world.saleor.deliveries.deliver()
    create_store(world.services, "Another")
    asked = list[str]()
    event.listen(world.services.database.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))

    figures = figures_of_stores(world.services)

    assert [(one.waiting_orders, one.oldest_look_at is None) for one in figures] == [(1, False), (0, True)]
    assert len([statement for statement in asked if statement.startswith("SELECT")]) == 3


def test_calls_and_outcomes_are_counted(embedded_world: World) -> None:
    before = scraped(embedded_world).text
    paid_order(embedded_world)
    after = scraped(embedded_world).text

    claimed = 'movements_total{kind="claim",outcome="accepted"}'
    assert figure(after, claimed) - (figure(before, claimed) if claimed in before else 0) == 1
    assert figure(after, 'outside_seconds_count{host="127.0.0.1",outcome="answered"}') > 0


@pytest.mark.parametrize("given", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "s3cret"}])
def test_a_scraper_without_the_token_sees_nothing(
    fresh_sqlite_url: str, clock: MovableClock, saleor: StandInSaleor, given: dict[str, str]
) -> None:
    with open_world(fresh_sqlite_url, clock, saleor, METRICS_TOKEN="s3cret") as world:
        refused, served = scraped(world, **given), scraped(world, Authorization="Bearer s3cret")

    assert refused.status_code == 401
    assert "saleor_points" not in refused.text
    assert served.status_code == 200


def test_in_production_there_are_no_metrics_without_a_token(
    fresh_sqlite_url: str, clock: MovableClock, saleor: StandInSaleor
) -> None:
    with open_world(
        fresh_sqlite_url,
        clock,
        saleor,
        APP_ENV="production",
        SECRET_KEY="x7Kq2mVt9RbLw4Zc8NdYp3HsFj6GuTae",
        PUBLIC_URL="https://points.example",
        ALLOWED_SALEOR_URLS="http://localhost:*/graphql/",
    ) as world:
        assert scraped(world).status_code == 404
