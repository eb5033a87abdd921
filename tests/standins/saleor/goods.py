"""What staff do with the goods of an order: send them, take them back, and replace them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from tests.standins.saleor.book import STAFF, OrderBook
from tests.standins.saleor.money import Taxed
from tests.standins.saleor.orders import Fulfillment, Line, Order, new_id
from tests.standins.saleor.shop import Shop

CameBack = Literal["RETURNED", "REFUNDED_AND_RETURNED", "REPLACED"]


@dataclass
class Goods:
    book: OrderBook
    shop: Shop

    def fulfill(self, order_id: str, *, quantity: int | None = None) -> None:
        """Send `quantity` units, or all that is left; only the last fulfilment says ORDER_FULFILLED."""
        with self.book.change(order_id, by=STAFF) as edit:
            lines = _spread(edit.order.lines, quantity, lambda line: line.quantity_to_fulfill, _fulfilled)
            is_all = not any(line.quantity_to_fulfill for line in lines)
            status = "FULFILLED" if is_all else "PARTIALLY_FULFILLED"
            order = replace(edit.order, lines=lines, status=status).recorded("FULFILLMENT_FULFILLED_ITEMS", edit.now)
            edit.order = _with_fulfillment(
                order, "FULFILLED", _moved(edit.order.lines, lines, lambda line: -line.quantity_to_fulfill)
            )
            edit.emit("ORDER_UPDATED", *(["ORDER_FULFILLED"] if is_all else []))

    def return_products(self, order_id: str, *, quantity: int | None = None, status: CameBack = "RETURNED") -> None:
        """Take `quantity` units back, or all; the money stays, and nothing is left to fulfil of what came back."""
        with self.book.change(order_id, by=STAFF) as edit:
            lines = _spread(edit.order.lines, quantity, lambda line: line.quantity - line.returned, _returned)
            is_all = all(line.returned == line.quantity for line in lines)
            of_order = "RETURNED" if is_all else "PARTIALLY_RETURNED"
            order = replace(edit.order, lines=lines, status=of_order).recorded("FULFILLMENT_RETURNED", edit.now)
            edit.order = _with_fulfillment(order, status, _moved(edit.order.lines, lines, lambda line: line.returned))
            edit.emit("ORDER_UPDATED")

    def replace(self, order_id: str, *, quantity: int | None = None) -> str:
        """Take goods back and begin an order of the same goods: a draft, whose original is the first. Gives its id.

        Saleor copies the customer, the channel and the metadata.
        """
        before = self.book[order_id]
        self.return_products(order_id, quantity=quantity, status="REPLACED")
        moved = _moved(before.lines, self.book[order_id].lines, lambda line: line.returned)
        lines = tuple(_part(line, pieces) for line in before.lines for id_, pieces in moved if id_ == line.id)
        return self.shop.draft_replacement(before, lines)

    def exchange(self, order_id: str, *, quantity: int | None = None) -> str:
        """Replace goods, and complete the new order."""
        replacing = self.replace(order_id, quantity=quantity)
        self.shop.complete_draft(replacing)
        return replacing


def _part(line: Line, pieces: int) -> Line:
    """Give as many pieces of a line as a line of a new order."""
    total = Taxed(*((amount * pieces / line.quantity).quantize(amount) for amount in (line.total.gross, line.total.net)))
    return Line(new_id("OrderLine"), line.name, line.kind, pieces, pieces, total)


def _with_fulfillment(order: Order, status: str, lines: tuple[tuple[str, int], ...]) -> Order:
    return replace(order, fulfillments=(*order.fulfillments, Fulfillment(new_id("Fulfillment"), status, lines)))


def _moved(before: tuple[Line, ...], after: tuple[Line, ...], count: Callable[[Line], int]) -> tuple[tuple[str, int], ...]:
    """Tell how many pieces of each line a change moved."""
    pieces = [(new.id, count(new) - count(old)) for old, new in zip(before, after, strict=True)]
    return tuple((line_id, quantity) for line_id, quantity in pieces if quantity)


def _fulfilled(line: Line, quantity: int) -> Line:
    return replace(line, quantity_to_fulfill=line.quantity_to_fulfill - quantity)


def _returned(line: Line, quantity: int) -> Line:
    """Return what was sent first, so that what was never sent is no longer to be."""
    returned = line.returned + quantity
    return replace(line, returned=returned, quantity_to_fulfill=min(line.quantity_to_fulfill, line.quantity - returned))


def _spread(
    lines: tuple[Line, ...], quantity: int | None, left: Callable[[Line], int], take: Callable[[Line, int], Line]
) -> tuple[Line, ...]:
    """Take `quantity` units (None: all that is left) from the lines, the first line first."""
    changed = []
    wanted = sum(map(left, lines)) if quantity is None else quantity
    for line in lines:
        units = min(wanted, left(line))
        wanted -= units
        changed.append(take(line, units))
    if wanted:
        message = f"{wanted} units more than the order has"
        raise ValueError(message)
    return tuple(changed)
