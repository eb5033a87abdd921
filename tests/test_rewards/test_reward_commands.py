"""Rewards by command."""

import pytest
from click.testing import Result

from app.domain.redemptions import RedemptionStage
from app.usecases.rewards.see_redemption import Redemption
from tests.standins import faults
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

    assert command(desk, "redemptions", "withdraw", "1", "--who", "Ann").exit_code == 0
    desk.work()
    desk.wait(minutes=11)
    assert desk.see(redemption).stage == RedemptionStage.WITHDRAWN
    assert command(desk, "redemptions", "withdraw", "1", "--who", "Ann").exit_code != 0
    assert command(desk, "redemptions", "withdraw", "99", "--who", "Ann").exit_code != 0


@pytest.fixture
def deleted(desk: GivingShop) -> Redemption:
    """A gift card of 10.00 for 500 points; an order used 6.66 of it before it was deleted in Saleor."""
    redemption = desk.taken(desk.reward(limit_each=1))
    desk.buy(redemption.code, price="6.66")
    desk.wait(hours=1)
    desk.world.saleor.codes.cards.delete(desk.card(redemption).id)
    desk.wait(hours=1)
    return redemption


def settle(desk: GivingShop, how: str, *, why: str = "The customer has no card.") -> Result:
    return command(desk, "redemptions", "settle", "1", how, "--why", why, "--who", "Ann")


def test_what_a_deleted_gift_card_still_held_is_given_back_once(desk: GivingShop, deleted: Redemption) -> None:
    assert "167 points go back to the customer." in settle(desk, "--give-back").output
    desk.wait(minutes=11)

    assert (desk.see(deleted).stage, desk.see(deleted).returned_points) == (RedemptionStage.WITHDRAWN, 167)
    assert desk.points()[0] == 867
    assert [row.made_by for row in desk.returns()] == ["Ann"]
    assert [row.because for row in desk.rows()] == ["Settled by Ann: The customer has no card."]
    assert settle(desk, "--give-back").exit_code != 0
    assert settle(desk, "--write-off").exit_code != 0
    assert desk.differences() == []


def test_or_nobody_gets_it(desk: GivingShop, deleted: Redemption) -> None:
    assert "Nobody gets back 167 points." in settle(desk, "--write-off", why="It was used.").output
    desk.wait(days=2)

    assert (desk.see(deleted).stage, desk.see(deleted).returned_points) == (RedemptionStage.EXPIRED, 0)
    assert desk.points()[0] == 700
    assert [row.because for row in desk.rows()] == ["Nobody got the points back. Settled by Ann: It was used."]
    assert desk.differences() == []


def test_also_where_it_was_being_taken_back_when_it_was_deleted(desk: GivingShop) -> None:
    redemption = desk.taken(desk.reward())
    desk.world.saleor.codes.cards.delete(desk.card(redemption).id)
    command(desk, "redemptions", "withdraw", "1", "--who", "Ann")
    desk.work()

    assert "500 points go back" in settle(desk, "--give-back").output
    desk.work()

    assert desk.see(redemption).stage == RedemptionStage.WITHDRAWN
    assert desk.points()[0] == 1_200
    assert desk.differences() == []


def test_only_what_was_seen_to_be_deleted_is_settled_and_with_a_reason(desk: GivingShop) -> None:
    redemption = desk.taken(desk.reward())

    assert "did not see that the gift card was deleted" in str(settle(desk, "--give-back").exception)
    assert "Please say why" in str(settle(desk, "--give-back", why=" ").exception)
    assert command(desk, "redemptions", "settle", "9", "--write-off", "--why", "So.", "--who", "Ann").exit_code != 0
    assert desk.see(redemption).stage == RedemptionStage.GIVEN


def test_an_erased_customer_leaves_nothing_of_what_staff_wrote(desk: GivingShop, deleted: Redemption) -> None:
    del deleted
    settle(desk, "--write-off", why="Ada Lovelace used it.")

    assert command(desk, "customers", "erase", ADA, "--yes").exit_code == 0

    assert [(row.problem, row.because) for row in desk.rows()] == [(None, None)]


def test_it_is_settled_also_after_saleor_did_not_answer_a_later_look(desk: GivingShop, deleted: Redemption) -> None:
    del deleted
    desk.world.saleor.faults.always(faults.status(500))
    desk.wait(days=1, hours=1)
    desk.world.saleor.faults.clear()

    assert "167 points go back to the customer." in settle(desk, "--give-back").output
