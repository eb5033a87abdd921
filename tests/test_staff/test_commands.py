"""The commands, as they are typed: what they print, and that they reach what they should."""

import pytest
from click.testing import CliRunner, Result

from app.__main__ import cli
from tests.standins import faults
from tests.test_settling.test_provider_faults import make_instant, provider
from tests.test_settling.test_refunds import ADA, paid_order, refund, spend
from tests.world import SECRET_KEY, World


@pytest.fixture
def world(coggins_world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world whose settings the commands find where operators put them."""
    monkeypatch.setenv("DATABASE_URL", coggins_world.settings.database_url)
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("PUBLIC_URL", coggins_world.url)
    monkeypatch.setenv("SALEOR_POINTS_WHO", "Grace")
    return coggins_world


def typed(*words: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(cli, words, input=answer)


def settle_what_was_woken(world: World) -> None:
    """Settle after a command: it wakes by the machine's own clock, not by the test's."""
    world.clock.now = max(world.clock.now, *(order.look_at for order in world.orders() if order.look_at))
    world.settle()


def number_of(world: World, order_id: str) -> str:
    return world.order(order_id).number or ""


def test_stores_lists_each_store_and_what_stands_in_its_way(world: World) -> None:
    world.change_store(problem="It is away.")

    said = typed("stores")

    assert said.exit_code == 0
    assert world.store().slug in said.output
    assert "It is away." in said.output


def test_unknown_movements_are_listed_and_resolved(world: World) -> None:
    make_instant(world)
    provider(world).faults.once(faults.after_acting(faults.cut()), on="instant")
    order_id = paid_order(world)

    listed = typed("movements", "list", "--unknown")
    movement_id = str(world.movements(order_id)[0].id)
    assert ADA in listed.output
    assert "+100" in listed.output
    assert movement_id in listed.output

    resolved = typed("movements", "resolve", movement_id, "--accepted")
    world.settle()

    assert resolved.exit_code == 0, resolved.output
    assert world.order(order_id).granted == 100
    assert world.movements(order_id)[0].decided_by == "Grace"
    assert "No movement's outcome is unknown." in typed("movements", "list", "--unknown").output


def test_points_are_adjusted_with_a_reason_and_a_name(world: World) -> None:
    order_id = paid_order(world)
    slug = world.store().slug

    said = typed("adjust", "--store", slug, "--order", number_of(world, order_id), "--points", "11", "--reason", "late parcel")
    settle_what_was_woken(world)

    assert said.exit_code == 0, said.output
    assert world.order(order_id).granted == 111


def test_an_adjustment_of_nobody_is_refused(world: World) -> None:
    said = typed("adjust", "--store", world.store().slug, "--points", "11", "--reason", "late parcel")

    assert said.exit_code == 2
    assert "--order or --customer" in said.output


def test_a_shortfall_is_written_off(world: World) -> None:
    order_id = paid_order(world)
    world.claim(order_id)
    spend(world, 60)
    refund(world, order_id, "100")

    said = typed("write-off", "--store", world.store().slug, "--order", number_of(world, order_id))

    assert "60 points" in said.output
    assert world.order(order_id).shortfall == 0


def test_older_orders_are_counted_asked_about_and_awarded(world: World) -> None:
    order_id = world.saleor.shop.import_order("20", charged="20", email=ADA, created=world.clock().replace(year=2025))
    world.saleor.deliveries.lose()

    counted = typed("sweep", "--since", "2025-01-01", "--dry-run")
    refused = typed("sweep", "--since", "2025-01-01", answer="n\n")
    assert "1 orders since 2025-01-01, of which 1 earn 20 points in all." in counted.output
    assert refused.exit_code == 1
    assert world.orders() == []

    awarded = typed("sweep", "--since", "2025-01-01", "--yes")
    settle_what_was_woken(world)

    assert awarded.exit_code == 0, awarded.output
    assert world.order(order_id).granted == 20


def test_webhooks_and_secrets_are_looked_after(world: World) -> None:
    assert "up to date" in typed("webhooks", "sync", "--dry-run").output
    assert "Done" in typed("secrets", "rotate").output


def test_an_order_that_was_refused_is_asked_for_again_when_staff_say_so(world: World) -> None:
    provider(world).rules.refuse_items(lambda item: item["amount"] == 100, "Not today.")
    order_id = paid_order(world)
    provider(world).rules.clear()

    said = typed("look-again", "--store", world.store().slug, "--order", number_of(world, order_id))
    settle_what_was_woken(world)

    assert said.exit_code == 0, said.output
    assert world.order(order_id).granted == 100
