"""Upgrades from before points could pay, and from the version that brought it, with payments in every state."""

from typing import Any
from uuid import uuid4

from sqlalchemy import text

from app.db.tables import SpendRow
from app.domain.spending import SpendStage
from tests.test_spending.conftest import give
from tests.test_spending.paying import ADA, PayingShop
from tests.test_spending.test_looking_after import later
from tests.test_spending.test_refund_requests import refund
from tests.test_upgrade.revisions import bring_to
from tests.world import World

UNKNOWN_BEFORE, BROUGHT_BY = "0031", "0032"
# What the version that brought them had.
SPENDS = """SELECT id, reference, saleor_transaction_id, saleor_checkout_id, saleor_order_id, email, account_id, rule_id,
    currency, amount_units, points, returned_units, returned_points, stage, asked_at, taken_at, confirmed_at, ended_at, look_at
    FROM spend ORDER BY id"""
RETURNS = """SELECT id, spend_id, reference, request_event_id, why, amount_units, points, written_at, reported_at, credited_at,
    cancelled_at, problem FROM spend_return ORDER BY id"""
RULES = "SELECT id, store_id, channel, points_per_unit, least_points, greatest_share, hold_hours, is_active FROM spend_rule"


def rows(shop: PayingShop) -> list[list[tuple[Any, ...]]]:
    with shop.world.services.database.reading() as session:
        asked = (SPENDS, RETURNS, RULES)
        return [[tuple(row) for row in session.connection().execute(text(query))] for query in asked]


def bring(shop: PayingShop, revision: str) -> None:
    """Bring the database to a revision, as while nothing runs."""
    database = shop.world.services.database
    database.engine.dispose()
    bring_to(database, revision)
    database.engine.dispose()


def paid(shop: PayingShop, amount: str, *, completes: bool = False) -> str:
    checkout_id = shop.cart(amount)
    session = shop.pay(checkout_id)
    if completes:
        shop.world.saleor.checkouts.complete(checkout_id)
    return session.transaction.id


def not_taken(shop: PayingShop, stage: SpendStage) -> SpendRow:
    """Make a payment that took nothing, otherwise like the newest."""
    alike = shop.spends()[4].model_dump(exclude={"id", "taken_at", "answered_at", "look_at"})
    return SpendRow(**alike | {"reference": uuid4(), "saleor_transaction_id": uuid4().hex, "stage": stage})


def opened(world: World) -> PayingShop:
    shop = PayingShop(world)
    shop.open()
    give(world, ADA, 10_000)
    return shop


def test_payments_in_every_state_stay_and_go_on(embedded_world: World) -> None:
    shop = opened(embedded_world)
    returned, on_order = paid(shop, "3", completes=True), paid(shop, "9", completes=True)
    paid(shop, "5")
    later(shop, minutes=2)
    refund(shop, returned)
    refund(shop, on_order, "2")
    paid(shop, "7")
    paid(shop, "8")
    with shop.world.services.database.writing() as session:
        session.get_one(SpendRow, shop.spends()[4].id).stage = SpendStage.CHECKING
        session.add_all(not_taken(shop, stage) for stage in (SpendStage.ASKED, SpendStage.REFUSED))
    assert {spend.stage for spend in shop.spends()} == set(SpendStage)
    shop.world.deliver()
    before = rows(shop)

    bring(shop, BROUGHT_BY)
    then = rows(shop)
    bring(shop, "head")

    assert then == rows(shop) == before
    assert shop.differences() == []
    refund(shop, on_order)
    later(shop, hours=25)
    assert shop.points() == (10_000, 0)
    ends = [spend.stage for spend in shop.spends()]
    assert ends == [SpendStage.RETURNED] * 5 + [SpendStage.ASKED, SpendStage.REFUSED]
    assert shop.differences() == []


def test_a_store_that_never_heard_of_spending_goes_on_and_can_begin(embedded_world: World) -> None:
    shop, world = PayingShop(embedded_world), embedded_world
    order_id = world.saleor.shop.place_paid_order("60", email=ADA)
    world.deliver()
    world.claim(order_id)
    bring(shop, UNKNOWN_BEFORE)

    bring(shop, "head")

    assert world.balance(ADA).available == 60
    assert (world.store().payments_app_id, rows(shop), shop.differences()) == (None, [[], [], []], [])
    assert [webhook for app in world.saleor.apps.installed.values() for webhook in app.webhooks if webhook.sync_events] == []
    world.saleor.till.refund(order_id, "20")
    world.deliver()
    assert world.balance(ADA).available == 40
    shop.open(points_per_unit=4)
    assert shop.pay(shop.cart("60")).transaction.charged == 10
    assert shop.differences() == []
