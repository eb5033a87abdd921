"""See which rewards a voucher of Saleor belongs to, in a box at its side."""

from dataclasses import dataclass

from sqlmodel import col, select

from app.db.tables import RewardRow, RewardVersionRow
from app.usecases.merchants.shown_rewards import ListedReward, list_rewards
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class VoucherBox:
    """What a voucher's page shows: the rewards that give out its codes now, and those that did before."""

    rewards: tuple[ListedReward, ...]
    earlier: tuple[ListedReward, ...]


def see_voucher_box(services: Services, store_id: int, saleor_id: str) -> VoucherBox:
    """List the rewards whose codes are this voucher's. Four queries."""
    with services.database.reading() as session:
        had_it = set(
            session.exec(
                select(RewardVersionRow.reward_id)
                .join(RewardRow, col(RewardRow.id) == col(RewardVersionRow.reward_id))
                .where(RewardRow.store_id == store_id, RewardVersionRow.voucher_id == saleor_id)
            )
        )
    listed = list_rewards(services, store_id) if had_it else []
    return VoucherBox(
        rewards=tuple(one for one in listed if one.terms.voucher_id == saleor_id),
        earlier=tuple(one for one in listed if one.terms.voucher_id != saleor_id and one.terms.reward_id in had_it),
    )
