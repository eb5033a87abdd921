"""The test of the test: the mails about points that run out are broken on purpose, one way at a time, and it is noticed.

The histories of the simulation have neither mails nor points that run out, so this plays one of its own: three customers, one of
whom is moved between the notices, and two looks a day.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from sqlmodel import Session, col, select
from structlog.testing import capture_logs

from app.db.ending_lots import ending_lots
from app.db.given_notices import given_notices, write_notices
from app.db.tables import MailKindRow, PointsLotRow
from app.domain import ending_notices
from app.domain.ending_notices import NOTICES, EndingLot, GivenNotice, to_tell
from app.domain.expiry_policy import ExpiryPolicy, PolicyKind
from app.domain.mails import MailKind
from app.usecases.mailing import announce_ending
from tests.clock import MovableClock
from tests.standins.mail import StandInMail
from tests.standins.saleor import StandInSaleor
from tests.test_mailing.ending import ADA, BOB, differences, earn, look, set_policy, until_noon
from tests.test_mailing.post import Post
from tests.test_staff.test_moved_customers import EVE, move
from tests.world import open_world

# Last days are the 4th of August, and of Ada's later points the 7th. Eve has what was Ada's.
TOLD = [("07-05", ADA), ("07-05", BOB), ("07-28", BOB), ("07-28", EVE)]
# The database refuses a notice that was given before.
REFUSED = "IntegrityError in the log"


@pytest.fixture
def post(fresh_sqlite: Callable[[], str], clock: MovableClock, saleor: StandInSaleor) -> Iterator[Post]:
    with StandInMail() as mail, open_world(fresh_sqlite(), clock, saleor, MAIL_URL=mail.url) as world:
        world.install()
        world.change_store(mail_sender="points@shop.example")
        opened = Post(world, mail)
        opened.switch_on(MailKind.POINTS_END)
        set_policy(opened, ExpiryPolicy(PolicyKind.ROLLING, months=3))
        yield opened


def look_twice_a_day(post: Post, month: int, days: range) -> None:
    for day in days:
        until_noon(post, datetime(2026, month, day, tzinfo=UTC))
        look(post)
        with post.world.services.database.writing() as session:
            session.get_one(MailKindRow, (1, MailKind.POINTS_END.value)).looked_on = None
        look(post)


def play(post: Post) -> list[tuple[str, str]]:
    """Let the summer go by; gives the day and the address of each mail."""
    earn(post, 40, ADA, BOB)
    post.world.clock.advance(days=3)
    earn(post, 30, ADA)
    look_twice_a_day(post, 7, range(3, 8))
    move(post.world, ADA, EVE)
    look_twice_a_day(post, 7, range(26, 31))
    return sorted((f"{mail.written_at:%m-%d}", mail.email) for mail in post.mails())


def forget_what_was_told() -> Any:
    return patch.object(announce_ending, "given_notices", lambda *_: set())


def forget_it_and_write_only_what_is_new() -> Any:
    def write(session: Session, notices: Iterable[GivenNotice], reference: UUID, now: datetime) -> None:
        asked = set(notices)
        known = given_notices(session, [EndingLot(0, "", one.origin, 0, now, one.ends) for one in asked])
        write_notices(session, asked - known, reference, now)

    return patch.multiple(announce_ending, given_notices=lambda *_: set(), write_notices=write)


def write_no_notice() -> Any:
    return patch.object(announce_ending, "write_notices", lambda *_: None)


def tell_a_week_before_only() -> Any:
    return patch.object(ending_notices, "NOTICES", NOTICES[1:])


def tell_a_month_before_only() -> Any:
    return patch.object(ending_notices, "NOTICES", NOTICES[:1])


def write_a_mail_for_each_lot() -> Any:
    """Tell only of the first lot."""
    return patch.object(announce_ending, "to_tell", lambda *args: to_tell(*args)[:1])


def take_a_moved_lot_for_another() -> Any:
    """Name points by the entry that brought them to whoever has them now."""

    def lots(session: Session, store_id: int, customer_ids: Collection[int], after: datetime, until: datetime) -> list[EndingLot]:
        rows = session.exec(select(PointsLotRow).where(col(PointsLotRow.points_left) > 0))
        entries = {(row.customer_id, row.origin_id): row.entry_id for row in rows}
        found = ending_lots(session, store_id, customer_ids, after, until)
        return [replace(lot, origin=entries[lot.customer_id, lot.origin]) for lot in found]

    return patch.object(announce_ending, "ending_lots", lots)


def noticed(post: Post, broken: Any) -> str:
    """Play the summer, and give what shows that it was broken; nothing where it was not."""
    with broken, capture_logs() as logged:
        told = play(post)
    found = [f"{one['kind']} in the log" for one in logged if one["event"] == "defect"]
    found += ["mails" for _ in range(told != TOLD)] + differences(post)
    return "; ".join(found)


def test_the_whole_app_tells_each_customer_twice(post: Post) -> None:
    assert noticed(post, nullcontext()) == ""


@pytest.mark.parametrize(
    ("broken", "shown"),
    [
        (forget_what_was_told, REFUSED),
        (forget_it_and_write_only_what_is_new, "gave no notice that was not given before"),
        (write_no_notice, "gave no notice that was not given before"),
        (tell_a_week_before_only, "mails"),
        (tell_a_month_before_only, "mails"),
        (write_a_mail_for_each_lot, "mails"),
        (take_a_moved_lot_for_another, "no lot of them ends then"),
    ],
)
def test_each_way_to_break_it_is_noticed(post: Post, broken: Callable[[], Any], shown: str) -> None:
    assert shown in noticed(post, broken())
