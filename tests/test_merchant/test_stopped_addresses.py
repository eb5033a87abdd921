"""A customer's page says that mails came back, and staff let the app write to that address again."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from sqlmodel import select

from app.db.tables import LogEntryRow
from app.domain.mails import MailKind
from tests.clock import MovableClock
from tests.standins.mail import Fault, StandInMail
from tests.standins.saleor import StandInSaleor
from tests.test_mailing.post import Post
from tests.test_merchant.calls import Desk, notified, seen
from tests.test_settling.test_refunds import ADA
from tests.world import open_world

PAGE = f"customers/{ADA}"


@pytest.fixture
def post(fresh_sqlite: Callable[[], str], clock: MovableClock, saleor: StandInSaleor) -> Iterator[Post]:
    """A shop that sends codes, to whom Ada's mail server has refused one."""
    with StandInMail() as mail, open_world(fresh_sqlite(), clock, saleor, MAIL_URL=mail.url) as opened:
        opened.install()
        clock.advance(minutes=2)
        opened.change_store(mail_sender="points@shop.example")
        post = Post(opened, mail)
        post.switch_on(MailKind.SIGN_IN)
        mail.faults = [Fault.RCPT_5XX]
        post.ask_for_code(ADA)
        post.send()
        yield post


def lift(desk: Desk, once: str, **form: str) -> dict[str, str]:
    return notified(desk.post(f"{PAGE}/write-again", {"once": once, "email": ADA} | form))


def test_the_page_says_since_when_and_why_and_the_address_is_blotted_out(post: Post) -> None:
    page = Desk(post.world).get(PAGE)

    assert "No mails go to this address since" in seen(page)
    assert "550 5.1.1" in seen(page)
    assert f"<{ADA}>: Recipient" not in page.text
    assert "No mails go to this address" not in seen(Desk(post.world).get("customers/bob@example.com"))


def test_mails_are_sent_again_once_somebody_says_so_and_the_log_says_who(post: Post) -> None:
    desk, once = Desk(post.world), uuid4().hex
    assert not post.ask_for_code(ADA)

    titles = [lift(desk, once)["title"] for _ in range(2)]

    assert titles == ["Mails are sent to this address again"] * 2
    assert "No mails go to this address" not in seen(desk.get(PAGE))
    assert post.ask_for_code(ADA)
    post.send()
    assert len(post.server.to(ADA)) == 1
    with post.world.services.database.reading() as session:
        entries = [(row.code, row.made_by) for row in session.exec(select(LogEntryRow))]
    assert entries.count(("mail_address_tried", "admin@example.com")) == 1
    assert lift(desk, uuid4().hex)["title"] == "Nothing was changed"


@pytest.mark.parametrize("permissions", [(), ("MANAGE_APPS",)])
def test_who_may_not_see_customers_lets_nobody_be_written_to(post: Post, permissions: tuple[str, ...]) -> None:
    answer = Desk(post.world, permissions).post(f"{PAGE}/write-again", {"once": uuid4().hex, "email": ADA})

    assert answer.status_code == 403
    assert not post.ask_for_code(ADA)


def test_a_form_about_somebody_else_lifts_nothing(post: Post) -> None:
    said = lift(Desk(post.world), uuid4().hex, email="bob@example.com")

    assert said["title"] == "Nothing was changed"
    assert not post.ask_for_code(ADA)
