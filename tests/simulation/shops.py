"""A shop of a history: its Saleor, and the store that the app keeps for it."""

import copy
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.db.engine import Database
from app.db.tables import RewardAmountRow, RewardRow, RewardVersionRow
from app.saleor.manifest import subscription
from tests.clock import MovableClock
from tests.simulation.rig import APP_URL, SALEOR_PORT, Rig
from tests.simulation.steps import RewardSetup, RuleSetup
from tests.standins.saleor import StandInSaleor
from tests.standins.saleor.apps import App
from tests.standins.saleor.manifests import Webhook
from tests.standins.saleor.orders import new_id

PAYMENT_EVENTS = {"charge": "TRANSACTION_INITIALIZE_SESSION", "refund": "TRANSACTION_REFUND_REQUESTED"}
CODE_PERMISSIONS = ("MANAGE_GIFT_CARD", "MANAGE_DISCOUNTS")


class NotInstalled(Exception):
    """The app could not be installed, although nothing goes wrong yet."""


@dataclass
class Shop:
    """One Saleor. The app numbers its stores from 1, in the order in which they were installed."""

    number: int
    saleor: StandInSaleor
    rules: list[tuple[datetime, RuleSetup]] = field(default_factory=list)
    # Reads see the orders as they were at this moment, until the other one.
    lag: datetime | None = None
    lag_until: datetime | None = None
    # The rewards by their numbers: a gift card, and a code of the voucher.
    card_reward: int = 0
    voucher_reward: int = 0
    voucher_id: str = ""
    codes_seen: set[str] = field(default_factory=set)

    @classmethod
    def opened(cls, rig: Rig, number: int) -> "Shop":
        saleor = StandInSaleor(rig.clock, key=rig.signing_keys[number])
        saleor.server.port = SALEOR_PORT + number
        return cls(number, saleor)

    @property
    def service(self) -> str:
        """The name under which it is away."""
        return f"saleor {self.number}"

    @property
    def store_id(self) -> int:
        return self.number + 1

    @property
    def slug(self) -> str:
        return f"127-0-0-1-{SALEOR_PORT + self.number}"

    @property
    def app_id(self) -> str:
        return next(app.id for app in reversed(self.saleor.apps.installed.values()) if not app.is_removed)

    def open_payments(self, app_url: str) -> None:
        """Give the app the permission, and make its webhooks, as a merchant does who lets points pay."""
        app = self.saleor.apps.installed[self.app_id]
        app.permissions = ("MANAGE_ORDERS", "HANDLE_PAYMENTS")
        for place, event in PAYMENT_EVENTS.items():
            url, query = f"{app_url}/api/webhooks/payments/{place}", subscription(f"payment_{place}")
            app.webhooks.append(Webhook(new_id("Webhook"), place, url, query, (), sync_events=(event,)))

    def offer_rewards(self, database: Database, setup: RewardSetup, now: datetime) -> None:
        """Offer a gift card and a voucher for points, as a merchant does."""
        self.voucher_id = self.saleor.codes.vouchers.create("Five off", "5", codes=("STAFF-CODE",))
        self.codes_seen.add("STAFF-CODE")
        common: dict[str, Any] = {"points": setup.points, "limit_each": setup.limit_each, "days_valid": setup.days_valid}
        common |= {"return_on_expiry": setup.return_on_expiry, "return_on_refund": setup.return_on_refund}
        common |= {"in_force_from": now, "created_by": "Ann"}
        with database.writing() as session:
            card = RewardRow(store_id=self.store_id, kind="amount", made_at=now, made_by="Ann")
            voucher = RewardRow(store_id=self.store_id, kind="voucher", made_at=now, made_by="Ann")
            session.add_all((card, voucher))
            session.flush()
            of_card = RewardVersionRow(reward_id=card.id or 0, name="Gift card", **common)
            of_voucher = RewardVersionRow(reward_id=voucher.id or 0, name="Five off", voucher_id=self.voucher_id, **common)
            session.add_all((of_card, of_voucher))
            session.flush()
            units = int(setup.amount * 100)
            session.add(RewardAmountRow(version_id=of_card.id or 0, currency="USD", amount_units=units))
            self.card_reward, self.voucher_reward = card.id or 0, voucher.id or 0

    def permit_codes(self, *, is_allowed: bool = True) -> None:
        """Give the app the permissions for codes, or take them away."""
        app = self.saleor.apps.installed[self.app_id]
        others = tuple(one for one in app.permissions if one not in CODE_PERMISSIONS)
        app.permissions = (*others, *(CODE_PERMISSIONS if is_allowed else ()))

    @property
    def has_voucher(self) -> bool:
        """True while staff have not deleted the voucher of the reward."""
        return any(voucher.id == self.voucher_id for voucher in self.saleor.codes.vouchers.all())

    def codes(self) -> list[str]:
        """List all codes that there are, of gift cards and of vouchers."""
        of_vouchers = [one.code for voucher in self.saleor.codes.vouchers.all() for one in voucher.codes]
        return [card.code for card in self.saleor.codes.cards.all()] + of_vouchers

    def new_codes(self) -> list[str]:
        """List the codes that were not there when this was asked before."""
        found = [code for code in self.codes() if code not in self.codes_seen] if self.voucher_id else []
        self.codes_seen.update(found)
        return found

    def restore_lag(self, now: datetime) -> None:
        is_over = self.lag_until is None or self.lag_until <= now
        self.saleor.serve_orders_as_of(None if is_over else self.lag)


@dataclass(frozen=True)
class Installed:
    """The shops as they were when the app was installed in them, which histories begin with."""

    at: datetime
    apps: tuple[Mapping[str, App], ...]

    @classmethod
    def by_handshake(cls, rig: Rig, shops: list[Shop]) -> "Installed":
        """Install by the real handshake, and let the database be kept as it is then."""
        for shop in shops:
            result = shop.saleor.install(f"{APP_URL}/api/manifest")
            if not result.ok:
                raise NotInstalled(result.message)
        rig.ground.keep(len(shops))
        return cls(rig.clock.now, tuple(copy.deepcopy(shop.saleor.apps.installed) for shop in shops))

    def put_back(self, shops: list[Shop], clock: MovableClock) -> None:
        """Let new shops have the app installed, as if it had just been done."""
        clock.now = self.at
        for shop, apps in zip(shops, self.apps, strict=True):
            shop.saleor.apps.numbers = itertools.count(len(apps) + 1)
            shop.saleor.apps.installed = {app_id: copy.deepcopy(app) for app_id, app in apps.items()}
