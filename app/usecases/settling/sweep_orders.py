"""Sweep: wake the orders that changed while nobody told us. Saleor gives up on a delivery after five minutes.

It also finds out that an app that was switched off is on again: that delivery may be lost, too, or an older one come after it.
"""

from collections.abc import Iterator
from datetime import timedelta

import structlog
from sqlalchemy import bindparam, or_, update
from sqlmodel import col, select

from app.db.columns import UtcTime
from app.db.moment_conditions import is_free
from app.db.tables import StoreRow
from app.db.waking import wake_changed, wake_put_off
from app.domain import retry
from app.domain.moments import CLOCKS_AGREE_WITHIN
from app.domain.store import StoreState
from app.errors import AppError, SaleorFault, SaleorRefused, Unavailable
from app.metrics import count_swept
from app.usecases.operating.follow_app import switch_on
from app.usecases.operating.sync_webhooks import sync_unknown
from app.usecases.services import Services
from app.usecases.settling.store_pauses import note_problem, pause_store, resume_store

log = structlog.get_logger()

# A transaction that began earlier may end later: its orders appear behind the cursor.
OVERLAP = timedelta(minutes=2)
# No look is put off for longer, but those at a date that an order or a claim has. Their dates are right, whatever the clock was.
PUT_OFF_LONGEST = timedelta(days=7)

_NOW, _BEFORE, _JUST_AHEAD, _PAUSE_END = (
    bindparam(name, type_=UtcTime()) for name in ("now", "before", "just_ahead", "pause_end")
)
_MOST_OVERDUE = (
    select(StoreRow)
    .where(
        StoreRow.state != StoreState.DELETED,
        col(StoreRow.saleor_api_url).is_not(None),
        or_(col(StoreRow.swept_at).is_(None), col(StoreRow.swept_at) <= _BEFORE, col(StoreRow.swept_at) > _JUST_AHEAD),
        is_free(col(StoreRow.paused_until), _NOW, _PAUSE_END),
    )
    .order_by(col(StoreRow.swept_at).nulls_first())
    .limit(1)
    .with_for_update(skip_locked=True)
)


def sweep_orders(services: Services, every: timedelta) -> Iterator[int]:
    """Sweep one store whose last sweep began longer ago than `every`. Yields, page by page, how many orders were woken.

    What has been swept stays swept, wherever it is stopped.
    """
    store = _take_store(services, every)
    if store is None or store.id is None or store.token_sealed is None or store.saleor_api_url is None:
        return
    token = services.sealer.open(store.token_sealed)
    if store.state == StoreState.INACTIVE and not _is_on_again(services, store, store.saleor_api_url, token):
        return
    sync_unknown(services, store)
    try:
        yield from _sweep(services, store, store.saleor_api_url, token)
    except SaleorFault as fault:
        # One broken order may be to blame: what is told and waits is settled all the same, and the sweep tries again.
        note_problem(services, store, f"The sweep for lost deliveries fails: {fault.message}")
    except (Unavailable, SaleorRefused) as error:
        pause_store(services, store, error, services.clock())


def _is_on_again(services: Services, store: StoreRow, api_url: str, token: str) -> bool:
    """Ask Saleor with the token of an app that was switched off: it counts only while the app is on."""
    try:
        if services.saleor.app.own_id(api_url, token) != store.app_id:
            return False
    except AppError:
        return False
    switch_on(services, store)
    return True


def _sweep(services: Services, store: StoreRow, api_url: str, token: str) -> Iterator[int]:
    until = services.saleor.orders.newest_change(api_url, token)
    since = store.sweep_cursor - OVERLAP if store.sweep_cursor is not None else None
    after: str | None = None
    while until is not None:
        page = services.saleor.orders.changed(api_url, token, version=store.saleor_version, since=since, until=until, after=after)
        # As far as orders were seen, not as far as was asked: a replica that lags may not know the newest of them yet.
        reached = max((told.updated_at for told in page.told), default=store.sweep_cursor)
        if reached is not None and store.sweep_cursor is not None:
            reached = max(reached, store.sweep_cursor)
        with services.database.writing() as session:
            woken = wake_changed(session, store.id or 0, page.told, services.clock())
            session.execute(update(StoreRow).where(col(StoreRow.id) == store.id).values(sweep_cursor=reached))
        if woken:
            count_swept(woken)
            log.info("orders found by the sweep", store=store.slug, orders=woken)
        yield woken
        after = page.next_after
        if after is None:
            break
    with services.database.writing() as session:
        session.execute(update(StoreRow).where(col(StoreRow.id) == store.id).values(sweep_ended_at=services.clock()))
    resume_store(services, store)


def _take_store(services: Services, every: timedelta) -> StoreRow | None:
    """Choose the store whose sweep is most overdue, and note that it begins now: other workers then pass it over."""
    now = services.clock()
    with services.database.writing() as session:
        asked = {
            "now": now,
            "before": now - every,
            "just_ahead": now + CLOCKS_AGREE_WITHIN,
            "pause_end": now + retry.PAUSE_LONGEST,
        }
        store = session.exec(_MOST_OVERDUE, params=asked).first()
        if store is not None:
            if store.swept_at is not None and store.swept_at > now + CLOCKS_AGREE_WITHIN:
                # The clock was ahead, and is put back: orders woken then would wait until that moment.
                wake_put_off(session, store.id or 0, store.swept_at + PUT_OFF_LONGEST, now)
            store.swept_at = now
            session.add(store)
    return store
