"""`saleor-points spending`: show, switch on and off, and change how points pay; what `doctor` and `webhooks sync` say of it."""

import pytest

from app.usecases.operating.examine import examine
from app.usecases.operating.finding import Health
from tests.test_staff.command_line import typed
from tests.world import SECRET_KEY, World


@pytest.fixture
def world(embedded_world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("DATABASE_URL", embedded_world.settings.database_url)
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("PUBLIC_URL", embedded_world.url)
    permit(embedded_world, "HANDLE_PAYMENTS")
    return embedded_world


def permit(world: World, *permissions: str) -> None:
    world.saleor.apps.permit(world.store().app_id or "", "MANAGE_ORDERS", *permissions)


def webhooks(world: World) -> int:
    return len(world.saleor.apps.installed[world.store().app_id or ""].webhooks)


def spending(world: World, *words: str) -> str:
    said = typed("spending", words[0], "--store", world.store().slug, *words[1:])
    assert said.exit_code == 0, said.output
    return said.output


def test_it_is_off_until_somebody_says_how_much_a_point_is_worth(world: World) -> None:
    assert "Points cannot pay in this store" in spending(world, "show")

    refused = typed("spending", "on", "--store", world.store().slug)

    assert refused.exit_code != 0
    assert "Say first how many points pay 1.00" in str(refused.exception)


def test_it_is_set_switched_on_and_switched_off(world: World) -> None:
    before = webhooks(world)
    assert "(default)  off  50" in spending(world, "set", "--points-per-unit", "50", "--greatest-share", "30")
    assert webhooks(world) == before

    assert "(default)  on  50               1      30 %   24" in spending(world, "on", "--who", "Olga")
    assert webhooks(world) == before + 5

    assert "(default)  off" in spending(world, "off")
    assert webhooks(world) == before
    assert "Nothing to change" in spending(world, "off")


def test_a_channel_begins_as_the_default(world: World) -> None:
    spending(world, "set", "--points-per-unit", "50", "--least-points", "10")

    said = spending(world, "set", "--channel", "japan", "--points-per-unit", "0.5", "--return-on-cancel", "no")

    assert "japan      off  0.5              10     100 %  24     no" in said


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--points-per-unit", "none", "Write a number"),
        ("--greatest-share", "0", "must be more than 0"),
        ("--hold-hours", "1000", "whole number from 0 to 720"),
        ("--channel", "nope", "Saleor has no channel nope"),
    ],
)
def test_what_will_not_do_is_said(world: World, option: str, value: str, said: str) -> None:
    spending(world, "set", "--points-per-unit", "50")

    refused = typed("spending", "set", "--store", world.store().slug, "--least-points", "2", option, value)

    assert refused.exit_code != 0
    assert said in str(refused.exception)


def test_switching_on_names_the_permission_that_is_missing(world: World) -> None:
    permit(world)
    spending(world, "set", "--points-per-unit", "50")

    refused = typed("spending", "on", "--store", world.store().slug)

    assert "the app lacks the permission HANDLE_PAYMENTS" in str(refused.exception)
    assert "off" in spending(world, "show")


def test_the_doctor_names_a_permission_that_was_taken_away_and_a_webhook_that_is_gone(world: World) -> None:
    spending(world, "set", "--points-per-unit", "50")
    spending(world, "on")
    permit(world)
    world.saleor.apps.installed[world.store().app_id or ""].webhooks.pop()

    found = {one.subject.split(": ")[-1]: one for one in examine(world.services, world.settings)}

    assert found["Saleor"].health is Health.WARNING
    assert "the app lacks HANDLE_PAYMENTS" in found["Saleor"].sentence
    assert found["webhooks"].health is Health.BAD
    assert "+ Points: charge requested (TRANSACTION_CHARGE_REQUESTED)" in typed("webhooks", "sync").output
