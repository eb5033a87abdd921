"""What happens to an order's money; each call is one mutation with the events that Saleor sends for it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

from tests.standins.saleor.book import STAFF, Edit, OrderBook
from tests.standins.saleor.money import ZERO, Amount
from tests.standins.saleor.orders import DRAFT, UNCONFIRMED, UNFULFILLED, Order, new_id
from tests.standins.saleor.payments import Payment, Transaction

PAYMENT_APP: Mapping[str, str] = {"__typename": "App", "id": "QXBwOjk5OQ==", "name": "A payment app"}


@dataclass
class Till:
    book: OrderBook

    def charge(self, order_id: str, amount: Amount, *, is_separate: bool = False) -> None:
        """Charge `amount` more, in a transaction of its own if `is_separate`."""
        with self._moving(order_id) as edit:
            transaction = _new_transaction() if is_separate else _first(edit.order)
            edit.order = settled(edit.order.with_transaction(transaction.charge(edit.order.amount(amount), edit.now)))
            edit.emit("ORDER_PAID")
            tell_if_full(edit)
            edit.emit("ORDER_UPDATED")

    def authorize(self, order_id: str, amount: Amount) -> None:
        with self._moving(order_id) as edit:
            authorized = _first(edit.order).authorize(edit.order.amount(amount), edit.now)
            edit.order = settled(edit.order.with_transaction(authorized))
            edit.emit("ORDER_UPDATED")

    def mark_as_paid(self, order_id: str, *, flow: Literal["TRANSACTION", "PAYMENT"] = "TRANSACTION") -> None:
        """Let staff say that the order is paid: ORDER_FULLY_PAID comes without ORDER_PAID."""
        with self.book.change(order_id, by=STAFF) as edit:
            order, total = edit.order, edit.order.total.gross
            if order.transactions or order.payments:
                message = "Orders with payments can not be manually marked as paid."
                raise ValueError(message)
            if flow == "TRANSACTION":
                order = order.with_transaction(replace(_new_transaction(), is_by_staff=True).charge(total, edit.now))
            else:
                order = replace(order, payments=(Payment(new_id("Payment"), total, total),)).rated()
            edit.order = settled(order).recorded("ORDER_MARKED_AS_PAID", edit.now)
            edit.emit("ORDER_FULLY_PAID", "ORDER_UPDATED")

    def record_payment(self, order_id: str, amount: Amount) -> None:
        """Let staff record money by hand, as the Dashboard's manual capture does."""
        with self.book.change(order_id, by=STAFF) as edit:
            recorded = replace(_new_transaction(), is_by_staff=True).charge(edit.order.amount(amount), edit.now)
            edit.order = settled(edit.order.with_transaction(recorded))
            edit.emit("ORDER_PAID")
            tell_if_full(edit)
            edit.emit("ORDER_UPDATED")

    def refund(self, order_id: str, amount: Amount) -> None:
        """Give `amount` back, out of the legacy payment if that is how the order was paid."""
        with self._moving(order_id) as edit:
            order, back = edit.order, edit.order.amount(amount)
            if order.payments:
                edit.order = replace(order, payments=(order.payments[0].refund(back),)).rated()
            else:
                edit.order = order.with_transaction(_holding(order, back).refund(back, edit.now))
            tell_refund(edit)

    def report_refund_without_lowering_charge(self, order_id: str, amount: Amount) -> None:
        """Play a payment app that reports amountRefunded only: charged stays as it was."""
        with self._moving(order_id) as edit:
            back = edit.order.amount(amount)
            edit.order = edit.order.with_transaction(_holding(edit.order, back).report_refund(back, edit.now))
            tell_refund(edit)

    def request_refund(self, order_id: str, amount: Amount) -> None:
        """Ask the payment app for a refund; charged falls at once."""
        with self._moving(order_id) as edit:
            back = edit.order.amount(amount)
            edit.order = edit.order.with_transaction(_holding(edit.order, back).request_refund(back, edit.now))
            edit.emit("ORDER_UPDATED")

    def refund_succeeded(self, order_id: str) -> None:
        """Grant the refund that was requested."""
        with self._moving(order_id) as edit:
            waiting = _waiting(edit.order)
            edit.order = edit.order.with_transaction(waiting.refund_succeeded(waiting.refund_pending, edit.now))
            tell_refund(edit)

    def refund_failed(self, order_id: str) -> None:
        """Put the requested refund back; Saleor calls that paid again, and says nothing where none was requested."""
        if not any(part.refund_pending for part in self.book[order_id].transactions if part.app is None):
            return
        with self._moving(order_id) as edit:
            waiting = _waiting(edit.order)
            edit.order = edit.order.with_transaction(waiting.refund_failed(waiting.refund_pending, edit.now))
            edit.emit("ORDER_PAID")
            tell_if_full(edit)
            edit.emit("ORDER_UPDATED")

    def reverse_refund(self, order_id: str, amount: Amount) -> None:
        """Let a refund come back to the merchant; refunded may fall below zero."""
        with self._moving(order_id) as edit:
            back = edit.order.amount(amount)
            edit.order = edit.order.with_transaction(_first(edit.order).reverse_refund(back, edit.now))
            edit.emit("ORDER_PAID", "ORDER_UPDATED")

    def charge_back(self, order_id: str, amount: Amount) -> None:
        """Let the shopper's bank take `amount`: ORDER_UPDATED and nothing else."""
        with self._moving(order_id) as edit:
            taken = edit.order.amount(amount)
            edit.order = edit.order.with_transaction(_holding(edit.order, taken).charge_back(taken, edit.now))
            edit.emit("ORDER_UPDATED")

    def grant_refund(self, order_id: str, amount: Amount) -> None:
        """Promise a refund: no event and no money, but chargeStatus is computed against less."""
        with self.book.change(order_id, by=STAFF) as edit:
            edit.order = replace(edit.order, granted=edit.order.granted + edit.order.amount(amount)).rated()

    @contextmanager
    def _moving(self, order_id: str) -> Iterator[Edit]:
        with self.book.change(order_id, by=PAYMENT_APP) as edit:
            if edit.order.status == DRAFT:
                message = "A draft takes no money here."
                raise ValueError(message)
            yield edit


def tell_if_full(edit: Edit) -> None:
    if edit.order.is_fully_charged:
        edit.order = edit.order.recorded("ORDER_FULLY_PAID", edit.now)
        edit.emit("ORDER_FULLY_PAID")


def tell_refund(edit: Edit) -> None:
    edit.emit("ORDER_REFUNDED", "ORDER_UPDATED")
    if edit.order.refunded >= edit.order.total.gross:
        edit.emit("ORDER_FULLY_REFUNDED")


def settled(order: Order) -> Order:
    """Confirm an order that was only waiting for its money."""
    if order.status == UNCONFIRMED and order.auto_confirm:
        return replace(order, status=UNFULFILLED)
    return order


def _new_transaction() -> Transaction:
    return Transaction(new_id("TransactionItem"))


def _first(order: Order) -> Transaction:
    return next((part for part in order.transactions if not part.is_by_staff and part.app is None), None) or _new_transaction()


def _holding(order: Order, amount: Amount) -> Transaction:
    """Return the transaction that can lose `amount`."""
    for transaction in order.transactions:
        if transaction.app is None and transaction.charged >= order.amount(amount):
            return transaction
    message = f"No transaction of the order holds {amount}."
    raise ValueError(message)


def _waiting(order: Order) -> Transaction:
    for transaction in order.transactions:
        if transaction.app is None and transaction.refund_pending > ZERO:
            return transaction
    message = "No refund was requested."
    raise ValueError(message)
