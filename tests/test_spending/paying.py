"""A shop where points pay: the app has the permission and the webhooks, and there is a rule."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlmodel import select

from app.db.tables import SpendReturnRow, SpendRow, SpendRuleRow
from app.saleor.manifest import subscription
from app.saleor.webhooks import Change, ChangeKind, Webhook
from app.usecases.moving.move_waiting import move_waiting
from app.usecases.operating.verify_books import verify_books
from app.usecases.spending.look_after_spends import look_after_spends
from tests.standins.saleor.app_payments import Session
from tests.world import World

ADA = "ada@example.com"
EVENTS = {
    "gateway": "PAYMENT_GATEWAY_INITIALIZE_SESSION",
    "charge": "TRANSACTION_INITIALIZE_SESSION",
    "refund": "TRANSACTION_REFUND_REQUESTED",
    "cancel": "TRANSACTION_CANCELATION_REQUESTED",
    "charge-requested": "TRANSACTION_CHARGE_REQUESTED",
}


def look_on(shop: "PayingShop") -> None:
    """Let time pass, and the engine find out what became of what it asked for."""
    for _ in range(8):
        shop.world.clock.advance(minutes=6)
        while move_waiting(shop.world.services) or look_after_spends(shop.world.services):
            pass


@dataclass(frozen=True)
class PayingShop:
    """A world in which shoppers pay with points, 100 for 1.00."""

    world: World

    @property
    def gateway(self) -> str:
        return self.world.settings.manifest_app_id

    def open(self, **rule: Any) -> None:
        """Grant the permission, make the webhooks, and let points pay."""
        store, saleor = self.world.store(), self.world.saleor
        saleor.apps.permit(store.app_id or "", "MANAGE_ORDERS", "HANDLE_PAYMENTS")
        token = self.world.services.sealer.open(store.token_sealed or "")
        for place, event in EVENTS.items():
            url, document = f"{self.world.url}/api/webhooks/payments/{place}", f"payment_{place}".replace("-", "_")
            webhook = Webhook(f"Points: {place}", url, subscription(document), sync_events=frozenset({event}))
            self.world.services.saleor.app.change_webhook(saleor.api_url, token, Change(ChangeKind.CREATE, webhook))
        self.set_rule(**rule)

    def set_rule(self, **rule: Any) -> None:
        says: dict[str, Any] = {
            "points_per_unit": Decimal(100),
            "in_force_from": self.world.clock.now,
            "created_by": "tests",
        } | rule
        with self.world.services.database.writing() as session:
            session.add(SpendRuleRow(store_id=self.world.store().id or 0, **says))

    def customer(self, email: str = ADA, **is_what: bool) -> str:
        user_id = self.world.saleor.shop.register_customer(email)
        self.world.saleor.shop.change_customer(email, **is_what)
        return user_id

    def cart(self, *prices: str, user: str | None = ADA, **details: Any) -> str:
        """Make a cart of a customer with an account."""
        if user is not None:
            self.customer(user)
        return self.world.saleor.checkouts.create(*(prices or ("60",)), user=user, **details)

    def caller(self, email: str = ADA) -> dict[str, str]:
        found = self.world.saleor.shop.customer_with(email)
        assert found is not None
        return {"__typename": "User", "id": found.id, "email": found.email}

    def pay(self, source_id: str, amount: str | None = None, *, by: str | None = ADA, **options: Any) -> Session:
        """Pay with points, as the storefront does for a signed-in customer, or for nobody."""
        who = None if by is None else self.caller(by)
        return self.world.saleor.payments.initialize(source_id, self.gateway, amount, by=who, **options)

    def spends(self) -> list[SpendRow]:
        with self.world.services.database.reading() as session:
            return list(session.exec(select(SpendRow).order_by(SpendRow.id)))  # type: ignore[arg-type]  # a column

    def returns(self) -> list[SpendReturnRow]:
        with self.world.services.database.reading() as session:
            return list(session.exec(select(SpendReturnRow).order_by(SpendReturnRow.id)))  # type: ignore[arg-type]  # a column

    def points(self, email: str = ADA) -> tuple[int, int]:
        """Tell what a customer has, and has used."""
        balance = self.world.balance(email)
        return balance.available, balance.used

    def differences(self) -> list[str]:
        return [difference for verified in verify_books(self.world.services) for difference in verified.differences]
