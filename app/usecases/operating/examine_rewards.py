"""What `doctor` finds of rewards: a permission that is missing, and rewards taken that wait."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from app.db.stored_rewards import terms_in_force_of_all
from app.db.tables import RedemptionRow, StoreRow
from app.domain.permissions import NEEDED, Feature
from app.domain.redemptions import ENDS
from app.domain.rewards import RewardKind
from app.usecases.operating.finding import Finding, Health
from app.usecases.services import Services

_FEATURES = {RewardKind.AMOUNT: Feature.GIFT_CARD_REWARDS, RewardKind.VOUCHER: Feature.VOUCHER_REWARDS}


def missing_for_rewards(services: Services, store: StoreRow, granted: tuple[str, ...]) -> str:
    """Name the permissions that rewards which are on need, and the app lacks."""
    with services.database.reading() as session:
        kinds = {terms.kind for terms in terms_in_force_of_all(session, store.id or 0) if terms.is_active}
    needed = {permission for kind in kinds for permission in NEEDED[_FEATURES[kind]]}
    return ", ".join(sorted(needed.difference(granted)))


def waiting_rewards(services: Services, store: StoreRow) -> Iterator[Finding]:
    """Tell how many rewards taken wait with a problem, and since when the oldest of them was taken."""
    is_waiting = (
        RedemptionRow.store_id == store.id,
        col(RedemptionRow.problem_code).is_not(None),
        col(RedemptionRow.stage).not_in(ENDS),
    )
    query: Any = select(func.count(col(RedemptionRow.id)), func.min(RedemptionRow.asked_at)).where(*is_waiting)
    with services.database.reading() as session:
        number, oldest = session.exec(query).one()
    if number:
        yield _finding(store, number, oldest)


def _finding(store: StoreRow, number: int, oldest: datetime) -> Finding:
    what = "One reward that a customer took waits" if number == 1 else f"{number} rewards that customers took wait"
    since = f"{oldest:%Y-%m-%d %H:%M} UTC"
    return Finding(
        f"{store.slug}: rewards",
        Health.WARNING,
        f"{what}. It was taken on {since}." if number == 1 else f"{what}. The oldest was taken on {since}.",
        f"saleor-points redemptions list --store {store.slug} says why.",
    )
