"""A story: what happens to one order, and the points that are left in the end."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec, Unpack

from tests.standins.saleor import Item, StandInSaleor
from tests.standins.saleor.goods import Goods
from tests.standins.saleor.money import Amount
from tests.standins.saleor.shop import Details, Shop
from tests.standins.saleor.till import Till

P = ParamSpec("P")
# The first step places the order and returns its id; the others change it.
Start = Callable[[StandInSaleor], str]
Step = Callable[[StandInSaleor, str], None]


@dataclass(frozen=True)
class Story:
    """`expected_points` are those of all its orders, whenever and however often somebody looks between the steps.

    `rule` is what the rule says otherwise than the default one.
    """

    name: str
    start: Start
    steps: tuple[Step, ...]
    expected_points: int
    rule: Mapping[str, Any] = field(default_factory=dict)

    def play(self, saleor: StandInSaleor) -> Iterator[str]:
        """Do one step at a time, and yield the order's id after each."""
        order_id = self.start(saleor)
        yield order_id
        for step in self.steps:
            step(saleor, order_id)
            yield order_id

    def play_all(self, saleor: StandInSaleor) -> str:
        """Do all steps at once and return the order's id."""
        return list(self.play(saleor))[-1]


@dataclass(frozen=True)
class Bought:
    """A start at the checkout: what a shopper ordered, paid by then or not."""

    items: tuple[Item | Amount, ...]
    details: Details
    place: Start

    def __call__(self, saleor: StandInSaleor) -> str:
        return self.place(saleor)


def ordered(*items: Item | Amount, auto_confirm: bool = True, **details: Unpack[Details]) -> Start:
    return Bought(items, details, lambda saleor: saleor.shop.place_order(*items, auto_confirm=auto_confirm, **details))


def prepaid(*items: Item | Amount, charged: Amount | None = None, auto_confirm: bool = True, **details: Unpack[Details]) -> Start:
    def place(saleor: StandInSaleor) -> str:
        return saleor.shop.place_paid_order(*items, charged=charged, auto_confirm=auto_confirm, **details)

    return Bought(items, details, place)


def drafted(*items: Item | Amount, **details: Unpack[Details]) -> Start:
    return lambda saleor: saleor.shop.place_draft(*items, **details)


def imported(*items: Item | Amount, charged: Amount | None = None, **details: Unpack[Details]) -> Start:
    return lambda saleor: saleor.shop.import_order(*items, charged=charged, **details)


def till(operation: Callable[Concatenate[Till, str, P], None], *args: P.args, **kwargs: P.kwargs) -> Step:
    """Make a step of something that happens to money."""
    return lambda saleor, order_id: operation(saleor.till, order_id, *args, **kwargs)


def shop(operation: Callable[Concatenate[Shop, str, P], None], *args: P.args, **kwargs: P.kwargs) -> Step:
    """Make a step of something that staff do."""
    return lambda saleor, order_id: operation(saleor.shop, order_id, *args, **kwargs)


def exchanged(*steps: Step, quantity: int | None = None) -> Step:
    """Replace goods, and take further steps with the new order."""

    def exchange(saleor: StandInSaleor, order_id: str) -> None:
        replacing = saleor.goods.exchange(order_id, quantity=quantity)
        for step in steps:
            step(saleor, replacing)

    return exchange


def bought_again(*items: Item | Amount, **details: Unpack[Details]) -> Step:
    """Place another order, paid in advance."""

    def buy(saleor: StandInSaleor, _order_id: str) -> None:
        saleor.shop.place_paid_order(*items, **details)

    return buy


def goods(operation: Callable[Concatenate[Goods, str, P], None], *args: P.args, **kwargs: P.kwargs) -> Step:
    """Make a step of something that happens to goods."""
    return lambda saleor, order_id: operation(saleor.goods, order_id, *args, **kwargs)
