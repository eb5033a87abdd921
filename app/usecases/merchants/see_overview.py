"""See how a store stands: what the merchant's overview and the home widget show. A bounded number of queries, each indexed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby

from sqlalchemy import exists, func
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from app.db.approval_requests import COUNTED_MAX, waiting_batches, waiting_requests
from app.db.rows import as_value
from app.db.spend_rules import newest_spend_rule
from app.db.stores import store_and_account
from app.db.tables import EventRow, OrderRow, PointsDayRow, RuleRow, StoreRow
from app.db.tables.order import NEEDS_A_PERSON
from app.db.tallies import today
from app.db.totals import Totals, totals_of
from app.db.troubled_payments import TroubledPayment, count_troubled_payments, troubled_payments
from app.db.troubled_redemptions import TroubledRedemption, count_troubled_redemptions, troubled_redemptions
from app.domain.period import Period, Span, span_before, span_of
from app.domain.store import AccountKind, StoreState
from app.usecases.services import Services

__all__ = ["COUNTED_MAX", "Overview", "PointsDay", "by_month", "is_late", "see_overview"]

# More are not listed here: the list of orders has them.
LISTED_MAX = 10
# Who made the rules that a store begins with.
INSTALLER = "installation"


@dataclass(frozen=True, slots=True)
class PointsDay:
    """What one day, in the store's time zone, did to its customers' points."""

    day: date
    granted: int = 0
    taken: int = 0
    taken_back: int = 0


@dataclass(frozen=True, slots=True)
class PointsSums:
    """What several days did together."""

    granted: int
    taken: int
    taken_back: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """An order that waits for a person."""

    saleor_order_id: str
    number: str | None
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Overview:
    """How a store stands. Each of what waits, or is troubled, but orders in trouble, is counted to COUNTED_MAX + 1.

    `has_default_rule`: staff kept the default rule, or changed it. `has_orders`: an order was placed since the installation.

    `is_connected` tells whether its Saleor serves us, as far as we know, and the app is switched on there. `is_embedded` tells
    whether the points live in this app. `swept_at` is when a sweep last began, whatever came of it; `sweep_ended_at` is when one
    last reached its end.

    `liability` are the points that customers have or may still take. At an account elsewhere, it is all that was granted and not
    taken back, because only the provider knows what was spent of it. `spend_rate` is how many points pay 1.00 by the default
    spend rule; None where points cannot pay by it.
    """

    is_embedded: bool
    is_connected: bool
    created_at: datetime
    swept_at: datetime | None
    sweep_ended_at: datetime | None
    link_checked_at: datetime | None
    limits_checked_at: datetime | None
    approvals_waiting: int
    has_default_rule: bool
    has_orders: bool
    test_made_at: datetime | None
    last_event_at: datetime | None
    waiting: int
    waiting_since: datetime | None
    days: Sequence[PointsDay]
    sums: PointsSums
    sums_before: PointsSums
    liability: int
    spend_rate: Decimal | None
    troubles: Sequence[Trouble]
    troubled: int
    payment_troubles: Sequence[TroubledPayment]
    payments_troubled: int
    redemption_troubles: Sequence[TroubledRedemption]
    redemptions_troubled: int

    @property
    def needs_you(self) -> int:
        """The orders, payments and rewards that wait for a person, with at most COUNTED_MAX payments, and rewards."""
        return self.troubled + min(self.payments_troubled, COUNTED_MAX) + min(self.redemptions_troubled, COUNTED_MAX)

    @property
    def needs_you_more(self) -> bool:
        """True where more payments or rewards wait than were counted."""
        return max(self.payments_troubled, self.redemptions_troubled) > COUNTED_MAX


def see_overview(services: Services, store_id: int, *, period: Period = Period.DAYS_30) -> Overview:
    """See how a store stands now, and what the days of a period did, beside the period before."""
    now = services.clock()
    with services.database.reading() as session:
        store, account = store_and_account(session, store_id)
        has_default_rule, has_orders, approvals_waiting, payments_troubled, redemptions_troubled = _first_steps(session, store)
        waiting, since = _waiting(session, store_id, now)
        totals = totals_of(session, store_id, now)
        days = _days(session, store_id, span_of(period, today(store, now)))
        days_before = _days(session, store_id, span_before(period, today(store, now)))
        troubled = totals.orders_for_people
        return Overview(
            is_embedded=account.kind == AccountKind.EMBEDDED,
            is_connected=store.state == StoreState.ACTIVE and store.failures == 0 and store.token_sealed is not None,
            created_at=store.created_at,
            swept_at=store.swept_at,
            sweep_ended_at=store.sweep_ended_at,
            link_checked_at=store.link_checked_at,
            limits_checked_at=store.limits_checked_at,
            approvals_waiting=approvals_waiting,
            has_default_rule=has_default_rule or store.rule_checked_at is not None,
            has_orders=has_orders,
            test_made_at=store.test_made_at,
            last_event_at=_last_event_at(session, store_id),
            waiting=waiting,
            waiting_since=since,
            days=days,
            sums=_sums(days),
            sums_before=_sums(days_before),
            liability=_liability(session, store_id, AccountKind(account.kind), totals),
            spend_rate=_spend_rate(session, store_id),
            troubles=_troubles(session, store_id) if troubled else (),
            troubled=troubled,
            payment_troubles=troubled_payments(session, store_id) if payments_troubled else (),
            payments_troubled=payments_troubled,
            redemption_troubles=troubled_redemptions(session, store_id) if redemptions_troubled else (),
            redemptions_troubled=redemptions_troubled,
        )


def by_month(days: Sequence[PointsDay]) -> list[PointsDay]:
    """Add days up month by month; each stands at the first of its days."""
    months = [list(of_month) for _, of_month in groupby(days, key=lambda one: (one.day.year, one.day.month))]
    return [
        PointsDay(of_month[0].day, sums.granted, sums.taken, sums.taken_back)
        for of_month in months
        for sums in (_sums(of_month),)
    ]


def _sums(days: Sequence[PointsDay]) -> PointsSums:
    return PointsSums(sum(one.granted for one in days), sum(one.taken for one in days), sum(one.taken_back for one in days))


def _days(session: Session, store_id: int, span: Span) -> list[PointsDay]:
    """Give the days of a store, oldest first; days on which nothing happened are filled in."""
    query = select(PointsDayRow).where(PointsDayRow.store_id == store_id, col(PointsDayRow.day).between(span.first, span.last))
    known = {row.day: as_value(PointsDay, row) for row in session.exec(query)}
    wanted = (span.first + timedelta(days=number) for number in range((span.last - span.first).days + 1))
    return [known.get(day) or PointsDay(day) for day in wanted]


def _first_steps(session: Session, store: StoreRow) -> tuple[bool, bool, int, int, int]:
    """Tell whether staff changed the default rule, whether an order was placed since the installation, what wants approval, and
    how many payments and rewards taken need a person.

    An order that was not read yet may be an old one.
    """
    of_staff = exists().where(
        col(RuleRow.store_id) == store.id, col(RuleRow.channel).is_(None), col(RuleRow.created_by) != INSTALLER
    )
    new_order = exists().where(
        col(OrderRow.store_id) == store.id, col(OrderRow.placed_at) >= store.created_at, col(OrderRow.read_at).is_not(None)
    )
    approvals = waiting_requests(store.id or 0) + waiting_batches(store.id or 0)
    asked = core_select(of_staff, new_order, approvals, count_troubled_payments(store.id), count_troubled_redemptions(store.id))
    has_default_rule, has_orders, approvals_waiting, payments, redemptions = session.execute(asked).one()
    return bool(has_default_rule), bool(has_orders), int(approvals_waiting), int(payments), int(redemptions)


def _last_event_at(session: Session, store_id: int) -> datetime | None:
    query = select(EventRow.last_at).where(EventRow.store_id == store_id).order_by(col(EventRow.last_at).desc())
    return session.exec(query.limit(1)).first()


def _waiting(session: Session, store_id: int, now: datetime) -> tuple[int, datetime | None]:
    """Count the orders whose time has come, and tell since when the first waits."""
    waiting = (
        select(OrderRow.look_at)
        .where(OrderRow.store_id == store_id, col(OrderRow.look_at) <= now)
        .order_by(col(OrderRow.look_at))
        .limit(COUNTED_MAX + 1)
        .subquery()
    )
    count, since = session.exec(select(func.count(), func.min(waiting.c.look_at)).select_from(waiting)).one()
    return int(count), since


def _troubles(session: Session, store_id: int) -> list[Trouble]:
    newest = (
        select(OrderRow.saleor_order_id, OrderRow.number, OrderRow.problem_code, OrderRow.problem)
        .where(OrderRow.store_id == store_id, NEEDS_A_PERSON)
        .order_by(col(OrderRow.id).desc())
        .limit(LISTED_MAX)
    )
    return [Trouble(order_id, number, code or "", problem or "") for order_id, number, code, problem in session.exec(newest)]


def _liability(session: Session, store_id: int, kind: AccountKind, totals: Totals) -> int:
    if kind is AccountKind.EMBEDDED:
        return totals.balances + totals.claimable_points
    net = func.coalesce(func.sum(col(PointsDayRow.granted) - col(PointsDayRow.taken_back)), 0)
    return int(session.exec(select(net).where(PointsDayRow.store_id == store_id)).one())


def _spend_rate(session: Session, store_id: int) -> Decimal | None:
    """Give how many points pay 1.00 by the default spend rule; None where points cannot pay by it."""
    rule = newest_spend_rule(session, store_id, None)
    return rule.points_per_unit if rule is not None and rule.is_active else None


def is_late(overview: Overview, now: datetime, every: timedelta) -> bool:
    """Tell whether the sweep for lost deliveries is late: it last began over three periods ago. Not while Saleor is away."""
    swept_at = overview.swept_at or overview.created_at
    return bool(every) and overview.is_connected and now - swept_at > 3 * every + timedelta(minutes=1)
