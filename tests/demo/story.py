"""The story, step by step. Every expected number stands here as a merchant would work it out: one point per 1.00 paid."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import requests

from tests.demo.scene import Page, Scene, press_the_button, visit
from tests.demo.shop.setting_up import let_points_pay
from tests.demo.telling import Teller
from tests.standins.saleor import Delivery, SigningKey, State
from tests.waiting import PATIENCE_SECONDS

ANN = "ann@example.com"
BEN = "ben@example.com"


@dataclass
class Story:
    """Acts in the scene and tells the teller. `orders` are the ids, in the order in which they were placed."""

    scene: Scene
    teller: Teller
    orders: list[str] = field(default_factory=list)

    def tell(self) -> None:
        self.install()
        first = self.pay()
        self.claim(first)
        self.look_at_the_balance(first)
        self.refund_a_part(first)
        self.charge_back(first)
        second = self.pay_in_two_parts()
        self.refund_before_the_claim_is_opened()
        self.deliver_twice(second)
        self.deliver_forgeries(second)
        self.pay_with_points()
        self.close_the_books()

    def install(self) -> None:
        self.teller.step(
            "The merchant installs the app",
            "Saleor reads the manifest, and hands the app a token; the app asks Saleor whether the token is its own.",
        )
        manifest_url = f"{self.scene.app.url}/api/manifest"
        result = self.scene.saleor.install(manifest_url)
        self.teller.note("manifest", manifest_url)
        self.teller.check("installation", "accepted", "accepted" if result.ok else f"refused: {result.message}")

    def pay(self) -> str:
        self.teller.step(
            "Ann pays an order of 60.00",
            "The order gets a link of its own, which the confirmation mail shows. One point per 1.00.",
        )
        order = self._place_paid("60.00", email=ANN)
        self._check_order(order, status="ready", points=60)
        self.teller.note("the mail says: claim your points at", self._link(order))
        self.teller.check("balance of Ann, who has claimed nothing yet", 0, self.scene.balance(ANN))
        return order

    def claim(self, order: str) -> None:
        self.teller.step("Ann opens the link and presses the button", "Opening it takes nothing: mail scanners follow links too.")
        opened = visit(self._link(order))
        self.teller.check("the order's link leads to a claim page", True, opened.status == 303)
        url = self._reached(opened)
        self.teller.check("the page offers 60 points", True, "60 points are waiting for you" in visit(url).text)
        self.teller.check("balance of Ann before she presses", 0, self.scene.balance(ANN))
        pressed = press_the_button(url)
        self.teller.check("the page says that 60 points are hers", True, "60 points are yours" in pressed.text)
        self.teller.check("pressing again gives nothing more: balance", 60, self._balance_after_pressing_again(url))

    def look_at_the_balance(self, order: str) -> None:
        self.teller.step("The balance", "The order in Saleor says that its points were claimed, and so does its link.")
        self.scene.settle()
        self._check_order(order, status="claimed", points=60)
        self.teller.check("the order's link says so too", True, "You have claimed the points" in visit(self._link(order)).text)
        self.teller.check("balance of Ann", 60, self.scene.balance(ANN))

    def refund_a_part(self, order: str) -> None:
        self.teller.step("The merchant refunds 15.00 of the 60.00", "15.00 had earned 15 points; 45 are left.")
        self.scene.saleor.till.refund(order, "15.00")
        self.scene.settle()
        self._check_order(order, status="claimed", points=45)
        self.teller.check("balance of Ann", 45, self.scene.balance(ANN))

    def charge_back(self, order: str) -> None:
        self.teller.step(
            "Ann's bank charges back the other 45.00",
            "Saleor sends no refund event for that, only 'order updated'. Nothing is left.",
        )
        self.scene.saleor.till.charge_back(order, "45.00")
        self.scene.settle()
        self._check_order(order, status="reversed", points=0)
        self.teller.check("balance of Ann", 0, self.scene.balance(ANN))

    def pay_in_two_parts(self) -> str:
        self.teller.step(
            "Ben pays an order of 80.00 in two parts, 30.00 and 50.00",
            "Saleor sends 'order paid' for each part; points come once all is paid.",
        )
        order = self._placed(self.scene.saleor.shop.place_order("80.00", email=BEN))
        self.scene.saleor.till.charge(order, "30.00")
        self.scene.settle()
        self._check_order(order, status="pending", points=0, of="after 30.00: ")
        self.teller.check("after 30.00: the link asks for patience", True, "being prepared" in visit(self._link(order)).text)
        self.scene.saleor.till.charge(order, "50.00")
        self.scene.settle()
        self._check_order(order, status="ready", points=80, of="after 50.00: ")
        press_the_button(self._reached(visit(self._link(order))))
        self.teller.check("balance of Ben, who claims them", 80, self.scene.balance(BEN))
        self.scene.settle()
        return order

    def refund_before_the_claim_is_opened(self) -> None:
        self.teller.step(
            "Ben pays 40.00 more, and is refunded before he opens the link",
            "What nobody took is not taken back: the link stops working, and Ben keeps his other points.",
        )
        order = self._place_paid("40.00", email=BEN)
        self._check_order(order, status="ready", points=40, of="paid: ")
        link = self._link(order)
        self.scene.saleor.till.refund(order, "40.00")
        self.scene.settle()
        self._check_order(order, status="reversed", points=0, of="refunded: ")
        self.teller.check("the link says that the order was refunded", True, "This order was refunded" in visit(link).text)
        self.teller.check("balance of Ben", 80, self.scene.balance(BEN))

    def deliver_twice(self, order: str) -> None:
        self.teller.step(
            "Saleor delivers an old event again", "The same bytes, the same signature: accepted, and nothing changes."
        )
        movements = self.scene.count_movements()
        delivery = self._delivered("ORDER_FULLY_PAID", order)
        state = self.scene.saleor.deliveries.resend(delivery)
        self.scene.settle()
        self.teller.check("the app's answer", State.DELIVERED.value, state.value)
        self.teller.check("movements of points that it caused", 0, self.scene.count_movements() - movements)
        self.teller.check("balance of Ben", 80, self.scene.balance(BEN))

    def deliver_forgeries(self, order: str) -> None:
        self.teller.step("Somebody forges deliveries", "80.00 becomes 9980.00; then a delivery that a stranger's key has signed.")
        delivery = self._delivered("ORDER_FULLY_PAID", order)
        parcel = delivery.parcel
        if parcel is None:
            raise RuntimeError("a delivery that was sent has bytes")
        forged = parcel.body.replace(b"80.0", b"9980.0")
        stranger = {**parcel.headers, "Saleor-Signature": SigningKey().sign_detached(parcel.body)}
        self.teller.check("the bytes were changed", True, forged != parcel.body)
        self.teller.check("changed bytes are", "refused", _post(delivery, forged, parcel.headers))
        self.teller.check("a stranger's signature is", "refused", _post(delivery, parcel.body, stranger))
        self.scene.settle()
        self.teller.check("balance of Ben", 80, self.scene.balance(BEN))

    def pay_with_points(self) -> None:
        self.teller.step(
            "The merchant lets points pay, 10 for 1.00, and Ben uses 50 of his 80 at the checkout",
            "His storefront asks Saleor, and Saleor asks the app. The same call again takes nothing more.",
            "A refund of 2.00 gives 20 points back.",
        )
        gateway = let_points_pay(self.scene.saleor, self.scene.app.url, points_per_unit="10")
        by = {"__typename": "User", "id": self.scene.saleor.shop.register_customer(BEN), "email": BEN}
        checkout = self.scene.saleor.checkouts.create("60.00", user=BEN)
        for call in ("first", "same"):
            paid = self.scene.saleor.payments.initialize(checkout, gateway, "5.00", key="one key", by=by)
            self.teller.check(f"{call} call: booked", "5.00", f"{paid.transaction.charged:.2f}")
            self.teller.check(f"{call} call: still to pay", "55.00", f"{self.scene.saleor.checkouts[checkout].due:.2f}")
            self.teller.check(f"{call} call: balance of Ben", 30, self.scene.balance(BEN))
        stranger = self.scene.saleor.payments.initialize(checkout, gateway, "1.00", by=None)
        self.teller.check("a stranger who knows the checkout pays", "0.00", f"{stranger.transaction.charged:.2f}")
        self.scene.saleor.requests.ask(paid.transaction.id, "REFUND", "2.00")
        self.teller.check("2.00 refunded: still to pay", "57.00", f"{self.scene.saleor.checkouts[checkout].due:.2f}")
        self.teller.check("2.00 refunded: balance of Ben", 50, self.scene.balance(BEN))

    def close_the_books(self) -> None:
        self.teller.step("The books")
        rows: list[tuple[Any, ...]] = []
        for order_id in self.orders:
            sold, booked = self.scene.saleor.book[order_id], self.scene.order(order_id)
            events = [event for transaction in sold.transactions for event in transaction.events]
            paid = sum((one.amount for one in events if one.type == "CHARGE_SUCCESS" and one.amount > 0), Decimal(0))
            charged_back = sum((one.amount for one in events if one.type == "CHARGE_BACK"), Decimal(0))
            balance = self.scene.balance(sold.email)
            money = (f"{amount:.2f}" for amount in (paid, sold.refunded, charged_back))
            rows.append((f"#{sold.number}", sold.email, *money, booked.due, booked.granted, balance))
        self.teller.table(
            ("order", "shopper", "paid", "refunded", "charged back", "points due", "granted", "shopper's balance"), rows
        )
        self.teller.say()
        self.teller.check("points due, all orders", 0 + 80 + 0, sum(row[5] for row in rows))
        self.teller.check("points granted, all orders", 0 + 80 + 0, sum(row[6] for row in rows))
        balances = self.scene.balance(ANN) + self.scene.balance(BEN)
        self.teller.check("points in all balances, less the 30 that paid", 0 + 80 - 30, balances)

    def _place_paid(self, amount: str, *, email: str) -> str:
        order = self._placed(self.scene.saleor.shop.place_paid_order(amount, email=email))
        self.scene.settle()
        return order

    def _placed(self, order: str) -> str:
        self.orders.append(order)
        return order

    def _check_order(self, order: str, *, status: str, points: int, of: str = "") -> None:
        """Check what stands on the order in Saleor."""
        metadata = self.scene.metadata(order)
        self.teller.check(f"{of}points_amount on the order in Saleor", str(points), metadata.get("points_amount"))
        self.teller.check(f"{of}points_status on the order in Saleor", status, metadata.get("points_status"))

    def _link(self, order: str) -> str:
        return self.scene.metadata(order).get("points_claim_url", "")

    def _reached(self, page: Page) -> str:
        if page.leads_to is None:
            raise RuntimeError(f"the order's link leads to no claim page; it says: {page.text[:200]}")
        return page.leads_to

    def _balance_after_pressing_again(self, url: str) -> int:
        press_the_button(url)
        return self.scene.balance(ANN)

    def _delivered(self, event: str, order: str) -> Delivery:
        return next(one for one in self.scene.saleor.deliveries.sent if one.event == event and one.order_id == order)


def _post(delivery: Delivery, body: bytes, headers: dict[str, str]) -> str:
    """Deliver these bytes, and tell what became of them: 503 is the answer to a key that may be a new one of Saleor's."""
    status = requests.post(delivery.webhook.target_url, data=body, headers=headers, timeout=PATIENCE_SECONDS).status_code
    return "refused" if status in {401, 503} else f"HTTP {status}"
