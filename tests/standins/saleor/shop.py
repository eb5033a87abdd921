"""What shoppers and staff do with orders; each call is one mutation with the events that Saleor sends for it."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypedDict, Unpack

from tests.standins.saleor.book import STAFF, OrderBook
from tests.standins.saleor.money import ZERO, Amount, Taxed, in_currency
from tests.standins.saleor.orders import (
    DRAFT,
    UNCONFIRMED,
    UNFULFILLED,
    Channel,
    Customer,
    Item,
    Line,
    Order,
    global_id,
    new_id,
)
from tests.standins.saleor.payments import Transaction

CURRENCIES = {"default-channel": "USD", "japan": "JPY", "kuwait": "KWD"}


class Details(TypedDict, total=False):
    """All about a new order but its lines."""

    email: str
    is_registered: bool
    channel: str
    shipping: Amount
    shipping_net: Amount
    gift_card: Amount
    created: datetime


@dataclass(frozen=True)
class ListedProduct:
    """A product in the catalogue: in each channel the prices of its cheapest and of its dearest variant."""

    id: str
    prices: Mapping[str, tuple[Taxed, Taxed]]
    is_gift_card: bool


@dataclass(frozen=True)
class ListedVariant:
    """A variant in the catalogue, with what one piece costs in each channel."""

    id: str
    prices: Mapping[str, Taxed]
    kind: str
    is_published: bool


@dataclass
class Shop:
    book: OrderBook
    currencies: Mapping[str, str]
    # What was noted in orders' histories, in order: order id and message.
    notes: list[tuple[str, str]] = field(default_factory=list)
    # The catalogue, by id.
    products: dict[str, ListedProduct] = field(default_factory=dict)
    variants: dict[str, ListedVariant] = field(default_factory=dict)
    _customers: dict[str, Customer] = field(default_factory=dict)
    _user_numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(100))
    _planted: dict[str, str] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def register_customer(self, email: str) -> str:
        """Open an account; every later order with its e-mail belongs to it, whoever makes it."""
        customer = Customer(global_id("User", next(self._user_numbers)), email)
        return self._customers.setdefault(email.casefold(), customer).id

    def change_customer(self, email: str, *, is_confirmed: bool = True, is_active: bool = True, is_staff: bool = False) -> None:
        """Let staff confirm or deactivate an account, or make its holder one of them."""
        known = self._customers[email.casefold()]
        self._customers[email.casefold()] = replace(known, is_confirmed=is_confirmed, is_active=is_active, is_staff=is_staff)

    def list_product(self, *, is_gift_card: bool = False, **prices: tuple[Amount, Amount]) -> str:
        """Put a product into the catalogue, with its lowest and highest price by channel (`default_channel=("10", "20")`)."""
        listed = {
            (slug := name.replace("_", "-")): (_price(low, self.currencies[slug]), _price(high, self.currencies[slug]))
            for name, (low, high) in prices.items()
        }
        product = ListedProduct(global_id("Product", len(self.products) + 1), listed, is_gift_card)
        self.products[product.id] = product
        return product.id

    def list_variant(
        self,
        gross: Amount,
        net: Amount | None = None,
        *,
        kind: str = "NORMAL",
        channel: str = "default-channel",
        published: bool = True,
    ) -> str:
        """Put a variant into the catalogue of a channel."""
        price = Item(gross, net).line(self.currencies[channel]).total
        variant = ListedVariant(global_id("ProductVariant", len(self.variants) + 1), {channel: price}, kind, published)
        self.variants[variant.id] = variant
        return variant.id

    def customer(self, user_id: str) -> Customer | None:
        return next((customer for customer in self._customers.values() if customer.id == user_id), None)

    def customer_with(self, email: str) -> Customer | None:
        return self._customers.get(email.casefold())

    def remove_customer(self, email: str) -> Customer:
        """Close an account. Its orders keep the address."""
        return self._customers.pop(email.casefold())

    def customers(self, user_ids: Sequence[str] | None) -> list[Customer]:
        """List customers; an empty list of ids is none that filters."""
        return [customer for customer in self._customers.values() if not user_ids or customer.id in user_ids]

    def next_number(self) -> int:
        return next(self._numbers)

    def channel(self, slug: str) -> Channel:
        return Channel(global_id("Channel", list(self.currencies).index(slug) + 1), slug, self.currencies[slug])

    def plant_metadata(self, metadata: Mapping[str, str]) -> None:
        """Write on the next checkout, as any shopper may; Saleor copies it to the order."""
        self._planted = dict(metadata)

    def place_order(self, *items: Item | Amount, auto_confirm: bool = True, **details: Unpack[Details]) -> str:
        """Complete a checkout that nobody has paid yet, and return the order's id."""
        order = replace(self._new(items, details), auto_confirm=auto_confirm)
        confirmed = ("ORDER_CONFIRMED",) if auto_confirm else ()
        return self.book.add(order.recorded("PLACED", order.created), "ORDER_CREATED", *confirmed)

    def place_paid_order(
        self, *items: Item | Amount, charged: Amount | None = None, auto_confirm: bool = True, **details: Unpack[Details]
    ) -> str:
        """Complete a checkout that is paid already; in part only with `charged`, which sends no ORDER_PAID."""
        order = self._new(items, details)
        paid = order.total.gross if charged is None else order.amount(charged)
        order = _charged(order, paid)
        order = replace(order, status=UNFULFILLED if auto_confirm else UNCONFIRMED, auto_confirm=auto_confirm)
        order = order.recorded("PLACED", order.created)
        events = ["ORDER_CREATED"]
        if order.is_fully_charged:
            order = order.recorded("ORDER_FULLY_PAID", order.created)
            events += ["ORDER_PAID", "ORDER_FULLY_PAID", "ORDER_UPDATED"]
        if auto_confirm:
            events.append("ORDER_CONFIRMED")
        return self.book.add(order, *events)

    def place_draft(self, *items: Item | Amount, **details: Unpack[Details]) -> str:
        """Let staff begin an order: no event, and not in any list."""
        return self.book.add(replace(self._new(items, details), status=DRAFT))

    def complete_draft(self, order_id: str) -> None:
        with self.book.change(order_id, by=STAFF) as edit:
            placed = replace(edit.order, status=UNFULFILLED)
            edit.order = placed.recorded("PLACED_FROM_DRAFT", edit.now)
            edit.emit("ORDER_CREATED", "ORDER_CONFIRMED")

    def draft_replacement(self, original: Order, lines: tuple[Line, ...]) -> str:
        """Begin an order that replaces goods of another."""
        now = self.book.moment()
        draft = Order(
            id=new_id("Order"),
            number=next(self._numbers),
            channel=original.channel,
            created=now,
            updated_at=now,
            status=DRAFT,
            email=original.email,
            customer=original.customer,
            lines=lines,
            shipping=Taxed(ZERO, ZERO),
            metadata=original.metadata,
            original=original.id,
        )
        return self.book.add(draft.rated())

    def import_order(self, *items: Item | Amount, charged: Amount | None = None, **details: Unpack[Details]) -> str:
        """Bulk-import a paid order: money and no history; only ORDER_BULK_CREATED is told."""
        order = self._new(items, details)
        paid = order.total.gross if charged is None else order.amount(charged)
        return self.book.add(replace(_charged(order, paid), status=UNFULFILLED), "ORDER_BULK_CREATED", by=STAFF)

    def confirm(self, order_id: str) -> None:
        with self.book.change(order_id, by=STAFF) as edit:
            edit.order = replace(edit.order, status=UNFULFILLED).recorded("CONFIRMED", edit.now)
            edit.emit("ORDER_CONFIRMED")

    def cancel(self, order_id: str) -> None:
        """Cancel the order; its money stays where it is."""
        with self.book.change(order_id, by=STAFF) as edit:
            edit.order = replace(edit.order, status="CANCELED").recorded("CANCELED", edit.now)
            edit.emit("ORDER_CANCELLED", "ORDER_UPDATED")

    def expire(self, order_id: str) -> None:
        """Let an unpaid order expire, as Saleor's own task does."""
        with self.book.change(order_id) as edit:
            edit.order = replace(edit.order, status="EXPIRED").recorded("EXPIRED", edit.now)
            edit.emit("ORDER_EXPIRED")

    def change_email(self, order_id: str, email: str) -> None:
        with self.book.change(order_id, by=STAFF) as edit:
            edit.order = replace(edit.order, email=email)
            edit.emit("ORDER_UPDATED")

    def add_note(self, order_id: str, message: str = "") -> None:
        with self.book.change(order_id, by=STAFF) as edit:
            edit.order = edit.order.recorded("NOTE_ADDED", edit.now)
            self.notes.append((order_id, message))
            # A draft is told of by an event of its own (saleor/graphql/order/mutations/order_note_add.py).
            edit.emit("DRAFT_ORDER_UPDATED" if edit.order.status == DRAFT else "ORDER_UPDATED")

    def edit_lines(self, order_id: str, *items: Item | Amount) -> None:
        """Replace the lines of an unconfirmed order; chargeStatus keeps its old value."""
        with self.book.change(order_id, by=STAFF) as edit:
            if edit.order.status not in (DRAFT, UNCONFIRMED):
                message = "NOT_EDITABLE"
                raise ValueError(message)
            lines = lines_of(items, edit.order.currency)
            # The recalculation forgets what gift cards paid.
            edit.order = replace(edit.order, lines=lines, is_card_forgotten=edit.order.gift_card > 0)
            if edit.order.status == UNCONFIRMED:
                edit.emit("ORDER_UPDATED")

    def delete_variant(self, order_id: str, line: int = 0) -> None:
        """Delete the variant that a line was bought as: no event, and updatedAt does not move."""
        with self.book.change(order_id) as edit:
            lines = list(edit.order.lines)
            lines[line] = replace(lines[line], is_variant_deleted=True)
            edit.order = replace(edit.order, lines=tuple(lines))
            edit.bumps = False

    def update_metadata(self, order_id: str, metadata: Mapping[str, str], *, by: Mapping[str, str] | None = STAFF) -> None:
        """Write public metadata: the same values send no event, yet move updatedAt."""
        with self.book.change(order_id, by=by) as edit:
            old = dict(edit.order.metadata or {})
            new = {**old, **metadata}
            edit.order = replace(edit.order, metadata=new)
            if new != old:
                edit.emit("ORDER_METADATA_UPDATED")

    def _new(self, items: Sequence[Item | Amount], details: Details) -> Order:
        channel = self.channel(details.get("channel", "default-channel"))
        email = details.get("email", "shopper@example.com")
        if details.get("is_registered"):
            self.register_customer(email)
        shipping = in_currency(details.get("shipping", 0), channel.currency)
        now = self.book.moment()
        metadata, self._planted = self._planted, {}
        return Order(
            id=new_id("Order"),
            number=next(self._numbers),
            channel=channel,
            created=details.get("created", now),
            updated_at=now,
            status=UNCONFIRMED,
            email=email,
            customer=self._customers.get(email.casefold()),
            lines=lines_of(items, channel.currency),
            shipping=Taxed(shipping, in_currency(details.get("shipping_net", shipping), channel.currency)),
            gift_card=in_currency(details.get("gift_card", 0), channel.currency),
            metadata=metadata,
        ).rated()


def _price(amount: Amount, currency: str) -> Taxed:
    gross = in_currency(amount, currency)
    return Taxed(gross, gross)


def lines_of(items: Sequence[Item | Amount], currency: str) -> tuple[Line, ...]:
    return tuple((item if isinstance(item, Item) else Item(item)).line(currency) for item in items)


def _charged(order: Order, amount: Amount) -> Order:
    """Charge a new order; one of total 0 gets no transaction."""
    paid = order.amount(amount)
    if not paid:
        return order.rated()
    return order.with_transaction(Transaction(new_id("TransactionItem")).charge(paid, order.updated_at))
