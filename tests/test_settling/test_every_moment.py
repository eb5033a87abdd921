"""Every stored moment, and what a clock that was ahead and is put back does to it."""

import pytest
from sqlmodel import SQLModel

from app.db.columns import UtcTime

# Tested with the clock put back.
TESTED = {
    "account.asked_of_nobody_at": "test_learning_an_account.py",
    "account.paused_until": "test_clock_put_back.py",
    "account.zeros_for_nobody_at": "test_learning_an_account.py",
    "api_key.last_used_at": "test_moments_put_right.py",
    "claim.shown_at": "test_clock_put_back.py",
    "deleted_customer.not_before": "test_deleted_customers.py",
    "mail.deadline": "test_mail_moments.py",
    "mail.lease_until": "test_mail_moments.py",
    "mail.send_at": "test_mail_moments.py",
    "mail.written_at": "test_mail_moments.py",
    "mail_server.paused_until": "test_mail_moments.py",
    "movement.ended_at": "test_moments_put_right.py",
    "movement.look_at": "test_clock_put_back.py",
    "movement.looked_at": "test_moments_put_right.py",
    "movement.planned_at": "test_moments_put_right.py",
    "movement.sent_at": "test_moments_put_right.py",
    "order.lease_until": "test_clock_put_back.py",
    "order.look_at": "test_clock_put_back.py",
    "order.shortfall_since": "test_moments_put_right.py",
    "process.seen_at": "test_signs_of_life.py",
    "process.started_at": "test_signs_of_life.py",
    "spend.answered_at": "test_payments_put_right.py",
    "spend.look_at": "test_payments_put_right.py",
    "spend.overcharged_since": "test_payments_put_right.py",
    "spend.taken_at": "test_payments_put_right.py",
    "store.jwks_asked_at": "test_clock_put_back.py",
    "store.mail_paused_until": "test_mail_moments.py",
    "store.paused_until": "test_clock_put_back.py",
    "store.problems_told_at": "test_clock_put_back.py",
    "store.served_at": "test_many_workers.py",
    "store.swept_at": "test_clock_put_back.py",
}
SHOWN = "It is shown, or listed by; nothing waits for it."
KEPT = "Old rows go when their time is over. One that was dated ahead is kept longer by as much."
SALEORS = "Saleor's clock wrote it."
MEANT = "People choose this moment, or it follows from what they chose."
NOTHING_WAITS = {
    "account.created_at": SHOWN,
    "account.failing_since": SHOWN,
    "adjustment.made_at": SHOWN,
    "api_answer.created_at": KEPT,
    "api_key.created_at": SHOWN,
    "api_key.revoked_at": "It counts from the moment that it is there, whatever it says.",
    "approval_request.asked_at": SHOWN,
    "approval_request.decided_at": SHOWN,
    "batch_change.look_at": "It is at most as far ahead as a pause; one further ahead does not count (run_batches.py).",
    "change_batch.decided_at": SHOWN,
    "change_batch.ended_at": SHOWN,
    "change_batch.look_at": "It is a second ahead; one further ahead does not count (run_batches.py).",
    "change_batch.made_at": KEPT,
    "change_batch.started_at": SHOWN,
    "change_batch.undone_at": SHOWN,
    "claim.created_at": SHOWN,
    "claim.taken_at": "It tells which balances hold the claim.",
    "customer_move.made_at": SHOWN,
    "customer_move.moved_at": "It tells whose points are meant, and not when.",
    "deleted_customer.deleted_at": SALEORS,
    "deleted_customer.kept_at": "It counts from the moment that it is there, whatever it says.",
    "event.first_at": SHOWN,
    "event.last_at": KEPT,
    "finished_step.finished_at": SHOWN,
    "gone.found_at": SHOWN,
    "known_customer.last_at": SHOWN,
    "log_entry.at": KEPT,
    "log_entry.until": SHOWN,
    "mail.ended_at": KEPT,
    "mail.sent_at": SHOWN,
    "mail_address.stopped_at": "It counts from the moment that it is there, whatever it says.",
    "mail_kind.looked_ends": "It is a place among the customers, and counts on the day of its look only.",
    "mail_kind.on_since": "Orders that were placed before it get no mail. Staff see it, and can switch off and on.",
    "mail_refusal.refused_at": SHOWN,
    "mail_server.failing_since": SHOWN,
    "merchant_action.made_at": KEPT,
    "order.created_at": SHOWN,
    "order.erased_at": "It counts from the moment that it is there, whatever it says.",
    "order.moment_at": SALEORS,
    "order.placed_at": SALEORS,
    "order.read_at": SALEORS,
    "order.told_at": SALEORS,
    "points_claim.created_at": SHOWN,
    "points_claim.expires_at": MEANT,
    "points_claim.opened_at": SHOWN,
    "points_claim.taken_at": SHOWN,
    "points_customer.active_at": "Points that last while a customer is active last longer by as much as the clock was ahead.",
    "points_customer.created_at": SHOWN,
    "points_customer.earned_at": "The same as active_at.",
    "points_customer.ends_next": MEANT,
    "points_entry.created_at": SHOWN,
    "points_lot.announced_at": "Nothing writes or reads it.",
    "points_lot.ends": MEANT,
    "points_notice.ends": MEANT,
    "points_notice.told_at": SHOWN,
    "points_policy.in_force_from": SHOWN,
    "points_spend.created_at": SHOWN,
    "redemption.asked_at": SHOWN,
    "redemption.blocked_at": "One that lies ahead counts as now (redemption_steps.py).",
    "redemption.ended_at": SHOWN,
    "redemption.given_at": "One that lies ahead is looked at as often as a new one.",
    "redemption.lease_until": "A lease that ends later than any can does not count (redemption_batch.py).",
    "redemption.look_at": "It is at most a day ahead; one further ahead does not count (redemption_batch.py).",
    "redemption.lost_at": "One that lies ahead counts as now (redemption_steps.py).",
    "redemption.over_at": MEANT,
    "redemption.taken_at": SHOWN,
    "redemption_refund.credited_at": SHOWN,
    "redemption_refund.written_at": SHOWN,
    "redemption_return.credited_at": SHOWN,
    "redemption_return.written_at": SHOWN,
    "redemption_use.look_at": "It is at most a day ahead; one further ahead does not count (refund_rewards.py).",
    "redemption_use.seen_at": SHOWN,
    "reward.made_at": SHOWN,
    "reward_version.ends_at": MEANT,
    "reward_version.in_force_from": SHOWN,
    "reward_version.starts_at": MEANT,
    "rule.in_force_from": MEANT,
    "sign_in_code.asked_at": "One that lies ahead does not count for the limits (sign_in.py, ask_for_code.py).",
    "sign_in_code.ends_at": "One that ends later than any can is over (sign_in.py).",
    "sign_in_code.used_at": "It counts from the moment that it is there, whatever it says.",
    "spend.asked_at": SHOWN,
    "spend.confirmed_at": SHOWN,
    "spend.ended_at": SHOWN,
    "spend.lease_until": "A lease that ends later than any can does not count (spend_batch.py).",
    "spend_return.cancelled_at": SHOWN,
    "spend_return.credited_at": SHOWN,
    "spend_return.reported_at": SHOWN,
    "spend_return.written_at": SHOWN,
    "spend_rule.in_force_from": MEANT,
    "split_customer.found_at": SHOWN,
    "staff_user.seen_at": SHOWN,
    "store.awards_from": MEANT,
    "store.created_at": SHOWN,
    "store.failing_since": SHOWN,
    "store.limits_checked_at": "It counts from the moment that it is there; verify looks at what came after it.",
    "store.link_checked_at": "It counts from the moment that it is there, whatever it says.",
    "store.rule_checked_at": "It counts from the moment that it is there, whatever it says.",
    "store.sweep_cursor": SALEORS,
    "store.sweep_ended_at": SHOWN,
    "store.test_made_at": KEPT,
    "store.tests_ended_at": "A test that is made before it counts as ended. It would have ended after a day.",
    "wallet_session.ends_at": "One that ends later than any can is over (wallet_sessions.py).",
    "wallet_session.made_at": SHOWN,
}


def moments() -> set[str]:
    return {
        f"{table.name}.{column.name}"
        for table in SQLModel.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, UtcTime)
    }


def test_of_each_moment_it_is_known_what_a_clock_put_back_does_to_it() -> None:
    assert sorted(moments()) == sorted([*TESTED, *NOTHING_WAITS])


@pytest.mark.parametrize("place", sorted(set(TESTED.values())))
def test_the_tests_that_are_named_are_there(place: str, pytestconfig: pytest.Config) -> None:
    assert list(pytestconfig.rootpath.glob(f"tests/*/{place}"))
