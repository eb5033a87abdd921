"""A customer whom Saleor deletes is erased here after the store's grace, unless they come back or are kept."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from sqlmodel import select

from app.db.tables import DeletedCustomerRow, OrderRow
from app.errors import BadRequest
from app.usecases.merchants.change_store import change_store
from app.usecases.operating.erase_customer import erase_customer
from app.usecases.operating.erase_deleted import erase_deleted
from app.usecases.operating.show_customer import export_customer
from app.usecases.operating.sync_webhooks import sync_webhooks
from tests.standins import faults
from tests.test_settling.test_refunds import ADA, paid_order
from tests.test_staff.test_customers import everything
from tests.test_staff.test_doctor import findings
from tests.waiting import PATIENCE_SECONDS
from tests.world import World

GRACE = timedelta(days=30)


@pytest.fixture
def world(embedded_world: World) -> World:
    """A shop that erases deleted customers, with a customer who has 60 points."""
    [app] = embedded_world.saleor.apps.installed.values()
    embedded_world.saleor.apps.permit(app.id, "MANAGE_ORDERS", "MANAGE_USERS")
    change_store(embedded_world.services, embedded_world.store().slug, erase_after_days=GRACE.days)
    [synced] = sync_webhooks(embedded_world.services)
    assert synced.error is None
    embedded_world.saleor.shop.register_customer(ADA)
    embedded_world.claim(paid_order(embedded_world))
    return embedded_world


def delete(world: World, **options: Any) -> None:
    """Let the customer be deleted in Saleor, a minute after all that was."""
    world.clock.advance(minutes=1)
    world.saleor.delete_customer(ADA, **options)
    world.saleor.deliveries.deliver()


def deleted(world: World) -> list[DeletedCustomerRow]:
    with world.services.database.reading() as session:
        return list(session.exec(select(DeletedCustomerRow)))


def is_erased(world: World) -> bool:
    return ADA not in everything(world)


@pytest.mark.parametrize("event", ["CUSTOMER_DELETED", "ACCOUNT_DELETED"])
def test_a_deleted_customer_is_erased_when_the_grace_is_over(world: World, event: str) -> None:
    delete(world, event=event)
    world.clock.advance(days=29)
    erase_deleted(world.services)
    assert not is_erased(world)

    world.clock.advance(days=1)
    erase_deleted(world.services)

    assert is_erased(world)
    assert deleted(world) == []


def test_without_a_grace_the_next_round_erases(world: World) -> None:
    change_store(world.services, world.store().slug, erase_after_days=0)
    delete(world)

    erase_deleted(world.services)

    assert is_erased(world)


def test_nobody_is_noted_where_the_store_erases_nobody(world: World) -> None:
    change_store(world.services, world.store().slug, erase_after_days=None)
    delete(world)

    assert deleted(world) == []


def test_an_address_of_which_nothing_is_kept_is_not_noted(world: World) -> None:
    world.saleor.shop.register_customer("bob@example.com")
    world.saleor.delete_customer("bob@example.com")
    world.saleor.deliveries.deliver()

    assert "bob@example.com" not in everything(world)


def test_switching_it_off_forgets_who_was_to_be_erased(world: World) -> None:
    delete(world)
    slug = world.store().slug
    change_store(world.services, slug, erase_after_days=None)
    change_store(world.services, slug, erase_after_days=0)

    erase_deleted(world.services)

    assert not is_erased(world)


def test_a_new_order_keeps_the_customer(world: World) -> None:
    delete(world)
    world.clock.advance(days=1)
    paid_order(world)
    erase_deleted(world.services)
    assert [row.kept_at is not None for row in deleted(world)] == [True]

    world.clock.advance(days=60)
    erase_deleted(world.services)

    assert not is_erased(world)


def test_a_new_account_keeps_the_customer(world: World) -> None:
    delete(world)
    world.saleor.shop.register_customer(ADA.upper())
    world.clock.advance(days=30)
    erase_deleted(world.services)

    assert not is_erased(world)
    assert [(row.kept_at is not None, row.kept_by) for row in deleted(world)] == [(True, None)]


def test_a_delivery_that_comes_again_does_not_plan_what_staff_stopped(world: World) -> None:
    delete(world)
    [before] = deleted(world)
    with world.services.database.writing() as session:
        row = session.get_one(DeletedCustomerRow, before.id)
        row.kept_at, row.kept_by = world.clock(), "eve@example.com"
    [delivery] = [one for one in world.saleor.deliveries.sent if one.event == "CUSTOMER_DELETED"]
    assert delivery.parcel is not None
    again = requests.post(
        delivery.webhook.target_url, data=delivery.parcel.body, headers=delivery.parcel.headers, timeout=PATIENCE_SECONDS
    )

    assert again.status_code == 200
    assert [row.kept_by for row in deleted(world)] == ["eve@example.com"]


def test_a_customer_who_is_deleted_once_more_is_planned_once_more(world: World) -> None:
    delete(world)
    world.saleor.shop.register_customer(ADA)
    world.clock.advance(days=30)
    erase_deleted(world.services)
    delete(world)
    erase_deleted(world.services)
    assert not is_erased(world)

    world.clock.advance(days=30)
    erase_deleted(world.services)

    assert is_erased(world)


def test_while_saleor_does_not_say_whether_the_customer_came_back_nobody_is_erased(world: World) -> None:
    delete(world)
    world.clock.advance(days=30)
    world.saleor.faults.always(faults.status(500), on="CustomerByEmail")
    erase_deleted(world.services)
    asked = world.saleor.counts["CustomerByEmail"]
    erase_deleted(world.services)
    assert (is_erased(world), world.saleor.counts["CustomerByEmail"]) == (False, asked)

    world.saleor.faults.clear()
    world.clock.advance(hours=1)
    erase_deleted(world.services)

    assert is_erased(world)


def test_while_an_order_of_theirs_is_settled_the_customer_is_erased_later(world: World) -> None:
    delete(world)
    world.clock.advance(days=30)
    lease(world, world.clock() + timedelta(minutes=1))
    erase_deleted(world.services)
    assert not is_erased(world)

    world.clock.advance(minutes=10)
    erase_deleted(world.services)

    assert is_erased(world)


def lease(world: World, until: datetime) -> None:
    """Let a worker have the orders in hand."""
    with world.services.database.writing() as session:
        for order in session.exec(select(OrderRow)):
            order.lease_token, order.lease_until = "another worker's", until
            session.add(order)


def test_whom_somebody_kept_meanwhile_is_not_erased(world: World) -> None:
    delete(world)
    with world.services.database.writing() as session:
        for row in session.exec(select(DeletedCustomerRow)):
            row.kept_at = world.clock()

    erased = erase_customer(world.services, world.store().slug, ADA, only_if_deleted=True)

    assert erased.orders == 0
    assert not is_erased(world)


def test_an_export_says_that_saleor_deleted_the_customer(world: World) -> None:
    delete(world)

    kept = export_customer(world.services, world.store().slug, ADA)

    assert [row["email"] for row in kept["deleted_in_saleor"]] == [ADA]


def test_the_webhook_is_there_only_while_it_is_wanted(world: World) -> None:
    [app] = world.saleor.apps.installed.values()
    assert "Customers" in {webhook.name for webhook in app.webhooks}
    assert findings(world)["webhooks"].health == "ok"

    change_store(world.services, world.store().slug, erase_after_days=None)
    assert findings(world)["webhooks"].health == "bad"
    list(sync_webhooks(world.services))

    assert "Customers" not in {webhook.name for webhook in app.webhooks}


def test_doctor_says_that_the_permission_is_missing(world: World) -> None:
    [app] = world.saleor.apps.installed.values()
    world.saleor.apps.permit(app.id, "MANAGE_ORDERS")

    assert "MANAGE_USERS" in findings(world)["Saleor"].sentence


@pytest.mark.parametrize("body", [{"user": None}, {"user": {"email": ""}}, {"user": {"email": 5}}, {"issuedAt": "soon"}])
def test_a_delivery_that_does_not_say_who_and_when_is_refused(world: World, body: dict[str, Any]) -> None:
    [app] = world.saleor.apps.installed.values()
    told = {
        "__typename": "CustomerDeleted",
        "issuedAt": "2026-01-01T00:00:00+00:00",
        "recipient": {"id": app.id},
        "user": {"email": ADA},
        **body,
    }
    sent = json.dumps(told).encode()
    headers = world.saleor.webhook_headers("CUSTOMER_DELETED", sent)
    answer = requests.post(f"{world.url}/api/webhooks/customers", data=sent, headers=headers, timeout=PATIENCE_SECONDS)

    assert answer.status_code == 400
    assert deleted(world) == []


def test_days_out_of_bounds_are_refused(world: World) -> None:
    for days in (-1, 366):
        with pytest.raises(BadRequest):
            change_store(world.services, world.store().slug, erase_after_days=days)


def test_an_older_saleor_gets_no_such_webhook(world: World) -> None:
    with world.services.database.writing() as session:
        store = session.merge(world.store())
        store.saleor_version = "3.22"
    [synced] = sync_webhooks(world.services, is_dry_run=True)

    assert [(change.kind, change.webhook.name) for change in synced.changes if change.webhook.name == "Customers"] == [
        ("delete", "Customers")
    ]


def test_a_clock_that_was_ahead_when_the_erasing_was_put_off_delays_it_no_further(world: World) -> None:
    delete(world)
    world.clock.advance(days=31)
    world.saleor.faults.always(faults.status(500), on="CustomerByEmail")
    erase_deleted(world.services)
    world.saleor.faults.clear()
    world.clock.advance(days=-1)

    erase_deleted(world.services)

    assert is_erased(world)
