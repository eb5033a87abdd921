"""Housekeeping costs the same with one store and with many: what most stores do not need is not asked for each of them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, func, select

from app.db.rows import new_row
from app.db.tables import EventRow, OrderRow, StoreRow
from app.domain.store import AccountKind
from app.usecases.operating.change_account import new_account
from app.usecases.operating.housekeeping import KEPT_FOR, STORES_MAX, do_housekeeping
from app.usecases.operating.tell_problems import ORDERS
from tests.world import World

STORES = 40


@pytest.fixture
def world(embedded_world: World) -> World:
    return embedded_world


def add_stores(world: World, count: int) -> None:
    with world.services.database.writing() as session:
        for number in range(count):
            session.add(_store(session, world, number))


def _store(session: Session, world: World, number: int) -> StoreRow:
    now, first = world.clock(), world.store()
    store = new_row(
        StoreRow,
        slug=f"quiet-{number}",
        name="Quiet",
        saleor_api_url=f"https://quiet-{number}.example/graphql/",
        saleor_version="3.22.40",
        token_sealed=first.token_sealed,
        awards_from=now,
        created_at=now,
    )
    session.add(store)
    session.flush()
    session.add(new_account(world.services, store.id or 0, kind=AccountKind.EMBEDDED, url="", key=""))
    return store


@contextmanager
def statements(world: World) -> Iterator[list[str]]:
    """Collect what is sent to the database in the block."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(world.services.database.engine, "before_cursor_execute", note)
    yield sent
    event.remove(world.services.database.engine, "before_cursor_execute", note)


def test_a_round_sends_as_many_statements_with_many_stores_as_with_one(world: World) -> None:
    with statements(world) as with_one:
        do_housekeeping(world.services)
    first = world.store()
    add_stores(world, STORES)

    with statements(world) as with_many:
        do_housekeeping(world.services)

    assert first.state == "active"
    assert len(with_many) == len(with_one)


def test_old_events_of_many_stores_are_deleted_a_few_stores_a_round(world: World) -> None:
    add_stores(world, STORES)
    old = world.clock() - KEPT_FOR - timedelta(days=1)
    with world.services.database.writing() as session:
        for store_id in session.exec(select(StoreRow.id).where(col(StoreRow.slug).like("quiet-%"))).all():
            session.add(EventRow(store_id=store_id or 0, saleor_order_id="a", type="ORDER_PAID", first_at=old, last_at=old))

    rounds = [do_housekeeping(world.services) for _ in range(STORES // STORES_MAX + 1)]

    assert rounds == [True] * (STORES // STORES_MAX) + [False]
    with world.services.database.reading() as session:
        assert session.exec(select(func.count()).select_from(EventRow).where(col(EventRow.last_at) <= old)).one() == 0


def test_orders_that_need_a_person_are_not_counted_store_by_store(world: World) -> None:
    add_stores(world, STORES)
    told = json.dumps({ORDERS: "Orders that need a person: 1. Open Saleor Points to see what to do."})
    with world.services.database.writing() as session:
        for store in session.exec(select(StoreRow).where(col(StoreRow.slug).like("quiet-%"))).all():
            store.problems_told = told
            order = new_row(OrderRow, store_id=store.id, saleor_order_id="a", problem_code="no_email", created_at=world.clock())
            session.add_all([store, order])

    with statements(world) as sent:
        do_housekeeping(world.services)

    assert len([statement for statement in sent if '"order"' in statement]) == 1
    with world.services.database.reading() as session:
        assert set(session.exec(select(StoreRow.problems_told).where(col(StoreRow.slug).like("quiet-%")))) == {told}
