"""Award orders from before the installation: first say how many orders and points, then wake them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlmodel import col, select

from app.db.stores import as_rule, find_store_by_slug, rule_in_force, rules_of
from app.db.tables import OrderRow, RuleRow, StoreRow
from app.db.waking import wake_changed
from app.domain.arithmetic_versions import NEWEST, placed_at, points_due, version_of
from app.domain.earning import Moment, moment_reached
from app.domain.store import StoreState
from app.errors import BadRequest
from app.saleor.order_calls import OrdersPage
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class Progress:
    """What was counted so far. `orders_in_all` is Saleor's own count."""

    orders: int = 0
    earning: int = 0
    points: int = 0
    orders_in_all: int = 0


def preview_since(services: Services, store_slug: str, since: date) -> Iterator[Progress]:
    """Count, page by page, what awarding the orders created on a day or later would give. Changes nothing.

    Raises BadRequest when there is no such store; SaleorUnreachable and its like when it does not answer.
    """
    store, rules, token = _store(services, store_slug)
    awards_from = midnight(since, store.time_zone)
    now = services.clock()
    progress = Progress()
    for page in _pages(services, store, token, awards_from):
        ids = [told.order_id for told in page.told]
        points = []
        versions = _versions(services, store, ids)
        for order in services.saleor.orders.read(store.saleor_api_url or "", token, ids, version=store.saleor_version):
            version = versions.get(order.id, NEWEST)
            row = rule_in_force(rules, order.channel, placed_at(order, version))
            moment_at = moment_reached(order, Moment(row.award_when), remembered=None)
            due = points_due(order, as_rule(row), now, version=version, awards_from=awards_from, moment_at=moment_at)
            points.append(due.points)
        progress = Progress(
            progress.orders + len(points),
            progress.earning + sum(1 for one in points if one > 0),
            progress.points + sum(points),
            page.total,
        )
        yield progress


def award_since(services: Services, store_slug: str, since: date) -> Iterator[Progress]:
    """Let a store's points begin earlier, and wake the orders created since then, page by page.

    May be stopped, and run again: an order that has its points gets no more.
    """
    store, _, token = _store(services, store_slug)
    awards_from = midnight(since, store.time_zone)
    if awards_from < store.awards_from:
        with services.database.writing() as session:
            session.execute(update(StoreRow).where(col(StoreRow.id) == store.id).values(awards_from=awards_from))
    progress = Progress()
    for page in _pages(services, store, token, awards_from):
        with services.database.writing() as session:
            wake_changed(session, store.id or 0, page.told, services.clock(), all_of_them=True)
        progress = Progress(progress.orders + len(page.told), orders_in_all=page.total)
        yield progress


def midnight(day: date, time_zone: str) -> datetime:
    """Give the moment, in UTC, at which a day begins in a time zone: the store's."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def _pages(services: Services, store: StoreRow, token: str, since: datetime) -> Iterator[OrdersPage]:
    after: str | None = None
    while True:
        # Saleor filters by whole days. They are its server's: a day more at the beginning costs little, and awards_from is exact.
        page = services.saleor.orders.created(
            store.saleor_api_url or "", token, version=store.saleor_version, since=since.date() - timedelta(days=1), after=after
        )
        yield page
        after = page.next_after
        if after is None:
            return


def _versions(services: Services, store: StoreRow, saleor_order_ids: Sequence[str]) -> dict[str, int]:
    """Give the version of the arithmetic of each order that we know."""
    query = select(OrderRow.saleor_order_id, OrderRow.arithmetic, OrderRow.because)
    query = query.where(OrderRow.store_id == store.id, col(OrderRow.saleor_order_id).in_(saleor_order_ids))
    with services.database.reading() as session:
        return {id_: version_of(stored, is_settled=because is not None) for id_, stored, because in session.exec(query)}


def _store(services: Services, store_slug: str) -> tuple[StoreRow, list[RuleRow], str]:
    with services.database.reading() as session:
        store = find_store_by_slug(session, store_slug)
        if store is None or store.id is None or store.state != StoreState.ACTIVE or store.token_sealed is None:
            raise BadRequest(f"There is no active store {store_slug}.")
        return store, rules_of(session, store.id), services.sealer.open(store.token_sealed)
