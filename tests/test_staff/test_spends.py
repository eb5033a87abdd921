"""`saleor-points spends list`: what customers paid with points."""

from uuid import uuid4

import pytest

from app.db.tables.points_entry import EntryKind
from app.ledger import entries as ledger
from app.ledger import spending
from app.usecases.spending.list_spends import LISTED_MAX, list_spends
from tests.clock import START
from tests.test_settling.test_refunds import ADA
from tests.test_staff.command_line import typed
from tests.world import SECRET_KEY, World

BOB = "bob@example.com"


@pytest.fixture
def world(embedded_world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("DATABASE_URL", embedded_world.settings.database_url)
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    return embedded_world


def pay(world: World, *points: int, email: str = ADA, back: int = 0) -> None:
    store_id = world.store().id or 0
    with world.services.database.writing() as session:
        ledger.post(session, store_id, [ledger.Entry(email, sum(points), EntryKind.INSTANT, uuid4())], START)
        for number, one in enumerate(points):
            spent = spending.spend(session, store_id, email, one, request_id=uuid4(), now=START, reference=f"receipt {number}")
            assert spent is not None
            if back:
                spending.give_back(session, spent, email, back, START)


def test_spends_are_listed_with_what_was_given_back(world: World) -> None:
    pay(world, 30, back=10)

    said = typed("spends", "list", "--store", world.store().slug)

    [_, line] = said.output.splitlines()
    assert line.split() == ["1", "2026-05-04", "09:00", ADA, "30", "10", "receipt", "0"]


def test_one_customers_spends_are_listed_alone(world: World) -> None:
    pay(world, 30)
    pay(world, 20, email=BOB)

    said = typed("spends", "list", "--store", world.store().slug, "--customer", BOB.upper())

    assert BOB in said.output
    assert ADA not in said.output


def test_pages_miss_nothing(world: World) -> None:
    pay(world, *[1] * (LISTED_MAX + 2))
    slug = world.store().slug

    first = list_spends(world.services, slug)
    second = list_spends(world.services, slug, before_id=first.older_than)

    assert [one.id for one in (*first.spends, *second.spends)] == list(range(LISTED_MAX + 2, 0, -1))
    assert second.older_than is None
    assert f"add --before {first.older_than}" in typed("spends", "list", "--store", slug).output


def test_where_nobody_paid_that_is_said(world: World) -> None:
    assert "Nobody paid with points yet." in typed("spends", "list", "--store", world.store().slug).output
    assert "no store nowhere" in str(typed("spends", "list", "--store", "nowhere").exception)
