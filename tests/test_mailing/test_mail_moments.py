"""A clock that was ahead and is put back holds no mail up."""

from app.domain.mails import MailState, Urgency
from app.errors import MailServerDown
from app.usecases.mailing.mail_server import note_trouble, pause_sender
from app.usecases.mailing.put_right_mails import put_right_mails
from app.usecases.mailing.taking_mails import take_mails
from tests.test_mailing.post import Post

ADA = "ada@example.com"


def put_back(post: Post, days: int = 30) -> None:
    post.world.clock.advance(days=-days)


def test_a_mail_that_was_written_ahead_is_sent_now(post: Post) -> None:
    post.world.clock.advance(days=30)
    post.ask_for_code(ADA)
    put_back(post)

    post.send()
    assert post.states() == ["waiting"]
    put_right_mails(post.world.services)
    post.send()

    assert post.states() == ["sent"]


def test_a_lease_from_ahead_holds_no_mail(post: Post) -> None:
    post.ask_for_code(ADA)
    post.world.clock.advance(minutes=5)
    take_mails(post.world.services, Urgency.NOW)
    post.world.clock.advance(minutes=-5)

    post.send()

    assert post.states() == [MailState.SENT]


def test_a_pause_from_ahead_holds_no_mail(post: Post) -> None:
    post.world.clock.advance(days=30)
    note_trouble(post.world.services, MailServerDown("away"))
    pause_sender(post.world.services, post.world.store(), "553 no")
    put_back(post)
    post.ask_for_code(ADA)

    post.send()

    assert post.states() == [MailState.SENT]
