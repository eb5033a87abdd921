"""What points should be left, and what should have run out, worked out anew: point by point, from the entries alone.

None of the app's arithmetic is used. Each point is a thing of its own, so that nothing has to be split or added up.
"""

from calendar import monthrange
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from app.db.tables import (
    PointsCustomerRow,
    PointsEntryRow,
    PointsLotRow,
    PointsPolicyRow,
    PointsSpendRow,
)

Day = datetime | int | None  # a moment; the id of a policy that counts from the last activity; or never


@dataclass(frozen=True)
class Point:
    """One point: the entry that first brought it, the lot that it lies in (as a place in the order of lots), and its day."""

    origin: int
    place: int
    day: Day
    policy: int | None = None


@dataclass
class Purse:
    """What one customer has."""

    points: list[Point] = field(default_factory=list)
    debt: int = 0
    # Moments at which the customer earned, or spent: with the spend, because one that comes back whole is none.
    activity: list[tuple[datetime, int | None]] = field(default_factory=list)
    ran_out: list[tuple[datetime, int]] = field(default_factory=list)
    has_had_lots: bool = False


class Replay:
    """The entries of a store, done again one by one. `until`: the moment of the last look for what ran out."""

    def __init__(self, session: Session, store_id: int, until: datetime) -> None:
        self.policies = list(session.exec(select(PointsPolicyRow).where(PointsPolicyRow.store_id == store_id)))
        self.policies.sort(key=lambda one: one.id or 0)
        self.purses: dict[int, Purse] = defaultdict(Purse)
        self.taken: dict[int, list[Point]] = {}
        self.of_spend: dict[int, int] = {}
        self.sizes: dict[int, int] = {}
        self.payers: dict[int, int] = {}
        self.back: Counter[int] = Counter()
        self.places = 0
        spends = session.exec(select(PointsSpendRow).where(PointsSpendRow.store_id == store_id))
        for spend in spends:
            self.sizes[spend.id or 0], self.payers[spend.id or 0] = spend.points, spend.customer_id
        entries = session.exec(
            select(PointsEntryRow)
            .join(PointsCustomerRow, col(PointsCustomerRow.id) == col(PointsEntryRow.customer_id))
            .where(PointsCustomerRow.store_id == store_id)
            .order_by(col(PointsEntryRow.id))
        )
        going: dict[int, tuple[int, datetime | None]] = {}
        for entry in entries:
            if entry.kind == "expire":
                continue
            self._let_run_out(entry.customer_id, entry.created_at)
            if entry.kind != "move":
                self._do(entry)
            elif entry.move_id in going:
                self._arrive(entry, *going.pop(entry.move_id or 0))
            else:
                giver = self.purses[entry.customer_id]
                active = self._last_active(entry.customer_id) if giver.has_had_lots else None
                self._leave(giver, entry)
                going[entry.move_id or 0] = (entry.id or 0, active)
        for customer_id in list(self.purses):
            self._let_run_out(customer_id, until)

    def _leave(self, purse: Purse, entry: PointsEntryRow) -> None:
        if entry.amount < 0:
            self._take(purse, entry)
        else:
            # A debt goes.
            self.taken[entry.id or 0] = []
            self._put(purse, [Point(0, 0, None)] * entry.amount)

    def _do(self, entry: PointsEntryRow) -> None:
        purse, now = self.purses[entry.customer_id], entry.created_at
        if entry.amount < 0:
            self._take(purse, entry)
            if entry.kind == "spend":
                self.of_spend[entry.spend_id or 0] = entry.id or 0
                purse.activity.append((now, entry.spend_id))
        elif entry.kind == "give_back":
            self.back[entry.spend_id or 0] += entry.amount
            self._come_back(purse, entry, self.of_spend[entry.spend_id or 0])
            self._let_run_out(entry.customer_id, now, not_before=now)
        elif entry.undoes_id is not None and entry.undoes_id in self.taken:
            self._come_back(purse, entry, entry.undoes_id)
        else:
            purse.activity.append((now, None))
            policy = self._policy_at(now)
            self.places += 1
            new = Point(entry.id or 0, self.places, self._day(policy, now), policy.id if policy is not None else None)
            self._put(purse, [new] * entry.amount)

    def _take(self, purse: Purse, entry: PointsEntryRow) -> None:
        def order(point: Point) -> tuple[bool, bool, datetime, int]:
            moment = self._moment(point, entry.customer_id)
            return (
                point.day is None or point.origin != entry.undoes_id,
                moment is None,
                moment or datetime.max.replace(tzinfo=UTC),
                point.place,
            )

        purse.points.sort(key=order)
        count = -entry.amount
        taken, purse.points = purse.points[:count], purse.points[count:]
        owed = count - len(taken)
        purse.debt += owed
        # What was not there comes back first, and has no day.
        self.taken[entry.id or 0] = taken + [Point(0, 0, None)] * owed

    def _put(self, purse: Purse, points: list[Point]) -> None:
        """The first of the points stay, the last pay a debt."""
        paid = min(purse.debt, len(points))
        purse.debt -= paid
        stay = points[: len(points) - paid]
        purse.points += stay
        purse.has_had_lots = purse.has_had_lots or any(point.day is not None for point in stay)

    def _come_back(self, purse: Purse, entry: PointsEntryRow, source: int) -> None:
        self._put_back(purse, entry, [self.taken[source].pop() for _ in range(entry.amount)])

    def _put_back(self, purse: Purse, entry: PointsEntryRow, came: list[Point]) -> None:
        places: dict[int, int] = {}
        back = []
        for point in came:
            moment = self._moment(point, entry.customer_id)
            if point.day is not None and moment is not None and moment <= entry.created_at:
                if point.place not in places:
                    self.places += 1
                    places[point.place] = self.places
                grace = self._grace(point, entry.created_at)
                back.append(Point(point.origin, places[point.place], grace, point.policy))
            else:
                back.append(point)
        self._put(purse, back)

    def _arrive(self, entry: PointsEntryRow, giver: int, active: datetime | None) -> None:
        purse = self.purses[entry.customer_id]
        if active is not None:
            purse.activity.append((active, None))
        if entry.amount < 0:
            self._take(purse, entry)
            return
        came = self.taken[giver]
        paid = min(purse.debt, len(came))
        purse.debt -= paid
        # Those that would be used first pay the debt, of those with a day.
        with_day = [point for point in came if point.day is not None]
        came = (
            with_day[min(paid, len(with_day)) :] + [point for point in came if point.day is None][max(0, paid - len(with_day)) :]
        )
        purse.has_had_lots = purse.has_had_lots or any(point.day is not None for point in came)
        places: dict[int, int] = {}
        for point in came:
            if point.place not in places:
                self.places += 1
                places[point.place] = self.places
            purse.points.append(Point(point.origin, places[point.place], point.day, point.policy))

    def _let_run_out(self, customer_id: int, now: datetime, not_before: datetime | None = None) -> None:
        purse = self.purses[customer_id]
        over: Counter[datetime] = Counter()
        stay = []
        for point in purse.points:
            moment = self._moment(point, customer_id)
            if moment is not None and moment <= now:
                over[moment] += 1
            else:
                stay.append(point)
        purse.points = stay
        purse.ran_out += [(moment if not_before is None else max(moment, not_before), over[moment]) for moment in sorted(over)]

    def _last_active(self, customer_id: int) -> datetime | None:
        purse = self.purses[customer_id]
        return max((at for at, spend in purse.activity if spend is None or self.back[spend] < self.sizes[spend]), default=None)

    def _moment(self, point: Point, customer_id: int) -> datetime | None:
        if not isinstance(point.day, int):
            return point.day
        policy = next(one for one in self.policies if one.id == point.day)
        active = self._last_active(customer_id)
        assert active is not None
        return _midnight_after(_later(_local(active, policy), policy.months or 0), policy)

    def _policy_at(self, now: datetime) -> PointsPolicyRow | None:
        return next((one for one in reversed(self.policies) if one.in_force_from <= now), None)

    def _day(self, policy: PointsPolicyRow | None, now: datetime) -> Day:
        if policy is None or policy.kind == "never":
            return None
        if policy.kind == "inactive":
            return policy.id
        today = _local(now, policy)
        if policy.kind == "rolling":
            last = _later(today, policy.months or 0)
            if policy.to_month_end:
                last = last.replace(day=monthrange(last.year, last.month)[1])
            return _midnight_after(last, policy)
        for year in (today.year, today.year + 1):
            month = policy.month or 1
            last = date(year, month, min(policy.day or 1, monthrange(year, month)[1]))
            if today <= last:
                return _midnight_after(last, policy)
        raise AssertionError("a year without such a day")

    def _grace(self, point: Point, now: datetime) -> datetime:
        policy = next(one for one in self.policies if one.id == point.policy)
        return _midnight_after(_local(now, policy) + timedelta(days=policy.grace_days), policy)


def differences(session: Session, store_id: int, until: datetime) -> list[str]:
    """Say where the ledger's lots, and what it wrote of what ran out, differ from the replay."""
    replay = Replay(session, store_id, until)
    found = []
    customers = session.exec(select(PointsCustomerRow).where(PointsCustomerRow.store_id == store_id)).all()
    for customer in customers:
        purse = replay.purses[customer.id or 0]
        should: Counter[tuple[int, Day]] = Counter((point.origin, point.day) for point in purse.points if point.day is not None)
        lots = session.exec(
            select(PointsLotRow).where(PointsLotRow.customer_id == customer.id, PointsLotRow.points_left > 0)
        ).all()
        held: Counter[tuple[int, Day]] = Counter()
        for lot in lots:
            held[lot.origin_id, lot.ends if lot.ends is not None else lot.policy_id] += lot.points_left
        if should != held:
            found.append(f"customer {customer.id}: lots hold {dict(held)}, and should hold {dict(should)}")
        if customer.available != len(purse.points) - purse.debt:
            found.append(f"customer {customer.id}: has {customer.available}, should {len(purse.points) - purse.debt}")
        entries = session.exec(
            select(PointsEntryRow)
            .where(PointsEntryRow.customer_id == customer.id, PointsEntryRow.kind == "expire")
            .order_by(col(PointsEntryRow.id))
        )
        written = [(entry.created_at, -entry.amount) for entry in entries]
        if written != purse.ran_out:
            found.append(f"customer {customer.id}: {written} ran out, and should {purse.ran_out}")
    return found


def _local(moment: datetime, policy: PointsPolicyRow) -> date:
    return moment.astimezone(ZoneInfo(policy.time_zone)).date()


def _later(day: date, months: int) -> date:
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _midnight_after(day: date, policy: PointsPolicyRow) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(policy.time_zone)).astimezone(UTC)
