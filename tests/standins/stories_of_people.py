"""What shoppers and staff do with the points of an order, and what time does: how many points are left, and whose.

A story tells nobody when to look. The test that tells it looks after every step, or only where a person has to see something.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import permutations
from typing import Any, Protocol

from tests.standins.saleor import StandInSaleor
from tests.standins.saleor.shop import Shop
from tests.standins.saleor.till import Till
from tests.standins.story import Start, Step, ordered, prepaid, shop, till

ADA, BOB, EVE = "ada@example.com", "bob@example.com", "eve@example.com"


class People(Protocol):
    """Those around an order, who see what the app shows them."""

    def saleor(self) -> StandInSaleor: ...
    def claim(self, order_id: str) -> None: ...
    def follow(self, order_id: str) -> None: ...
    def give(self, order_id: str, points: int) -> None: ...
    def withdraw(self, order_id: str) -> None: ...
    def move(self, from_email: str, to_email: str) -> None: ...
    def wait(self, days: int) -> None: ...
    def lose_answer(self) -> None: ...
    def give_elsewhere(self, email: str, points: int) -> None: ...
    def decide(self) -> None: ...
    def set_time_zone(self, name: str) -> None: ...
    def award_since(self, day: date) -> None: ...


Deed = Callable[[People, str], None]


@dataclass(frozen=True)
class StoryOfPeople:
    """`says` is what all its orders say in the end, added up. `held` is what customers have once all that waits is claimed."""

    name: str
    start: Start
    deeds: tuple[Deed, ...]
    says: int
    held: Mapping[str, int]
    rule: Mapping[str, Any] = field(default_factory=dict)


def in_saleor(step: Step) -> Deed:
    return lambda people, order_id: step(people.saleor(), order_id)


def money(operation: Callable[..., None], *args: Any) -> Deed:
    return in_saleor(till(operation, *args))


def given(points: int) -> Deed:
    return lambda people, order_id: people.give(order_id, points)


def moved(from_email: str = ADA, to_email: str = BOB) -> Deed:
    return lambda people, _order_id: people.move(from_email, to_email)


def days(count: int) -> Deed:
    return lambda people, _order_id: people.wait(count)


def claimed(people: People, order_id: str) -> None:
    people.claim(order_id)


def link_opened(people: People, order_id: str) -> None:
    people.follow(order_id)


def withdrawn(people: People, order_id: str) -> None:
    people.withdraw(order_id)


def answer_lost(people: People, _order_id: str) -> None:
    people.lose_answer()


def decided(people: People, _order_id: str) -> None:
    people.decide()


def given_elsewhere(points: int) -> Deed:
    return lambda people, _order_id: people.give_elsewhere(ADA, points)


def ordered_too(amount: str) -> Deed:
    def order(people: People, _order_id: str) -> None:
        people.saleor().shop.place_paid_order(amount, email=ADA)

    return order


def _adas(amount: str) -> Start:
    return prepaid(amount, email=ADA)


TEN_DAYS = {"expires_days": 10}
AT_ONCE = {"award": "instant"}
OVER = days(13)

# Points that run out with a claim that nobody took: they are gone, and nothing brings them back.
RUNNING_OUT = (
    StoryOfPeople("a claim that nobody opens runs out", _adas("40"), (OVER,), 0, {}, TEN_DAYS),
    StoryOfPeople("a claim that is opened and left runs out", _adas("40"), (link_opened, OVER), 0, {}, TEN_DAYS),
    StoryOfPeople("a claim that is taken does not run out", _adas("40"), (claimed, OVER), 40, {ADA: 40}, TEN_DAYS),
    StoryOfPeople("it ran out, and staff give 5", _adas("40"), (OVER, given(5)), 5, {ADA: 5}, TEN_DAYS),
    StoryOfPeople(
        "it ran out, and the order grows to 60",
        prepaid("40", email=ADA, auto_confirm=False),
        (OVER, in_saleor(shop(Shop.edit_lines, "60")), money(Till.charge, "20")),
        20,
        {ADA: 20},
        TEN_DAYS,
    ),
    StoryOfPeople(
        "it ran out, and a refund is asked for and fails",
        _adas("40"),
        (OVER, money(Till.request_refund, "10"), money(Till.refund_failed)),
        0,
        {},
        TEN_DAYS,
    ),
    StoryOfPeople(
        "it was opened and ran out, and a refund is made and reversed",
        _adas("40"),
        (link_opened, OVER, money(Till.refund, "10"), money(Till.reverse_refund, "10")),
        0,
        {},
        TEN_DAYS,
    ),
    StoryOfPeople(
        "it ran out, the order grows to 60, and 30 are refunded",
        prepaid("40", email=ADA, auto_confirm=False),
        (OVER, in_saleor(shop(Shop.edit_lines, "60")), money(Till.charge, "20"), claimed, money(Till.refund, "30")),
        0,
        {},
        TEN_DAYS,
    ),
    StoryOfPeople(
        "it ran out twice, and staff give 5",
        prepaid("40", email=ADA, auto_confirm=False),
        (OVER, in_saleor(shop(Shop.edit_lines, "60")), money(Till.charge, "20"), OVER, given(5)),
        5,
        {ADA: 5},
        TEN_DAYS,
    ),
    StoryOfPeople(
        "it ran out, the customer is moved, and staff give 5", _adas("40"), (OVER, moved(), given(5)), 5, {BOB: 5}, TEN_DAYS
    ),
    StoryOfPeople("it ran out, and all is refunded", _adas("40"), (OVER, money(Till.refund, "40")), 0, {}, TEN_DAYS),
)

_IN_ANY_ORDER = {"withdrawn": withdrawn, "refunded": money(Till.refund, "15"), "given": given(10)}
WITHDRAWING = (
    *(
        # A gift that lies on the withdrawn link stays.
        StoryOfPeople(
            f"a claim of 40 is {', '.join(names)}",
            _adas("40"),
            tuple(map(_IN_ANY_ORDER.__getitem__, names)),
            10,
            {ADA: 10},
        )
        for names in permutations(_IN_ANY_ORDER)
    ),
    *(
        # A claimed gift is the customer's: what is withdrawn afterwards is only what waits.
        StoryOfPeople(
            f"a gift was claimed, then a claim of 40 is {', '.join(names)}",
            ordered("40", email=ADA),
            (given(10), claimed, money(Till.charge, "40"), *map(_IN_ANY_ORDER.__getitem__, names)),
            10,
            {ADA: 10},
        )
        for names in permutations(("withdrawn", "refunded"))
    ),
    StoryOfPeople("more is taken than is there, then 50 are given", _adas("20"), (given(-1000), given(50)), 50, {ADA: 50}),
    StoryOfPeople(
        "15 of 40 are taken, and 10 refunded", _adas("40"), (claimed, given(-15), money(Till.refund, "10")), 15, {ADA: 15}
    ),
    StoryOfPeople(
        "20 of a claim of 40 are taken, the rest is withdrawn, 15 refunded, and 10 given",
        _adas("40"),
        (given(-20), withdrawn, money(Till.refund, "15"), given(10)),
        10,
        {ADA: 10},
    ),
    StoryOfPeople(
        "withdrawn, and the order grows to 60",
        prepaid("40", email=ADA, auto_confirm=False),
        (withdrawn, in_saleor(shop(Shop.edit_lines, "60")), money(Till.charge, "20")),
        20,
        {ADA: 20},
    ),
    StoryOfPeople(
        "withdrawn, and a refund is asked for and fails",
        _adas("40"),
        (withdrawn, money(Till.request_refund, "15"), money(Till.refund_failed)),
        0,
        {},
    ),
)

MOVING = (
    StoryOfPeople("moved, then refunded in full", _adas("60"), (claimed, moved(), money(Till.refund, "60")), 0, {}),
    StoryOfPeople("moved, then refunded in part", _adas("60"), (claimed, moved(), money(Till.refund, "25")), 35, {BOB: 35}),
    StoryOfPeople("moved while the claim waits", _adas("60"), (moved(),), 60, {BOB: 60}),
    StoryOfPeople(
        "moved while the claim waits, then refunded",
        _adas("60"),
        (moved(), claimed, money(Till.refund, "60")),
        0,
        {},
    ),
    StoryOfPeople(
        "refunded in part, moved, and the refund is reversed",
        _adas("60"),
        (claimed, money(Till.refund, "20"), moved(), money(Till.reverse_refund, "20")),
        60,
        {BOB: 60},
    ),
    StoryOfPeople(
        "moved twice, then refunded", _adas("60"), (claimed, moved(), moved(BOB, EVE), money(Till.refund, "45")), 15, {EVE: 15}
    ),
    StoryOfPeople(
        "moved and back, then refunded", _adas("60"), (claimed, moved(), moved(BOB, ADA), money(Till.refund, "25")), 35, {ADA: 35}
    ),
    StoryOfPeople(
        "moved twice while the claim waits, then refunded in part",
        _adas("60"),
        (moved(), moved(BOB, EVE), money(Till.refund, "15")),
        45,
        {EVE: 45},
    ),
    StoryOfPeople(
        "moved, somebody else orders with the old address, moved back, and the first order is refunded",
        _adas("60"),
        (claimed, moved(), ordered_too("50"), moved(BOB, ADA), money(Till.refund, "60")),
        50,
        {ADA: 50},
    ),
    StoryOfPeople(
        "moved, and the order grows to 60",
        prepaid("40", email=ADA, auto_confirm=False),
        (claimed, moved(), in_saleor(shop(Shop.edit_lines, "60")), money(Till.charge, "20")),
        60,
        {BOB: 60},
    ),
    StoryOfPeople("credited at once, moved, then refunded", _adas("60"), (moved(), money(Till.refund, "60")), 0, {}, AT_ONCE),
    StoryOfPeople("moved, and staff take 20", _adas("60"), (claimed, moved(), given(-20)), 40, {BOB: 40}),
)

WAITING = (
    StoryOfPeople(
        "another order waits until staff say what became of a lost answer",
        _adas("100"),
        (answer_lost, given_elsewhere(7), ordered_too("50"), days(1), decided),
        150,
        {ADA: 157},
        AT_ONCE,
    ),
    StoryOfPeople(
        "an order that waited for staff is refunded before they decide",
        _adas("100"),
        (answer_lost, given_elsewhere(7), ordered_too("50"), days(1), money(Till.refund, "30"), decided),
        120,
        {ADA: 127},
        AT_ONCE,
    ),
)

STORIES_OF_PEOPLE = (*RUNNING_OUT, *WITHDRAWING, *MOVING, *WAITING)
