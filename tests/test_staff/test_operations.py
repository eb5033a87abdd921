"""What an operator does: award older orders, rotate secrets, bring webhooks up to date."""

import json
import threading
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text

from app.bootstrap import build_services
from app.errors import BadSetting
from app.http.bulkhead import Bulkheads
from app.settings import load_settings
from app.usecases.operating.install_store import install_store
from app.usecases.operating.rotate_secrets import count_sealed, rotate_secrets
from app.usecases.operating.sync_webhooks import sync_webhooks, sync_where_needed
from app.usecases.settling.award_since import Progress, award_since, preview_since
from tests.test_settling.test_refunds import ADA, paid_order, refund
from tests.world import SECRET_KEY, World

LAST_YEAR = datetime(2025, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def world(embedded_world: World) -> World:
    return embedded_world


def old_orders(world: World, count: int = 3) -> list[str]:
    orders = [world.saleor.shop.import_order("20", charged="20", email=ADA, created=LAST_YEAR) for _ in range(count)]
    world.saleor.deliveries.lose()
    return orders


def test_awarding_older_orders_says_first_how_many_and_changes_nothing(world: World) -> None:
    old_orders(world)
    unpaid = world.saleor.shop.place_order("70", email=ADA)
    world.saleor.deliveries.lose()

    [progress] = preview_since(world.services, world.store().slug, LAST_YEAR.date())

    assert progress == Progress(orders=4, earning=3, points=60, orders_in_all=4)
    assert world.orders() == []
    assert world.metadata(unpaid) == {}


def test_older_orders_are_awarded_once_however_often_it_is_run(world: World) -> None:
    orders = old_orders(world)
    slug = world.store().slug

    for _ in range(2):
        list(award_since(world.services, slug, LAST_YEAR.date()))
        world.settle()

    assert [world.order(order_id).granted for order_id in orders] == [20, 20, 20]
    assert all(len(world.movements(order_id)) == 1 for order_id in orders)


def test_an_order_from_before_the_day_earns_nothing(world: World) -> None:
    [order_id] = old_orders(world, 1)

    list(award_since(world.services, world.store().slug, datetime(2025, 6, 2, tzinfo=UTC).date()))
    world.settle()

    assert world.order(order_id).granted == 0


@pytest.mark.parametrize(
    ("time_zone", "created", "points"),
    [
        ("Europe/Berlin", datetime(2026, 4, 30, 22, 30, tzinfo=UTC), 60),
        ("Europe/Berlin", datetime(2026, 4, 30, 21, 30, tzinfo=UTC), 0),
        ("America/New_York", datetime(2026, 5, 1, 1, tzinfo=UTC), 0),
        ("America/New_York", datetime(2026, 5, 1, 4, 30, tzinfo=UTC), 60),
        ("Pacific/Kiritimati", datetime(2026, 4, 30, 10, 30, tzinfo=UTC), 60),
    ],
)
def test_a_day_begins_at_midnight_where_the_store_is(world: World, time_zone: str, created: datetime, points: int) -> None:
    world.change_store(time_zone=time_zone)
    order_id = world.saleor.shop.import_order("60", charged="60", email=ADA, created=created)
    world.saleor.deliveries.lose()
    slug, day = world.store().slug, date(2026, 5, 1)

    counted = [progress.points for progress in preview_since(world.services, slug, day)]
    list(award_since(world.services, slug, day))
    world.settle()

    assert counted == [points]
    assert sum(order.granted for order in world.orders() if order.saleor_order_id == order_id) == points


def test_rotated_secrets_open_with_the_new_key_alone(world: World) -> None:
    order_id = paid_order(world)
    environ = {"DATABASE_URL": world.settings.database_url, "PUBLIC_URL": world.url}
    both = build_services(load_settings(environ | {"SECRET_KEY": "new", "SECRET_KEY_PREVIOUS": SECRET_KEY}), clock=world.clock)
    sealed = count_sealed(both)

    assert sum(rotate_secrets(both)) == sealed > 2

    only_new = build_services(load_settings(environ | {"SECRET_KEY": "new"}), clock=world.clock)
    later = replace(world, services=only_new)
    later.saleor.till.refund(order_id, "40")
    later.deliver()
    assert later.order(order_id).granted == 60
    with pytest.raises(BadSetting, match="SECRET_KEY"):
        world.services.sealer.open(world.store().token_sealed or "")
    for services in (both, only_new):
        services.database.close()


def test_webhooks_of_an_older_version_are_brought_up_to_date(world: World) -> None:
    [app] = world.saleor.apps.installed.values()
    before = {webhook.name for webhook in app.webhooks}
    list(sync_webhooks(world.services))
    changed = replace(world.services, manifest_for=lambda version: _without_refunds(world.services.manifest_for(version)))

    [synced] = sync_webhooks(changed, is_dry_run=True)
    assert [(change.kind, change.webhook.name) for change in synced.changes] == [("update", "Orders")]
    [synced] = sync_webhooks(changed)
    assert len(synced.changes) == 1

    [synced] = sync_webhooks(changed)
    assert synced.changes == []
    [app] = world.saleor.apps.installed.values()
    assert {webhook.name for webhook in app.webhooks} == before


def test_a_store_that_is_served_in_public_is_not_turned_to_this_machine(world: World) -> None:
    def public(version: str | None) -> dict[str, object]:
        text = json.dumps(world.services.manifest_for(version)).replace(world.url, "https://points.example.com")
        return dict(json.loads(text))

    [moved] = sync_webhooks(replace(world.services, manifest_for=public))
    assert (moved.error, len(moved.changes)) == (None, 2)

    [refused] = sync_webhooks(world.services)

    assert "PUBLIC_URL" in (refused.error or "")
    [app] = world.saleor.apps.installed.values()
    assert all(webhook.target_url.startswith("https://points.example.com") for webhook in app.webhooks)


def test_a_store_known_to_be_up_to_date_is_not_asked(world: World) -> None:
    world.saleor.counts.clear()

    assert list(sync_webhooks(world.services, only_where_needed=True)) == []

    assert world.saleor.counts == {}


def test_a_start_brings_the_webhooks_of_a_store_that_lags_behind_up_to_date(world: World) -> None:
    changed = replace(world.services, manifest_for=lambda version: _without_refunds(world.services.manifest_for(version)))

    sync_where_needed(changed)

    [app] = world.saleor.apps.installed.values()
    assert {frozenset(webhook.events) for webhook in app.webhooks if webhook.name == "Orders"} == {
        frozenset({"ORDER_PAID", "ORDER_UPDATED"})
    }
    assert list(sync_webhooks(changed, only_where_needed=True)) == []


def test_a_store_that_is_away_is_said_and_left(world: World) -> None:
    world.saleor.stop()

    [synced] = sync_webhooks(world.services)

    assert synced.error is not None
    world.saleor.start()


def _without_refunds(manifest: dict[str, object]) -> dict[str, object]:
    webhooks = [dict(webhook) for webhook in manifest["webhooks"]]  # type: ignore[attr-defined]  # a list of webhooks
    webhooks[0]["asyncEvents"] = ["ORDER_PAID", "ORDER_UPDATED"]
    return manifest | {"webhooks": webhooks}


def test_a_removed_app_keeps_its_books_and_goes_on_when_it_comes_back(world: World) -> None:
    order_id = paid_order(world)
    [app_id] = world.saleor.apps.installed
    world.saleor.apps.uninstall(app_id)
    world.saleor.deliveries.deliver()
    with world.services.database.reading() as session:
        secrets = session.execute(text("SELECT token_sealed, jwks, app_id FROM store")).one()
    assert tuple(secrets) == (None, None, None)
    world.saleor.till.refund(order_id, "30")
    world.saleor.deliveries.lose()
    assert world.order(order_id).granted == 100

    world.install()
    refund(world, order_id, "20")

    assert world.order(order_id).granted == 50


def test_a_store_that_is_switched_off_rests_and_goes_on_when_it_is_switched_on(world: World) -> None:
    order_id = paid_order(world)
    [app_id] = world.saleor.apps.installed
    world.saleor.apps.deactivate(app_id)
    world.saleor.deliveries.deliver()
    assert world.store().state == "inactive"

    world.saleor.apps.activate(app_id)
    refund(world, order_id, "20")

    assert world.store().state == "active"
    assert world.order(order_id).granted == 80


def test_the_first_installation_of_a_store_may_arrive_twice_at_once(world: World) -> None:
    [app] = world.saleor.apps.installed.values()
    with world.services.database.writing() as session:
        for table in ("log_entry", "account", "rule", "store"):
            session.execute(text(f"DELETE FROM {table}"))
    errors: list[BaseException] = []

    def install() -> None:
        # Each process has its own bulkheads, and takes one registration of a store at a time.
        of_a_process = replace(world.services, bulkheads=Bulkheads())
        try:
            install_store(of_a_process, api_url=world.saleor.api_url, token=app.token, saleor_version="3.24", now=world.clock())
        except BaseException as error:  # noqa: BLE001 - shown by the test
            errors.append(error)

    threads = [threading.Thread(target=install) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert world.store().state == "active"
    assert world.account().kind == "embedded"
