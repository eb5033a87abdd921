"""A shop whose points run out, day by day."""

from datetime import datetime, timedelta

from sqlmodel import col, select

from app.db.tables import PointsNoticeRow, StoreRow
from app.db.tables.points_entry import EntryKind
from app.domain.expiry_policy import ExpiryPolicy
from app.ledger import entries as ledger
from app.ledger.entries import Entry
from app.usecases.mailing.announce_ending import announce_ending
from app.usecases.merchants.change_expiry import add_policy
from app.usecases.operating.end_lots import end_lots
from app.usecases.operating.verify_books import verify_books
from tests.test_mailing.post import Post

ADA = "ada@example.com"
BOB = "bob@example.com"
ROUNDS_MAX = 20


def set_policy(post: Post, policy: ExpiryPolicy) -> None:
    with post.world.services.database.writing() as session:
        add_policy(session, session.get_one(StoreRow, 1), policy, post.world.clock(), who="a test")


def earn(post: Post, points: int, *emails: str) -> None:
    """Give customers points, or with a minus take them."""
    entries = [Entry(email, points, EntryKind.INSTANT) for email in emails or (ADA,)]
    with post.world.services.database.writing() as session:
        assert all(ledger.post(session, 1, entries, post.world.clock()))


def earn_many(post: Post, customers: int) -> None:
    earn(post, 40, *(f"customer-{number}@example.com" for number in range(customers)))


def look(post: Post) -> None:
    """Do what the worker does of a day, and send the mails."""
    for _ in range(ROUNDS_MAX):
        if not announce_ending(post.world.services):
            post.send()
            return
    raise AssertionError("looking comes to no end")


def until_noon(post: Post, day: datetime) -> None:
    noon = day.replace(hour=12, minute=0, second=0, microsecond=0)
    post.world.clock.advance(seconds=int((noon - post.world.clock()).total_seconds()) + 1)


def live(post: Post, until: datetime) -> list[tuple[str, str]]:
    """Let days go by until one, with the looks of each; gives the day and the subject of each mail to Ada."""
    found: list[tuple[str, str]] = []
    while post.world.clock() < until - timedelta(hours=12):
        until_noon(post, post.world.clock() + timedelta(days=1))
        before = len(post.server.to(ADA))
        look(post)
        end_lots(post.world.services)
        found += [(f"{post.world.clock():%d.%m.}", got.message["Subject"]) for got in post.server.to(ADA)[before:]]
    return found


def notices(post: Post) -> list[tuple[datetime, int]]:
    """Give the end and the days before it of each notice that was given."""
    with post.world.services.database.reading() as session:
        rows = session.exec(select(PointsNoticeRow).order_by(col(PointsNoticeRow.told_at), col(PointsNoticeRow.origin_id)))
        return [(row.ends, row.days) for row in rows]


def differences(post: Post) -> list[str]:
    return [difference for part in verify_books(post.world.services) for difference in part.differences]
