"""Rows are locked in one order, so that no two transactions wait for each other: orders, claims, customers, the day's totals."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from app.usecases.settling.settle_orders import settle_orders
from tests.test_settling.test_provider_faults import make_instant
from tests.test_settling.test_refunds import ADA, paid_order
from tests.world import World


@contextmanager
def transactions(world: World) -> Iterator[list[list[str]]]:
    """Collect the statements of each transaction."""
    seen: list[list[str]] = [[]]

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen[-1].append(statement)

    def commit(_connection: Any) -> None:
        seen.append([])

    engine = world.services.database.engine
    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "commit", commit)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
        event.remove(engine, "commit", commit)


def places(statements: list[str], begins: str, table: str) -> list[int]:
    return [place for place, one in enumerate(statements) if one.lstrip().upper().startswith(begins) and table in one]


def test_the_days_totals_are_locked_after_the_customers(embedded_world: World) -> None:
    world = embedded_world
    # A claim that was taken and is refunded, a credit that is refunded, and a new credit: all in one batch.
    claimed = world.saleor.shop.place_paid_order("40", email=ADA)
    world.deliver()
    make_instant(world)
    credited = paid_order(world, "60")
    world.claim(claimed)
    world.saleor.till.refund(claimed, "10")
    world.saleor.till.refund(credited, "20")
    world.saleor.shop.place_paid_order("30", email=ADA)
    world.saleor.deliveries.deliver()

    with transactions(world) as seen:
        settle_orders(world.services)

    both = 0
    for statements in seen:
        totals, entries = places(statements, "INSERT", "points_day"), places(statements, "INSERT", "points_entry")
        if totals and entries:
            both += 1
            assert max(entries) < min(totals)
    assert both
