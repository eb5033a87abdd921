"""See a reward that a customer took."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlmodel import select

from app.db.stored_rewards import amount_of, terms_of
from app.db.tables import RedemptionRow
from app.domain.redemptions import SHOWN, BackReason, RedemptionStage
from app.sealing import Sealer
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class Redemption:
    """A redemption as it stands. `code` is empty unless it surely exists and can be used. A voucher has no amount here.

    Whoever has the code can use it: it is shown to nobody but its customer, and never logged.
    """

    reference: UUID
    reward_id: int
    name: str
    email: str
    points: int
    stage: RedemptionStage
    code: str
    currency: str
    amount: Decimal | None
    used: Decimal | None
    returned_points: int
    taken_at: datetime
    over_at: datetime | None
    has_expired: bool


def see_redemption(services: Services, store_id: int, reference: UUID) -> Redemption | None:
    """Tell how a redemption stands; None when the store has no such."""
    with services.database.reading() as session:
        query = select(RedemptionRow).where(RedemptionRow.reference == reference, RedemptionRow.store_id == store_id)
        row = session.exec(query).first()
        return None if row is None else as_redemption(services.sealer, row, terms_of(session, [row.version_id])[0].name)


def as_redemption(sealer: Sealer, row: RedemptionRow, name: str) -> Redemption:
    """Turn a stored redemption into what its customer sees. `name` is the reward's."""
    amount = amount_of(row) if row.currency else None
    return Redemption(
        reference=row.reference,
        reward_id=row.reward_id,
        name=name,
        email=row.email,
        points=row.points,
        stage=RedemptionStage(row.stage),
        code=sealer.open(row.code_sealed) if row.stage in SHOWN else "",
        currency=row.currency,
        amount=amount,
        used=None if amount is None else amount * row.used_units / row.amount_units,
        returned_points=row.returned_points + row.refunded_points,
        taken_at=row.asked_at,
        over_at=row.over_at,
        has_expired=row.back_reason == BackReason.EXPIRED,
    )
