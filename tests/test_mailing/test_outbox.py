"""A mail is written with its reason, sent once its time has come, and forgotten when it is over."""

from tests.standins.mail import Fault
from tests.test_mailing.post import Post

ADA = "ada@example.com"


def test_a_code_reaches_whoever_asked_for_it(post: Post) -> None:
    post.ask_for_code(ADA, "482913")

    post.send()

    [got] = post.server.to(ADA)
    assert "482913" in got.part("plain")
    assert "482913" in got.part("html")
    assert "482913" not in got.message["Subject"]
    [sender] = got.message["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (post.world.store().name, "points@shop.example")
    assert got.sender == "points@shop.example"
    assert post.states() == ["sent"]


def test_nothing_of_what_a_mail_said_is_kept_once_it_is_sent(post: Post) -> None:
    post.ask_for_code(ADA, "482913")
    [waiting] = post.mails()
    assert "482913" not in (waiting.values_sealed or "")

    post.send()

    [sent] = post.mails()
    assert sent.values_sealed is None


def test_a_store_that_sends_no_such_mails_puts_none_into_the_outbox(post: Post) -> None:
    post.world.change_store(mail_sender=None)

    assert not post.ask_for_code(ADA)
    assert post.mails() == []


def test_a_code_whose_answer_was_lost_comes_again_as_the_same_mail(post: Post) -> None:
    post.server.faults = [Fault.CUT_AFTER_DATA]
    post.ask_for_code(ADA)
    post.send()
    assert post.states() == ["waiting"]

    post.world.clock.advance(seconds=30)
    post.send()

    first, second = post.server.to(ADA)
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert post.states() == ["sent"]


def test_a_code_that_nobody_needs_any_more_is_not_sent(post: Post) -> None:
    post.server.faults = [Fault.RCPT_4XX] * 50
    post.ask_for_code(ADA)

    for _ in range(22):
        post.send()
        post.world.clock.advance(seconds=30)
    post.server.faults.clear()
    post.send()

    assert post.server.delivered == []
    assert post.states() == ["late"]
    assert post.mails()[0].values_sealed is None
