"""Checkouts: what lies in them, whose they are, and the order that each becomes."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from tests.standins.saleor.book import OrderBook
from tests.standins.saleor.discounts import Discount, discounted_lines, discounted_shipping
from tests.standins.saleor.money import ZERO, Amount, Taxed, in_currency
from tests.standins.saleor.orders import (
    UNCONFIRMED,
    UNFULFILLED,
    Channel,
    Item,
    Line,
    Order,
    charge_status,
    new_id,
)
from tests.standins.saleor.payments import Transaction
from tests.standins.saleor.refusals import Refusal
from tests.standins.saleor.shop import Shop, lines_of


@dataclass(frozen=True)
class Checkout:
    id: str
    channel: Channel
    created: datetime
    updated_at: datetime
    # What anybody may write on it; `user_id` is whose token it was made with.
    email: str | None
    user_id: str | None
    # What stands on the price tags; `sold_lines` and `sold_shipping` are what a voucher leaves of it.
    lines: tuple[Line, ...]
    shipping: Taxed
    # What some gift card pays that is not in `cards`.
    gift_card: Decimal = ZERO
    # What each gift card in it pays, by the card's id.
    cards: Mapping[str, Decimal] = field(default_factory=dict)
    voucher: Discount | None = None
    transactions: tuple[Transaction, ...] = ()
    language: str = "EN"
    # The order that it became: the checkout itself is gone then.
    order_id: str | None = None

    @property
    def currency(self) -> str:
        return self.channel.currency

    @property
    def sold_lines(self) -> tuple[Line, ...]:
        return discounted_lines(self.lines, self.voucher, self.currency)

    @property
    def sold_shipping(self) -> Taxed:
        return discounted_shipping(self.shipping, self.voucher, self.currency)

    @property
    def subtotal(self) -> Taxed:
        return sum((line.total for line in self.sold_lines), Taxed(ZERO, ZERO))

    @property
    def paid_by_cards(self) -> Decimal:
        return sum(self.cards.values(), self.gift_card)

    @property
    def total(self) -> Taxed:
        return (self.subtotal + self.sold_shipping).less(self.paid_by_cards)

    @property
    def charged(self) -> Decimal:
        """What is charged, and what is asked to be and not yet answered."""
        return sum((part.charged + part.charge_pending for part in self.transactions), ZERO)

    @property
    def authorized(self) -> Decimal:
        return sum((part.authorized for part in self.transactions), ZERO)

    @property
    def due(self) -> Decimal:
        return max(ZERO, self.total.gross - self.charged - self.authorized)

    @property
    def balance(self) -> Decimal:
        return self.charged - self.total.gross

    @property
    def charge_status(self) -> str:
        return charge_status(sum((part.charged for part in self.transactions), ZERO), self.total.gross)


@dataclass
class Checkouts:
    """All versions of all checkouts."""

    book: OrderBook
    shop: Shop
    # What a channel does by itself.
    complete_by_themselves: set[str] = field(default_factory=set)
    release_funds: set[str] = field(default_factory=set)
    allow_unpaid: set[str] = field(default_factory=set)
    lock: threading.RLock = field(default_factory=threading.RLock)
    # What codes do: to the price, before completing (it may raise Refusal), and once there is an order.
    priced: Callable[[Checkout], Checkout] = lambda checkout: checkout
    may_complete: Callable[[Checkout], None] = lambda _checkout: None
    completed: Callable[[Checkout, str], None] = lambda _checkout, _order_id: None
    _versions: dict[str, list[Checkout]] = field(default_factory=dict)

    def create(
        self,
        *items: Item | Amount,
        email: str | None = None,
        user: str | None = None,
        channel: str = "default-channel",
        shipping: Amount = 0,
        shipping_net: Amount | None = None,
        gift_card: Amount = 0,
        language: str = "EN",
    ) -> str:
        """Put items into a new cart, as the customer whose e-mail is `user`, or as nobody (None); returns its id."""
        sold_in = self.shop.channel(channel)
        now = self.book.moment()
        owner = None if user is None else self.shop.customer_with(user)
        checkout = Checkout(
            id=new_id("Checkout"),
            channel=sold_in,
            created=now,
            updated_at=now,
            email=email or user,
            user_id=None if owner is None else owner.id,
            lines=lines_of(items, sold_in.currency),
            shipping=Item(shipping, shipping_net).line(sold_in.currency).total,
            gift_card=in_currency(gift_card, sold_in.currency),
            language=language,
        )
        with self.lock:
            self._versions[checkout.id] = [checkout]
        return checkout.id

    def change_email(self, checkout_id: str, email: str) -> None:
        """Write another e-mail on it, as anybody may who knows its id. It stays its user's."""
        self.change(checkout_id, lambda checkout: replace(checkout, email=email))

    def change_lines(self, checkout_id: str, *items: Item | Amount) -> None:
        self.change(checkout_id, lambda checkout: replace(checkout, lines=lines_of(items, checkout.currency)))

    def change_shipping(self, checkout_id: str, shipping: Amount) -> None:
        self.change(
            checkout_id, lambda checkout: replace(checkout, shipping=Taxed(*[in_currency(shipping, checkout.currency)] * 2))
        )

    def change(self, checkout_id: str, make: Callable[[Checkout], Checkout]) -> Checkout:
        with self.lock:
            changed = replace(self.priced(make(self[checkout_id])), updated_at=self.book.moment())
            self._versions[checkout_id].append(changed)
        return changed

    def complete(self, checkout_id: str, meanwhile: Callable[[], object] | None = None, *, auto_confirm: bool = True) -> str:
        """Make the order, or raise Refusal. What is pending counts as paid; again gives the same order.

        `meanwhile` happens after codes were looked at and before they are taken: nobody looks at them again.
        """
        if checkout_id not in self:
            raise Refusal("NOT_FOUND", f"Couldn't resolve to a node: {checkout_id}", "id")
        with self.lock:
            checkout = self[checkout_id]
            if checkout.order_id is not None:
                return checkout.order_id
            self.may_complete(checkout)
            if checkout.due and checkout.channel.slug not in self.allow_unpaid:
                raise Refusal("CHECKOUT_NOT_FULLY_PAID", "Provided payment methods can not cover the checkout's total amount.")
        if meanwhile is not None:
            meanwhile()
        with self.lock:
            if self[checkout_id].order_id is not None:
                return self[checkout_id].order_id or ""
            order, events = self._order_of(checkout, auto_confirm=auto_confirm)
            self.change(checkout_id, lambda old: replace(old, order_id=order.id))
            self.completed(checkout, order.id)
        return self.book.add(order, *events)

    def complete_paid(self) -> list[str]:
        """Do what Saleor does seconds after the last payment, in channels that complete checkouts by themselves."""
        with self.lock:
            paid = [
                checkout.id
                for checkout in self.open()
                if checkout.channel.slug in self.complete_by_themselves and checkout.transactions and not checkout.due
            ]
        return [self.complete(checkout_id) for checkout_id in paid]

    def open(self) -> Sequence[Checkout]:
        with self.lock:
            return [versions[-1] for versions in self._versions.values() if versions[-1].order_id is None]

    def __getitem__(self, checkout_id: str) -> Checkout:
        with self.lock:
            return self._versions[checkout_id][-1]

    def __contains__(self, checkout_id: str) -> bool:
        return checkout_id in self._versions

    def snapshot(self) -> Mapping[str, Checkout]:
        with self.lock:
            return {checkout_id: versions[-1] for checkout_id, versions in self._versions.items()}

    def as_of(self, moment: datetime) -> Mapping[str, Checkout]:
        """Return every checkout as it stood at `moment`."""
        with self.lock:
            old = {
                checkout_id: [version for version in versions if version.updated_at <= moment]
                for checkout_id, versions in self._versions.items()
            }
        return {checkout_id: versions[-1] for checkout_id, versions in old.items() if versions}

    def _order_of(self, checkout: Checkout, *, auto_confirm: bool) -> tuple[Order, list[str]]:
        now = self.book.moment()
        is_confirmed = auto_confirm and bool(checkout.transactions or not checkout.total.gross)
        owner = None if checkout.user_id is None else self.shop.customer(checkout.user_id)
        email = checkout.email or (owner.email if owner is not None else "")
        order = Order(
            id=new_id("Order"),
            number=self.shop.next_number(),
            channel=checkout.channel,
            created=now,
            updated_at=now,
            status=UNFULFILLED if is_confirmed else UNCONFIRMED,
            auto_confirm=auto_confirm,
            email=email,
            customer=owner or self.shop.customer_with(email),
            lines=checkout.sold_lines,
            shipping=checkout.sold_shipping,
            gift_card=checkout.paid_by_cards,
            cards=tuple(checkout.cards),
            voucher_code=None if checkout.voucher is None else checkout.voucher.code,
            transactions=checkout.transactions,
            language=checkout.language,
        ).rated()
        order, events = order.recorded("PLACED", now), ["ORDER_CREATED"]
        if order.is_fully_charged:
            order = order.recorded("ORDER_FULLY_PAID", now)
            events += ["ORDER_PAID", "ORDER_FULLY_PAID", "ORDER_UPDATED"]
        return order, [*events, *(["ORDER_CONFIRMED"] if order.status == UNFULFILLED else [])]
