"""A shop that gives rewards for points."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Session, select

from app.db.tables import RedemptionReturnRow, RedemptionRow, RewardAmountRow, RewardRow, RewardVersionRow
from app.domain.rewards import RewardKind, RewardRefusal, Wish
from app.usecases.moving.move_waiting import move_waiting
from app.usecases.operating.verify_books import verify_books
from app.usecases.rewards.look_after_redemptions import look_after_redemptions
from app.usecases.rewards.redeem import RewardWish, redeem
from app.usecases.rewards.refund_rewards import refund_rewards
from app.usecases.rewards.see_redemption import Redemption, see_redemption
from tests.standins.saleor.gift_cards import GiftCard
from tests.world import World

ADA = "ada@example.com"
Answer = Redemption | RewardRefusal | None


@dataclass
class OnceIn:
    """Keeps what a request brought, as the served API does with its Idempotency-Key."""

    kept: dict[str, UUID | RewardRefusal] = field(default_factory=dict)
    key: str = ""

    def before(self, session: Session, now: datetime) -> UUID | RewardRefusal | None:
        del session, now
        return self.kept.get(self.key)

    def keep(self, session: Session, outcome: UUID | RewardRefusal, now: datetime) -> None:
        del session, now
        self.kept[self.key] = outcome


@dataclass
class GivingShop:
    """A world in which customers take rewards."""

    world: World
    kept: dict[str, UUID | RewardRefusal] = field(default_factory=dict)

    def open(self) -> None:
        """Grant the permissions, and let checkouts complete unpaid: what matters is what codes take off."""
        self.world.saleor.apps.permit(self.world.store().app_id or "", "MANAGE_ORDERS", "MANAGE_GIFT_CARD", "MANAGE_DISCOUNTS")
        self.world.saleor.checkouts.allow_unpaid.add("default-channel")

    def reward(
        self, kind: RewardKind = RewardKind.AMOUNT, *, units: int = 1_000, rate: Decimal | None = None, **says: Any
    ) -> int:
        """Store a reward: a gift card of 10.00 USD for 500 points."""
        now = self.world.clock.now
        with self.world.services.database.writing() as session:
            reward = RewardRow(store_id=self.world.store().id or 0, kind=kind, made_at=now, made_by="tests")
            session.add(reward)
            session.flush()
            common: dict[str, Any] = {"name": "Ten", "points": 500, "in_force_from": now, "created_by": "tests"}
            version = RewardVersionRow(**common | {"reward_id": reward.id, **says})
            session.add(version)
            session.flush()
            if kind is RewardKind.AMOUNT:
                row = RewardAmountRow(version_id=version.id or 0, currency="USD", amount_units=units, points_per_unit=rate)
                session.add(row)
        return reward.id or 0

    def voucher(self, *, is_single_use: bool = True, **says: Any) -> int:
        """Store a reward that gives codes of a voucher of 15.00, for 300 points."""
        voucher_id = self.world.saleor.codes.vouchers.create("Fifteen off", "15", is_single_use=is_single_use)
        return self.reward(RewardKind.VOUCHER, voucher_id=voucher_id, name="Fifteen off", **{"points": 300} | says)

    def take(self, reward_id: int, *, email: str = ADA, key: str | None = None, **wish: Any) -> Answer:
        asked = RewardWish(self.world.store().id or 0, reward_id, email, Wish(**wish))
        return redeem(self.world.services, asked, once=OnceIn(self.kept, key or uuid4().hex))

    def taken(self, reward_id: int, **options: Any) -> Redemption:
        answer = self.take(reward_id, **options)
        assert isinstance(answer, Redemption), answer
        return answer

    def see(self, redemption: Redemption) -> Redemption:
        found = see_redemption(self.world.services, self.world.store().id or 0, redemption.reference)
        assert found is not None
        return found

    def card(self, redemption: Redemption) -> GiftCard:
        found = self.world.saleor.codes.cards.with_code(redemption.code)
        assert found is not None
        return found

    def cards(self) -> list[GiftCard]:
        return self.world.saleor.codes.cards.all()

    def rows(self) -> list[RedemptionRow]:
        with self.world.services.database.reading() as session:
            return list(session.exec(select(RedemptionRow).order_by(RedemptionRow.id)))  # type: ignore[arg-type]  # a column

    def returns(self) -> list[RedemptionReturnRow]:
        with self.world.services.database.reading() as session:
            return list(session.exec(select(RedemptionReturnRow)))

    def buy(self, code: str | None, *, price: str = "60", email: str = ADA) -> str:
        """Type a code, or none, into a cart, and complete it. Gives the order's id."""
        checkout_id = self.world.saleor.checkouts.create(price, email=email)
        if code is not None:
            self.world.saleor.codes.add(checkout_id, code)
        return self.world.saleor.checkouts.complete(checkout_id)

    def work(self) -> None:
        """Do all that is due by now."""
        services = self.world.services
        while look_after_redemptions(services) or refund_rewards(services) or move_waiting(services):
            pass

    def wait(self, **time: int) -> None:
        """Let time pass, and do what became due."""
        self.world.clock.advance(**time)
        self.work()

    def points(self, email: str = ADA) -> tuple[int, int]:
        balance = self.world.balance(email)
        return balance.available, balance.used

    def differences(self) -> list[str]:
        return [difference for verified in verify_books(self.world.services) for difference in verified.differences]
