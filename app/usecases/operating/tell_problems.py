"""Tell a store's Saleor what is wrong, so that its merchant reads it under Extensions; and take it back once it is mended.

That a token was revoked cannot be told to the Saleor that revoked it: the overview and the log say it. Saleors that know no app
problems (before 3.22.36) are asked in vain now and then, and nothing comes of it.
"""

import json
from collections.abc import Iterator
from datetime import timedelta

import structlog
from sqlalchemy import and_, exists, or_, update
from sqlmodel import Session, col, select

from app.db.moment_conditions import is_free
from app.db.stores import current_account
from app.db.tables import AccountRow, OrderRow, RedemptionRow, SpendRow, StoreRow
from app.db.tables.order import NEEDS_A_PERSON
from app.db.tables.redemption import REDEMPTION_NEEDS_A_PERSON
from app.db.tables.spend import PAYMENT_NEEDS_A_PERSON
from app.db.totals import count_for_people, orders_by_problem
from app.db.troubled_payments import count_troubled_payments
from app.db.troubled_redemptions import count_troubled_redemptions
from app.domain.moments import CLOCKS_AGREE_WITHIN
from app.domain.store import StoreState
from app.errors import AppError
from app.saleor.versions import is_known_since
from app.usecases.services import Services

log = structlog.get_logger()

PROVIDER = "points-provider"
PROVIDER_KEY = "points-provider-key"
SWEEP = "points-sweep"
ORDERS = "points-orders"
PAYMENTS = "points-payments"
REWARDS = "points-rewards"
# The schema of these has the mutation; a release before 3.22.36 answers that it has not.
KNOWN_SINCE = (3, 22)
TOLD_MAX = 1000
_MESSAGE_MAX = 240
# A Saleor that did not take it is asked again after this long.
ASKED_AGAIN_AFTER = timedelta(hours=1)


# Found by one statement, whose parts are each served by an index: most stores have no problem, and were told of none.
_MAY_DIFFER = or_(
    col(StoreRow.problem).is_not(None),
    and_(col(StoreRow.problems_told).is_not(None), col(StoreRow.problems_told) != "{}"),
    exists().where(
        col(AccountRow.store_id) == col(StoreRow.id), col(AccountRow.is_current), col(AccountRow.problem).is_not(None)
    ),
    exists().where(col(OrderRow.store_id) == col(StoreRow.id), NEEDS_A_PERSON),
    exists().where(col(SpendRow.store_id) == col(StoreRow.id), PAYMENT_NEEDS_A_PERSON),
    exists().where(col(RedemptionRow.store_id) == col(StoreRow.id), REDEMPTION_NEEDS_A_PERSON),
)


def tell_problems(services: Services) -> None:
    """Compare what each store's Saleor was told with how things are, and tell the difference."""
    now = services.clock()
    with services.database.reading() as session:
        due = is_free(col(StoreRow.problems_told_at), now, now + ASKED_AGAIN_AFTER + CLOCKS_AGREE_WITHIN)
        counted = (
            count_troubled_payments(col(StoreRow.id), limit=TOLD_MAX + 1),
            count_troubled_redemptions(col(StoreRow.id), limit=TOLD_MAX + 1),
        )
        stores = session.exec(
            select(StoreRow, *counted).where(
                StoreRow.state == StoreState.ACTIVE, col(StoreRow.token_sealed).is_not(None), due, _MAY_DIFFER
            )
        ).all()
        orders = orders_by_problem(session) if stores else {}
        states = [
            (store, dict(_problems(session, store, count_for_people(orders.get(store.id or 0, {})), payments, rewards)))
            for store, payments, rewards in stores
            if _knows_problems(store)
        ]
    for store, problems in states:
        told: dict[str, str] = json.loads(store.problems_told or "{}")
        if problems != told and not store.failures:
            _tell(services, store, told, problems)


def _problems(session: Session, store: StoreRow, orders: int, payments: int, rewards: int) -> Iterator[tuple[str, str]]:
    """Give what is wrong now, key and sentence. So many orders, payments and rewards need a person."""
    account: AccountRow | None = current_account(session, store.id or 0)
    if account is not None and account.problem:
        # The provider's sentences name the key where it is the key that is refused.
        key = PROVIDER_KEY if " key" in account.problem else PROVIDER
        yield key, f"The points provider is not served: {account.problem}"[:_MESSAGE_MAX]
    if store.problem:
        yield SWEEP, store.problem[:_MESSAGE_MAX]
    if orders:
        yield ORDERS, f"Orders that need a person: {_told_number(orders)}. Open Saleor Points to see what to do."
    if payments:
        yield (
            PAYMENTS,
            f"Payments with points that need a person: {_told_number(payments)}. Open Saleor Points to see what to do.",
        )
    if rewards:
        yield REWARDS, f"Rewards taken that need a person: {_told_number(rewards)}. Open Saleor Points to see what to do."


def _told_number(count: int) -> str:
    """Write a number. Each other number beyond TOLD_MAX would be told anew."""
    return f"more than {TOLD_MAX}" if count > TOLD_MAX else str(count)


def _tell(services: Services, store: StoreRow, told: dict[str, str], problems: dict[str, str]) -> None:
    api_url, token = store.saleor_api_url or "", services.sealer.open(store.token_sealed or "")
    over = [key for key in told if problems.get(key) != told[key]]
    new = [(key, sentence) for key, sentence in problems.items() if told.get(key) != sentence]
    try:
        if over:
            services.saleor.app.dismiss_problems(api_url, token, over)
        for key, sentence in new:
            services.saleor.app.create_problem(api_url, token, key, sentence)
    except AppError as error:
        log.info("problems not told", store=store.slug, code=error.code)
        _remember(services, store, problems_told_at=services.clock() + ASKED_AGAIN_AFTER)
        return
    _remember(services, store, problems_told=json.dumps(problems), problems_told_at=None)
    log.info("problems told", store=store.slug, told=len(new), taken_back=len(over))


def _remember(services: Services, store: StoreRow, **values: object) -> None:
    with services.database.writing() as session:
        session.execute(update(StoreRow).where(col(StoreRow.id) == store.id).values(**values))


def _knows_problems(store: StoreRow) -> bool:
    return is_known_since(store.saleor_version, KNOWN_SINCE)
