"""Tell what would run out in each of the next twelve months, before a policy is saved."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

from sqlalchemy import column, text
from sqlmodel import Session, col, select

from app.db.columns import UtcTime
from app.db.points_policies import as_policy
from app.db.tables import PointsPolicyRow, StoreRow
from app.domain.days import last_day
from app.domain.expiry_policy import ExpiryPolicy, PolicyKind, months_later
from app.usecases.services import Services

MONTHS = 12
# Somebody waits for the page. More customers would only make the same picture larger.
CUSTOMERS_MAX = 50_000


@dataclass(frozen=True, slots=True)
class MonthOfPoints:
    """Points whose last day lies in a month: those that have their day already, and those that would have it by the policy."""

    first_day: date
    already: int
    would: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """What runs out in each of twelve months, if nobody spends any.

    `overdue` are points that customers have and that would have run out before today. `is_whole` is False where only the newest
    customers were looked at.
    """

    months: tuple[MonthOfPoints, ...]
    overdue: int
    is_whole: bool

    @property
    def has_any(self) -> bool:
        return self.overdue > 0 or any(month.already or month.would for month in self.months)


def forecast_expiry(services: Services, store_id: int, policy: ExpiryPolicy) -> Forecast:
    """Show points that customers have today as if they had come under a policy, and beside them those that have a day already.

    What a customer has is taken for the newest points that the customer got. Nothing is written, and a policy never touches
    points that are there: this shows how much a shop like this one would see run out.
    """
    now = services.clock()
    with services.database.reading() as session:
        store = session.get_one(StoreRow, store_id)
        asked = {"store_id": store_id, "limit": CUSTOMERS_MAX}
        set_already = _set_already(session, store_id)
        came = _by_activity(session, asked) if policy.kind is PolicyKind.INACTIVE else _by_age(session, asked)
        customers = session.connection().execute(text(_COUNT), asked).scalar_one()
    policy = replace(policy, time_zone=store.time_zone)
    would = Counter[datetime]()
    for moment, points in came:
        ends = policy.ends_when_inactive(moment) if policy.kind is PolicyKind.INACTIVE else policy.ends_of(moment)
        if ends is not None:
            would[ends] += points
    this_month = last_day(now, store.time_zone).replace(day=1)
    firsts = [months_later(this_month, number) for number in range(MONTHS)]
    of_month = {first: MonthOfPoints(first, 0, 0) for first in firsts}
    for ends, points in set_already:
        first = last_day(ends, store.time_zone).replace(day=1)
        if ends > now and first in of_month:
            of_month[first] = replace(of_month[first], already=of_month[first].already + points)
    for ends, points in would.items():
        first = last_day(ends, store.time_zone).replace(day=1)
        if ends > now and first in of_month:
            of_month[first] = replace(of_month[first], would=of_month[first].would + points)
    overdue = sum(points for ends, points in would.items() if ends <= now)
    return Forecast(tuple(of_month[first] for first in firsts), overdue, customers <= CUSTOMERS_MAX)


def _set_already(session: Session, store_id: int) -> list[tuple[datetime, int]]:
    """Give what runs out by earlier versions of the policy, or by what an import said."""
    of_store = select(PointsPolicyRow).where(col(PointsPolicyRow.store_id) == store_id)
    policies = {row.id: as_policy(row) for row in session.exec(of_store)}
    found = []
    statement = text(_LOTS[session.connection().dialect.name])
    lots = statement.columns(column("ends", UtcTime()), *map(column, ("policy_id", "active_on", "points")))
    for row in session.connection().execute(lots, {"store_id": store_id}):
        if row.ends is not None:
            found.append((row.ends, int(row.points)))
        elif row.active_on is not None:
            found.append((policies[row.policy_id].ends_when_inactive(_noon(row.active_on)), int(row.points)))
    return found


def _by_age(session: Session, asked: dict[str, int]) -> Iterable[tuple[datetime, int]]:
    """Give the days on which the points came that customers have today, and how many came."""
    rows = session.connection().execute(text(_AGES[session.connection().dialect.name]), asked)
    return [(_noon(row.came_on), int(row.points)) for row in rows]


def _by_activity(session: Session, asked: dict[str, int]) -> Iterable[tuple[datetime, int]]:
    """Give the days on which customers were last active, and what they have today."""
    rows = session.connection().execute(text(_ACTIVITIES[session.connection().dialect.name]), asked)
    return [(_noon(row.active_on), int(row.points)) for row in rows]


def _noon(day: date | str) -> datetime:
    """Stand for a day by its middle: months are what is shown."""
    on = date.fromisoformat(day) if isinstance(day, str) else day
    return datetime.combine(on, time(12), tzinfo=UTC)


def _with_days(statement: str, *columns: str) -> dict[str, str]:
    """Fill in how each database writes the day of these columns."""
    written = {"sqlite": "date({})", "postgresql": "CAST({} AT TIME ZONE 'UTC' AS date)"}
    return {
        dialect: statement.format(**{column.split(".")[1]: how.format(column) for column in columns})
        for dialect, how in written.items()
    }


_CUSTOMERS = """
    SELECT id, available FROM points_customer WHERE store_id = :store_id AND available > 0 ORDER BY id DESC LIMIT :limit"""
_COUNT = """
    SELECT count(*) FROM (
        SELECT 1 FROM points_customer WHERE store_id = :store_id AND available > 0 LIMIT :limit + 1
    ) AS counted"""
_AGES = _with_days(
    f"""
    SELECT came_on, sum(CASE WHEN newer + amount > available THEN available - newer ELSE amount END) AS points FROM (
        SELECT {{created_at}} AS came_on, e.amount, c.available, coalesce(sum(e.amount) OVER (
            PARTITION BY e.customer_id ORDER BY e.id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0) AS newer
        FROM ({_CUSTOMERS}) AS c JOIN points_entry AS e ON e.customer_id = c.id
        WHERE e.amount > 0 AND e.kind <> 'give_back'
    ) AS came WHERE newer < available GROUP BY came_on""",  # noqa: S608 - constants
    "e.created_at",
)
_ACTIVITIES = _with_days(
    f"""
    SELECT active_on, sum(available) AS points FROM (
        SELECT c.available, max({{created_at}}) AS active_on
        FROM ({_CUSTOMERS}) AS c JOIN points_entry AS e ON e.customer_id = c.id
        WHERE (e.amount > 0 AND e.kind <> 'give_back') OR e.kind = 'spend' GROUP BY c.id, c.available
    ) AS active GROUP BY active_on""",  # noqa: S608 - constants
    "e.created_at",
)
_LOTS = _with_days(
    """
    SELECT ends, policy_id, active_on, sum(points_left) AS points FROM (
        SELECT l.ends, CASE WHEN l.ends IS NULL THEN l.policy_id END AS policy_id,
            CASE WHEN l.ends IS NULL THEN {active_at} END AS active_on, l.points_left
        FROM points_lot AS l JOIN points_customer AS c ON c.id = l.customer_id
        WHERE c.store_id = :store_id AND l.points_left > 0
    ) AS open GROUP BY ends, policy_id, active_on""",
    "c.active_at",
)
