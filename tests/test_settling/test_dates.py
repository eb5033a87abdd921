"""What time alone changes gets a next look: every state of an order that has a date in it, one after the other."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlmodel import SQLModel, select

from app.db.tables import RuleRow
from app.domain.claim import ClaimState
from app.domain.order_link import order_link
from tests.standins import faults
from tests.test_settling.test_provider_faults import make_instant, provider, wait_out
from tests.test_settling.test_refunds import ADA, paid_order, refund, spend
from tests.test_staff.test_decisions import for_staff
from tests.test_staff.test_moved_customers import credited_order, let_pass, move
from tests.world import TIMEOUT, World

TESTS = Path(__file__).parents[1]

# Noon, so that no test depends on the hours between two midnights.
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def change_rule(world: World, **values: Any) -> None:
    with world.services.database.writing() as session:
        rule = session.exec(select(RuleRow)).one()
        for name, value in values.items():
            setattr(rule, name, value)
        session.add(rule)


def held(world: World) -> str:
    change_rule(world, hold_days=3)
    return paid_order(world)


def with_an_open_claim(world: World) -> str:
    change_rule(world, expires_days=10)
    return paid_order(world)


def with_a_shown_claim(world: World) -> str:
    order_id = with_an_open_claim(world)
    world.follow(order_id)
    world.saleor.shop.add_note(order_id)
    world.deliver()
    return order_id


def with_a_shown_claim_of_nobody(world: World) -> str:
    change_rule(world, bind_email=False)
    return with_a_shown_claim(world)


def with_a_shortfall(world: World) -> str:
    order_id = paid_order(world)
    world.claim(order_id)
    spend(world, 100)
    refund(world, order_id, "100")
    return order_id


def with_an_unknown_instant(world: World) -> str:
    make_instant(world)
    provider(world).faults.once(faults.after_acting(faults.cut()), on="instant")
    return paid_order(world)


def with_a_claim_whose_answer_was_lost(world: World) -> str:
    provider(world).faults.once(faults.after_acting(faults.cut()), on="claims")
    return paid_order(world)


def with_a_paused_account(world: World) -> str:
    provider(world).faults.once(faults.status(401), on="claims")
    return paid_order(world)


def whose_words_were_refused(world: World) -> str:
    world.saleor.faults.always(faults.status(500), on="UpdateMetadata")
    return paid_order(world)


def whose_points_are_in_transit(world: World) -> str:
    order_id = credited_order(world)
    # The debit is answered, and the credit is not.
    let_pass(world, 1)
    provider(world).faults.once(faults.status(500), on="instant")
    move(world)
    refund(world, order_id, "25")
    assert world.order(order_id).problem_code == "in_transit"
    return order_id


def that_waits_for_another(world: World) -> str:
    for_staff(world)
    order_id = paid_order(world, "50")
    assert world.order(order_id).problem_code == "waits"
    return order_id


def page_of(world: World, order_id: str) -> str:
    """Read the order's page as somebody does who kept the link of the mail."""
    link = order_link(world.services.claim_url_base, world.store().slug, order_id)
    return requests.get(link, allow_redirects=False, timeout=TIMEOUT).text


EVERYWHERE = (held, with_an_open_claim, with_a_shortfall, whose_words_were_refused)
AT_COGGINS = (
    with_a_shown_claim,
    with_a_shown_claim_of_nobody,
    with_an_unknown_instant,
    with_a_claim_whose_answer_was_lost,
    with_a_paused_account,
    whose_points_are_in_transit,
    that_waits_for_another,
)
Making = Callable[[World], str]
# Every moment ahead that a table holds, with the test that waits until it has come. Those of other columns are past.
MOMENTS_AHEAD = {
    "order.look_at": "test_settling/test_dates.py::test_a_state_that_time_changes_gets_a_next_look",
    "order.lease_until": "test_settling/test_clock_put_back.py::test_a_lease",
    "claim.expires_on": "test_settling/test_dates.py::test_an_order_whose_claim_ran_out_says_none_on_the_day_after",
    "points_claim.expires_at": "test_settling/test_dates.py::test_an_order_whose_claim_ran_out_says_none_on_the_day_after",
    "movement.look_at": "test_settling/test_clock_put_back.py::test_a_change_by_staff_that_was_put_off_then",
    "account.paused_until": "test_settling/test_provider_faults.py::test_what_the_provider_did_not_take_waits_with_its_reason",
    "store.paused_until": "test_settling/test_saleor_faults.py::test_orders_keep_their_place_while_their_saleor_does_not_answer",
    "deleted_customer.not_before": "test_staff/test_deleted_customers.py::test_while_saleor_does_not_say_whether",
    "change_batch.look_at": "test_staff/test_batches.py::test_another_change_under_way_is_waited_for",
    "batch_change.look_at": "test_staff/test_batches.py::test_another_change_under_way_is_waited_for",
    "redemption.look_at": "test_rewards/test_taking_back.py::test_a_code_whose_time_is_over_brings_its_points_back",
    "mail.lease_until": "test_mailing/test_bad_servers.py::test_a_mail_whose_worker_died_before_sending_is_sent",
    "mail_server.paused_until": "test_mailing/test_bad_servers.py::test_a_wrong_password_is_told_and_tried_again",
    "store.mail_paused_until": "test_mailing/test_bad_servers.py::test_a_server_that_takes_no_mail_from_us_stops_no_address",
    "sign_in_code.ends_at": "test_wallet/test_signing_in.py::test_code_and_link_are_over_after_ten_minutes",
    "wallet_session.ends_at": "test_wallet/test_signing_in.py::test_a_session_ends_after_thirty_days_and_is_let_go",
    "reward_version.ends_at": "test_domain/test_rewards.py::test_a_reward_is_refused_outside_its_terms",
}
# The end of what was logged again and again; and what the tests of spends and rewards walk.
_OTHERS = {"log_entry.until", "spend.look_at", "spend.lease_until", "redemption.lease_until", "redemption_use.look_at"}
_AHEAD = re.compile(r"(^|_)(look_at|until|not_before|expires_at|expires_on|due_at|ends_at|begins_at)$")


def gets_a_look(world: World, making: Making) -> None:
    order_id = making(world)

    look_at = world.order(order_id).look_at
    assert look_at is not None
    assert look_at > world.clock.now


@pytest.mark.parametrize("making", EVERYWHERE, ids=lambda making: making.__name__)
def test_a_state_that_time_changes_gets_a_next_look(world: World, making: Making) -> None:
    gets_a_look(world, making)


@pytest.mark.parametrize("making", AT_COGGINS, ids=lambda making: making.__name__)
def test_a_state_that_time_changes_at_coggins_gets_a_next_look(coggins_world: World, making: Making) -> None:
    gets_a_look(coggins_world, making)


def test_every_moment_ahead_has_a_test_that_waits_for_it() -> None:
    found = {f"{table.name}.{column.name}" for table in SQLModel.metadata.sorted_tables for column in table.columns}
    assert {name for name in found - _OTHERS if _AHEAD.search(name.split(".")[1])} == MOMENTS_AHEAD.keys()
    for test in MOMENTS_AHEAD.values():
        path, _, name = test.partition("::")
        assert f"def {name}" in (TESTS / path).read_text()


def test_the_looks_come_to_an_end(world: World) -> None:
    order_id = with_an_open_claim(world)

    for _ in range(8):
        if world.order(order_id).look_at is not None:
            wait_out(world, order_id)

    assert world.order(order_id).look_at is None


def test_an_order_whose_claim_ran_out_says_none_on_the_day_after_and_nobody_has_to_tell_us(world: World) -> None:
    world.clock.now = max(world.clock.now, NOON)
    order_id = with_an_open_claim(world)
    last_day = world.metadata(order_id)["points_expires_on"]
    world.clock.now = datetime.fromisoformat(last_day).replace(tzinfo=UTC) + timedelta(days=1, seconds=-1)
    world.settle()
    assert world.metadata(order_id)["points_status"] == "ready"

    world.clock.advance(seconds=2)
    world.settle()

    told = world.metadata(order_id)
    assert (told["points_status"], told["points_amount"], told["points_expires_on"]) == ("none", "0", "")
    assert "The time to claim these points is over" in page_of(world, order_id)


def test_a_claim_that_was_shown_and_not_taken_has_run_out_on_the_day_after(coggins_world: World) -> None:
    world = coggins_world
    order_id = with_a_shown_claim(world)

    for _ in range(12):
        if world.order(order_id).look_at is not None:
            wait_out(world, order_id)

    told = world.metadata(order_id)
    assert (told["points_status"], told["points_amount"]) == ("none", "0")
    assert [claim.state for claim in world.claims(order_id)] == [ClaimState.EXPIRED]
    [claim] = world.claims(order_id)
    assert claim.expires_on is not None
    assert world.clock.now.date() <= claim.expires_on + timedelta(days=1)


def test_a_claim_of_which_nobody_can_tell_whether_it_was_taken_waits_no_more_after_its_day(coggins_world: World) -> None:
    world = coggins_world
    order_id = with_a_shown_claim_of_nobody(world)
    world.clock.advance(days=30)
    world.settle()

    told = world.metadata(order_id)

    assert (told["points_status"], told["points_amount"]) == ("none", "0")
    assert "If you claimed them in time" in page_of(world, order_id)


def test_a_link_past_its_day_is_not_shown_although_the_order_was_not_looked_at_since(coggins_world: World) -> None:
    world = coggins_world
    order_id = with_an_open_claim(world)
    world.clock.advance(days=30)

    page = world.follow(order_id)

    assert "The time to claim these points is over" in page.text
    assert [claim.state for claim in world.claims(order_id)] == [ClaimState.OPEN]


def test_a_look_at_a_claim_past_its_day_that_the_provider_does_not_answer_is_made_up_for(coggins_world: World) -> None:
    world = coggins_world
    order_id = with_a_shown_claim(world)
    world.clock.advance(days=30)
    provider(world).faults.once(faults.status(500), on="lookup")
    world.settle()
    assert [claim.state for claim in world.claims(order_id)] == [ClaimState.SHOWN]

    wait_out(world, order_id)

    assert [claim.state for claim in world.claims(order_id)] == [ClaimState.EXPIRED]
    assert world.balance(ADA).available == 0
