"""Rewards by command."""

import pytest
from click.testing import Result

from app.domain.redemptions import RedemptionStage
from tests.test_rewards.giving import ADA, GivingShop
from tests.test_staff.command_line import typed
from tests.world import SECRET_KEY


@pytest.fixture
def desk(shop: GivingShop, monkeypatch: pytest.MonkeyPatch) -> GivingShop:
    """A shop whose operator types commands on its database."""
    monkeypatch.setenv("DATABASE_URL", shop.world.settings.database_url)
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    return shop


def command(shop: GivingShop, *words: str) -> Result:
    return typed(*words, "--store", shop.world.store().slug)


def test_a_reward_is_made_changed_and_ended(desk: GivingShop) -> None:
    made = command(desk, "rewards", "add", "amount", "--name", "10 off", "--points", "500", "--amount", "usd=10.00")
    assert (made.exit_code, "Reward 1 " in made.output) == (0, True), made.output
    assert desk.taken(1).points == 500

    changed = command(desk, "rewards", "change", "1", "--points", "400", "--limit-each", "3", "--days-valid", "30")
    assert "The reward is changed." in changed.output
    assert desk.taken(1).points == 400
    listed = command(desk, "rewards", "list").output
    assert all(text in listed for text in ("10 off", "open", "400", "10.00 USD", "30"))

    assert command(desk, "rewards", "end", "1").exit_code == 0
    assert "ended" in command(desk, "rewards", "list").output


def test_what_will_not_do_is_refused_in_words(desk: GivingShop) -> None:
    refused = command(desk, "rewards", "add", "amount", "--name", "10 off", "--points", "0", "--amount", "USD=10.00")

    assert refused.exit_code != 0
    assert command(desk, "rewards", "end", "5").exit_code != 0
    assert "This store has no reward." in command(desk, "rewards", "list").output


def test_a_redemption_is_listed_without_its_code_and_released(desk: GivingShop) -> None:
    redemption = desk.taken(desk.reward())

    listed = command(desk, "redemptions", "list", "--customer", ADA).output
    assert "given" in listed
    assert redemption.code not in listed

    assert command(desk, "redemptions", "release", "1", "--who", "Ann").exit_code == 0
    desk.work()
    desk.wait(minutes=11)
    assert desk.see(redemption).stage == RedemptionStage.WITHDRAWN
    assert command(desk, "redemptions", "release", "1", "--who", "Ann").exit_code != 0
    assert command(desk, "redemptions", "release", "99", "--who", "Ann").exit_code != 0
