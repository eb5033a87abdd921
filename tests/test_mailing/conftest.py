"""A shop that sends mails, and the mail server that takes them."""

from collections.abc import Iterator

import pytest

from app.domain.mails import MailKind
from tests.clock import MovableClock
from tests.standins.mail import StandInMail
from tests.standins.saleor import StandInSaleor
from tests.test_mailing.post import Post
from tests.world import open_world


@pytest.fixture
def mail() -> Iterator[StandInMail]:
    with StandInMail() as running:
        yield running


@pytest.fixture
def post(database_url: str, clock: MovableClock, saleor: StandInSaleor, mail: StandInMail) -> Iterator[Post]:
    """A shop whose kinds of mail are all switched on."""
    with open_world(database_url, clock, saleor, MAIL_URL=mail.url) as world:
        world.install()
        world.change_store(mail_sender="points@shop.example")
        opened = Post(world, mail)
        opened.switch_on(*MailKind)
        clock.advance(minutes=2)
        yield opened
