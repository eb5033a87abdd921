"""Whatever a mail server does: a code comes, another mail never comes twice, and what waits says why."""

import pytest
from sqlmodel import select

from app.db.tables import LogEntryRow, MailRow
from app.domain.mails import MailKind, Urgency
from app.mail.smtp_courier import SmtpCourier
from app.settings import load_settings
from app.usecases.mailing.send_mails import NOT_WRITTEN
from app.usecases.mailing.taking_mails import begin_sending, take_mails
from app.usecases.merchants.set_mails import show_mails
from tests.standins.mail import Fault, StandInMail
from tests.test_mailing.post import Post
from tests.test_web.calls import ready_order

ADA, BOB = "ada@example.com", "bob@example.com"


def slug(post: Post) -> str:
    return post.world.store().slug


def impatient(post: Post, seconds: float = 0.5) -> None:
    """Let the mail server have less time for each mail."""
    server = load_settings({"MAIL_URL": post.server.url}).mails_go_to
    object.__setattr__(post.world.services, "courier", SmtpCourier(server, mail_seconds=seconds))  # type: ignore[arg-type]


@pytest.mark.parametrize("fault", [Fault.CUT_AFTER_DATA, Fault.SILENT_AFTER_DATA])
def test_a_reminder_whose_answer_was_lost_is_not_sent_again(post: Post, fault: Fault) -> None:
    impatient(post)
    ready_order(post.world, email=ADA)
    post.server.faults = [fault]

    for _ in range(5):
        post.send()
        post.world.clock.advance(hours=1)

    assert len(post.server.to(ADA)) == 1
    assert post.mail_of(MailKind.POINTS_READY).state == "unsure"


def test_a_reminder_whose_worker_died_while_sending_is_not_sent_again(post: Post) -> None:
    ready_order(post.world, email=ADA)
    taken = take_mails(post.world.services, Urgency.LATER)
    assert taken is not None
    [mail] = taken.mails
    assert begin_sending(post.world.services, mail, taken.lease_token)

    post.world.clock.advance(minutes=10)
    post.send()

    assert post.server.delivered == []
    assert post.mail_of(MailKind.POINTS_READY).state == "unsure"


def test_a_mail_whose_worker_died_before_sending_is_sent(post: Post) -> None:
    ready_order(post.world, email=ADA)
    assert take_mails(post.world.services, Urgency.LATER) is not None

    post.world.clock.advance(minutes=10)
    post.send()

    assert len(post.server.to(ADA)) == 1


def test_a_worker_that_was_stopped_too_long_sends_nothing(post: Post) -> None:
    post.ask_for_code(ADA)
    taken = take_mails(post.world.services, Urgency.NOW)
    assert taken is not None
    post.world.clock.advance(minutes=5)
    post.send()

    assert not begin_sending(post.world.services, taken.mails[0], taken.lease_token)
    assert len(post.server.to(ADA)) == 1


def test_nothing_more_goes_to_an_address_that_nobody_has(post: Post) -> None:
    post.server.faults = [Fault.RCPT_5XX]
    post.ask_for_code(ADA)
    post.send()

    assert post.states() == ["failed"]
    assert not post.ask_for_code(ADA)
    assert post.ask_for_code(BOB)
    assert ADA not in (post.mails()[0].problem or "")


def test_a_server_that_takes_no_mail_from_us_stops_no_address(post: Post) -> None:
    post.server.faults = [Fault.RCPT_POLICY]
    post.ask_for_code(ADA)
    post.send()
    assert post.states() == ["waiting"]
    assert "Relay access denied" in (show_mails(post.world.services, slug(post)).problem or "")

    post.world.clock.advance(minutes=6)
    post.send()

    assert post.states() == ["sent"]
    assert show_mails(post.world.services, slug(post)).problem is None


@pytest.mark.parametrize("fault", [Fault.RCPT_4XX, Fault.DATA_4XX, Fault.CUT_AT_RCPT, Fault.SILENT_AT_RCPT])
def test_what_was_not_handed_over_is_sent_later_whatever_it_is(post: Post, fault: Fault) -> None:
    impatient(post)
    ready_order(post.world, email=ADA)
    post.server.faults = [fault]
    post.send()
    assert post.server.delivered == []

    post.world.clock.advance(minutes=2)
    post.send()

    assert len(post.server.to(ADA)) == 1


def test_a_mail_that_is_refused_for_what_it_says_leaves_the_address_alone(post: Post) -> None:
    post.server.faults = [Fault.DATA_5XX]
    post.ask_for_code(ADA)
    post.send()

    assert post.states() == ["failed"]
    assert post.ask_for_code(ADA)


def test_a_server_that_is_away_is_asked_again_and_the_merchant_reads_since_when(post: Post) -> None:
    post.server.stop()
    post.ask_for_code(ADA)
    post.send()
    assert show_mails(post.world.services, slug(post)).since is not None

    post.server.start()
    post.world.clock.advance(minutes=2)
    post.send()

    assert post.states() == ["sent"]
    assert show_mails(post.world.services, slug(post)).problem is None


def test_one_mail_that_the_server_cannot_bear_does_not_hold_the_others(post: Post) -> None:
    post.server.faults_of = {ADA: Fault.CUT_AT_RCPT}
    post.ask_for_code(ADA)
    post.world.clock.advance(seconds=1)
    post.ask_for_code(BOB)

    for _ in range(4):
        post.send()
        post.world.clock.advance(seconds=20)

    assert len(post.server.to(BOB)) == 1


def test_a_server_that_breaks_off_at_each_mail_is_told_of_once_and_asked_less_and_less(post: Post) -> None:
    post.server.faults_of = {ADA: Fault.CUT_AT_RCPT}
    post.ask_for_code(ADA)
    pauses = []

    for _ in range(4):
        post.send()
        trouble = post.trouble()
        assert trouble is not None
        assert trouble.paused_until is not None
        pauses.append(trouble.paused_until - post.world.clock())
        post.world.clock.advance(minutes=1)

    assert trouble is not None
    assert trouble.failures == 4
    assert pauses[0] < pauses[2]
    with post.world.services.database.reading() as session:
        told = session.exec(select(LogEntryRow).where(LogEntryRow.code == "mail_server")).all()
    assert len(told) == 1


def test_one_mail_that_cannot_be_written_does_not_hold_the_others(post: Post) -> None:
    post.ask_for_code(ADA)
    with post.world.services.database.writing() as session:
        [broken] = session.exec(select(MailRow)).all()
        broken.values_sealed = "nothing that was ever sealed"
    post.ask_for_code(BOB)

    post.send()

    assert (len(post.server.to(ADA)), len(post.server.to(BOB))) == (0, 1)
    assert post.states() == ["waiting", "sent"]
    assert post.mails()[0].problem == NOT_WRITTEN


def test_a_wrong_password_is_told_and_tried_again_after_five_minutes(post: Post) -> None:
    with StandInMail(accepts_login=False) as strict:
        server = load_settings({"MAIL_URL": strict.url_with_login}).mails_go_to
        object.__setattr__(post.world.services, "courier", SmtpCourier(server))  # type: ignore[arg-type]
        post.ask_for_code(ADA)
        post.send()
        problem = show_mails(post.world.services, slug(post)).problem or ""
        assert "user and password" in problem
        assert "points@shop" not in problem

        strict.accepts_login = True
        post.world.clock.advance(minutes=6)
        post.send()

        assert len(strict.to(ADA)) == 1
