"""Points that run out are told of: thirty days before and seven, in one mail for a customer and day."""

from datetime import UTC, datetime, timedelta
from threading import Thread
from unittest.mock import patch
from uuid import uuid4

import pytest
import requests
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select
from structlog.testing import capture_logs

from app.db.given_notices import write_notices
from app.db.tables import MailKindRow, MailRow, OrderRow, PointsNoticeRow, StoreRow
from app.domain.ending_notices import GivenNotice
from app.domain.expiry_policy import ExpiryPolicy, PolicyKind
from app.domain.mails import MailKind, MailState
from app.usecases.mailing import announce_ending as announcing
from app.usecases.mailing.announce_ending import BATCH, announce_ending, look_at, tell_found
from app.usecases.mailing.outbox import NewMail, put_mail
from app.usecases.mailing.preferences import accept_again, decline
from app.usecases.operating.erase_customer import erase_customer
from app.usecases.services import Services
from tests.standins.mail import Fault
from tests.test_mailing.ending import ADA, BOB, differences, earn, earn_many, live, look, notices, set_policy, until_noon
from tests.test_mailing.post import Post
from tests.test_settling.test_refunds import paid_order
from tests.test_staff.test_moved_customers import move
from tests.waiting import PATIENCE_SECONDS

# What is earned when a test begins, on the 4th of May, lasts until then.
END = datetime(2026, 8, 5, tzinfo=UTC)
THREE_MONTHS = ExpiryPolicy(PolicyKind.ROLLING, months=3)


@pytest.fixture
def shop(post: Post) -> Post:
    """A shop whose points last for three months, and which sends mails of nothing else."""
    for kind in (MailKind.POINTS_READY, MailKind.REMINDER):
        post.switch_off(kind)
    set_policy(post, THREE_MONTHS)
    return post


def days_before(post: Post, days: int) -> None:
    """Go to noon, so many days before the last day."""
    until_noon(post, END - timedelta(days=days + 1))


class Killed(Exception):
    """The worker died."""


def die_after_writing(session: Session, post: Post) -> None:
    now = post.world.clock()
    found = look_at(session, 1, now)
    tell_found(session, post.world.services, found, now)
    assert len(session.exec(select(MailRow)).all()) == 1
    raise Killed


def test_points_that_run_out_are_told_of_twice_and_then_run_out(shop: Post) -> None:
    earn(shop, 40)
    days_before(shop, 32)

    told = live(shop, END + timedelta(days=2))

    subject = f"40 points run out after August 4, 2026 at {shop.world.store().name}"
    assert told == [("05.07.", subject), ("28.07.", subject)]
    [mail, _] = shop.server.to(ADA)
    assert "/wallet/" not in mail.part("plain")
    assert notices(shop) == [(END, 30), (END, 7)]
    assert differences(shop) == []


def test_the_mail_leads_to_the_wallet_where_there_is_one_and_names_each_day(shop: Post) -> None:
    shop.world.change_store(hosted_wallet=True)
    earn(shop, 40)
    shop.world.clock.advance(days=3)
    earn(shop, 30)
    days_before(shop, 30)

    look(shop)

    [mail] = shop.server.to(ADA)
    assert f"/wallet/{shop.world.store().slug}" in mail.part("plain")
    assert "70 points run out soon" in mail.part("plain")
    assert "Until August\u00a07,\u00a02026: 30\u00a0points" in mail.part("plain")
    assert len(notices(shop)) == 2


def test_the_mail_is_in_the_language_of_the_newest_order_and_in_english_where_there_is_none(shop: Post) -> None:
    paid_order(shop.world, "40")
    with shop.world.services.database.writing() as session:
        session.exec(select(OrderRow)).one().language = "de-AT"
    earn(shop, 40, ADA)
    earn(shop, 7, BOB)
    days_before(shop, 30)

    look(shop)

    assert str(shop.server.to(ADA)[0].message["Subject"]).startswith("40 Punkte verfallen nach dem 4.")
    assert str(shop.server.to(BOB)[0].message["Subject"]).startswith("7 points run out after")


def test_looking_again_on_the_same_day_writes_nothing(shop: Post) -> None:
    earn(shop, 40)
    days_before(shop, 20)

    look(shop)
    with shop.world.services.database.writing() as session:
        session.get_one(MailKindRow, (1, MailKind.POINTS_END.value)).looked_on = None
    look(shop)

    assert len(shop.server.to(ADA)) == 1


def test_two_workers_at_once_write_each_customer_one_mail(shop: Post) -> None:
    earn_many(shop, 2 * BATCH + 1)
    days_before(shop, 30)

    def work() -> None:
        while announce_ending(shop.world.services):
            pass

    workers = [Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(PATIENCE_SECONDS)

    assert len({mail.email for mail in shop.mails()}) == len(shop.mails()) == 2 * BATCH + 1
    assert len(notices(shop)) == 2 * BATCH + 1


def test_a_day_of_many_customers_is_looked_at_batch_by_batch(shop: Post) -> None:
    earn_many(shop, 2 * BATCH + 1)
    days_before(shop, 30)

    written = []
    while announce_ending(shop.world.services):
        written.append(len(shop.mails()))

    assert written == [BATCH, 2 * BATCH, 2 * BATCH + 1]


def test_a_worker_that_was_overtaken_writes_nothing(shop: Post) -> None:
    earn(shop, 40)
    days_before(shop, 30)
    now = shop.world.clock()
    with shop.world.services.database.reading() as session:
        found = look_at(session, 1, now)
    look(shop)

    with shop.world.services.database.writing() as session:
        tell_found(session, shop.world.services, found, now)

    assert len(shop.mails()) == 1


def test_a_worker_that_dies_before_the_commit_writes_the_mail_later(shop: Post) -> None:
    earn(shop, 40)
    days_before(shop, 20)

    with pytest.raises(Killed), shop.world.services.database.writing() as session:
        die_after_writing(session, shop)
    assert (shop.states(), notices(shop)) == ([], [])

    look(shop)

    assert len(shop.server.to(ADA)) == 1


def test_a_defect_ends_the_look_of_today_and_tomorrow_tells_of_all(shop: Post) -> None:
    earn(shop, 40, ADA, BOB)
    days_before(shop, 30)

    def fail_for_bob(session: Session, services: Services, store: StoreRow, mail: NewMail) -> bool:
        if mail.email == BOB:
            raise RuntimeError(mail.email)
        return put_mail(session, services, store, mail)

    with patch.object(announcing, "put_mail", fail_for_bob), capture_logs() as logged:
        # Nothing waits any more today: other stores have their turn.
        look(shop)
    assert (shop.states(), notices(shop)) == ([], [])
    [defect] = [one for one in logged if one["event"] == "defect"]
    assert (defect["store_id"], defect["kind"]) == (1, "RuntimeError")
    assert BOB not in str(defect)
    days_before(shop, 29)
    look(shop)

    assert [len(shop.server.to(email)) for email in (ADA, BOB)] == [1, 1]


def test_a_mail_whose_answer_was_lost_does_not_come_again_and_the_next_notice_does(shop: Post) -> None:
    earn(shop, 40)
    shop.server.faults = [Fault.CUT_AFTER_DATA]
    days_before(shop, 30)

    look(shop)
    assert shop.states() == [MailState.UNSURE]
    days_before(shop, 7)
    look(shop)

    assert shop.states() == [MailState.UNSURE, MailState.SENT]


def test_a_policy_that_changes_between_the_notices_moves_neither_of_them(shop: Post) -> None:
    earn(shop, 40)
    days_before(shop, 30)
    look(shop)

    set_policy(shop, ExpiryPolicy(PolicyKind.ROLLING, months=1))
    earn(shop, 30)
    told = live(shop, END)

    # What came under the new policy runs out on the 5th of August, the old points a day before.
    assert [day for day, _ in told] == ["28.07."]
    assert "70 points run out soon" in shop.server.to(ADA)[-1].part("plain")
    assert differences(shop) == []


def test_who_is_active_in_time_is_told_of_the_new_end_only(shop: Post) -> None:
    set_policy(shop, ExpiryPolicy(PolicyKind.INACTIVE, months=3))
    earn(shop, 40)
    days_before(shop, 30)
    look(shop)

    earn(shop, 5)
    told = live(shop, END + timedelta(days=5))
    days_before(shop, -32)
    look(shop)

    assert told == []
    assert [days for _, days in notices(shop)].count(30) == 3
    assert str(shop.server.to(ADA)[-1].message["Subject"]).startswith("45 points run out after October")
    assert differences(shop) == []


def test_one_who_was_moved_is_told_at_the_new_address_and_of_nothing_again(shop: Post) -> None:
    earn(shop, 40)
    days_before(shop, 30)
    look(shop)
    move(shop.world, ADA, BOB)

    told = live(shop, END - timedelta(days=10))
    days_before(shop, 7)
    look(shop)

    assert told == []
    assert (len(shop.server.to(ADA)), len(shop.server.to(BOB))) == (1, 1)
    assert differences(shop) == []


def test_a_mail_that_waits_follows_a_customer_who_is_moved(shop: Post) -> None:
    earn(shop, 40)
    days_before(shop, 30)
    assert announce_ending(shop.world.services)

    move(shop.world, ADA, BOB)
    shop.send()

    assert shop.server.to(ADA) == []
    assert len(shop.server.to(BOB)) == 1


def test_one_who_was_erased_is_not_told(shop: Post) -> None:
    earn(shop, 40)
    days_before(shop, 30)
    assert announce_ending(shop.world.services)

    erase_customer(shop.world.services, shop.world.store().slug, ADA)
    live(shop, END)

    assert shop.server.delivered == []
    assert differences(shop) == []


def test_one_click_opts_out(shop: Post) -> None:
    earn(shop, 40)
    days_before(shop, 30)
    look(shop)
    message = shop.server.to(ADA)[0].message
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    url = str(message["List-Unsubscribe"]).strip("<>")
    requests.post(url, data={"List-Unsubscribe": "One-Click"}, timeout=PATIENCE_SECONDS)
    days_before(shop, 7)
    look(shop)

    assert len(shop.server.to(ADA)) == 1


def test_who_does_not_want_these_mails_gets_none_and_is_told_when_they_do_again(shop: Post) -> None:
    earn(shop, 40)
    with shop.world.services.database.writing() as session:
        decline(session, 1, ADA, MailKind.POINTS_END, shop.world.clock())
    days_before(shop, 30)
    look(shop)
    assert (shop.states(), notices(shop)) == ([], [])

    with shop.world.services.database.writing() as session:
        accept_again(session, 1, ADA, [MailKind.POINTS_END])
    days_before(shop, 29)
    look(shop)

    assert len(shop.server.to(ADA)) == 1


def test_an_address_from_which_mails_came_back_is_not_written_to(shop: Post) -> None:
    earn(shop, 40)
    shop.server.faults = [Fault.RCPT_5XX]
    days_before(shop, 30)
    look(shop)
    assert shop.states() == [MailState.FAILED]

    days_before(shop, 7)
    look(shop)

    assert shop.states() == [MailState.FAILED]
    assert shop.server.delivered == []


def test_points_that_were_taken_back_before_the_mail_went_are_not_told_of(shop: Post) -> None:
    earn(shop, 40)
    days_before(shop, 20)

    assert announce_ending(shop.world.services)
    earn(shop, -40)
    shop.send()

    assert shop.server.to(ADA) == []
    assert shop.mail_of(MailKind.POINTS_END).state == MailState.DROPPED


def test_nobody_is_told_while_the_kind_is_off(shop: Post) -> None:
    shop.switch_off(MailKind.POINTS_END)
    earn(shop, 40)
    days_before(shop, 30)

    assert not announce_ending(shop.world.services)


def test_the_database_refuses_a_notice_that_was_given_before(shop: Post) -> None:
    earn(shop, 40)
    days_before(shop, 30)
    look(shop)
    with shop.world.services.database.reading() as session:
        [row] = session.exec(select(PointsNoticeRow))
    notice = GivenNotice(row.origin_id, row.ends, row.days)

    with pytest.raises(IntegrityError), shop.world.services.database.writing() as session:
        write_notices(session, [notice], uuid4(), shop.world.clock())
