"""What staff do with the goods of an order: send them and take them back."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.standins.saleor.book import STAFF, OrderBook
from tests.standins.saleor.orders import Line


@dataclass
class Goods:
    book: OrderBook

    def fulfill(self, order_id: str, *, quantity: int | None = None) -> None:
        """Send `quantity` units, or all that is left; only the last fulfilment says ORDER_FULFILLED."""
        with self.book.change(order_id, by=STAFF) as edit:
            lines = _spread(edit.order.lines, quantity, lambda line: line.quantity_to_fulfill, _fulfilled)
            is_all = not any(line.quantity_to_fulfill for line in lines)
            status = "FULFILLED" if is_all else "PARTIALLY_FULFILLED"
            edit.order = replace(edit.order, lines=lines, status=status).recorded("FULFILLMENT_FULFILLED_ITEMS", edit.now)
            edit.emit("ORDER_UPDATED", *(["ORDER_FULFILLED"] if is_all else []))

    def return_products(self, order_id: str, *, quantity: int | None = None) -> None:
        """Take `quantity` units back, or all; the money stays, and nothing is left to fulfil of what came back."""
        with self.book.change(order_id, by=STAFF) as edit:
            lines = _spread(edit.order.lines, quantity, lambda line: line.quantity - line.returned, _returned)
            is_all = all(line.returned == line.quantity for line in lines)
            status = "RETURNED" if is_all else "PARTIALLY_RETURNED"
            edit.order = replace(edit.order, lines=lines, status=status).recorded("FULFILLMENT_RETURNED", edit.now)
            edit.emit("ORDER_UPDATED")


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
