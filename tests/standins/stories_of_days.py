"""Under which spelling of their address people order, and on which day where the shop is: the points are right all the same."""

from datetime import UTC, date, datetime

from tests.standins.saleor.till import Till
from tests.standins.stories_of_people import ADA, AT_ONCE, BOB, Deed, People, StoryOfPeople, claimed, days, money, moved
from tests.standins.story import Start, imported, prepaid

# One domain as people write it, and as a name server has it; one name composed, and decomposed; one name with and without ß.
MUNICH, MUNICH_IN_ASCII = "user@münchen.de", "user@xn--mnchen-3ya.de"
RENE, RENE_DECOMPOSED = "ren\u00e9@example.com", "rene\u0301@example.com"
STRASSE, STRASSE_IN_ASCII = "Straße@example.com", "strasse@example.com"
# The spellings that are one person, by the one under which a story says what the person has.
SPELLINGS = {MUNICH: (MUNICH_IN_ASCII,), RENE: (RENE_DECOMPOSED,), STRASSE: (STRASSE_IN_ASCII,)}

FIRST_OF_MAY = date(2026, 5, 1)


def zone(name: str) -> Deed:
    return lambda people, _order_id: people.set_time_zone(name)


def awarded_since(day: date) -> Deed:
    return lambda people, _order_id: people.award_since(day)


def ordered_as(email: str, amount: str) -> Deed:
    def order(people: People, _order_id: str) -> None:
        people.saleor().shop.place_paid_order(amount, email=email)

    return order


def _before_the_installation(day: int, month: int, hour: int, minute: int = 0) -> Start:
    """Import an order of 60 that was created at this moment of 2026, in UTC."""
    return imported("60", charged="60", email=ADA, created=datetime(2026, month, day, hour, minute, tzinfo=UTC))


def _in_zone(name: str, start: Start, what: str, points: int) -> StoryOfPeople:
    held = {ADA: points} if points else {}
    return StoryOfPeople(f"{what}, {name}", start, (zone(name), awarded_since(FIRST_OF_MAY)), points, held)


SPELLED = tuple(
    story
    for one, (other,) in SPELLINGS.items()
    for story in (
        StoryOfPeople(f"{one} orders again as {other!a}", prepaid("60", email=one), (ordered_as(other, "50"),), 110, {one: 110}),
        StoryOfPeople(
            f"{one} orders again as {other!a}, and the first order is refunded",
            prepaid("60", email=one),
            (claimed, ordered_as(other, "50"), money(Till.refund, "60")),
            50,
            {one: 50},
        ),
        StoryOfPeople(
            f"{other!a} orders, is moved, and all is refunded",
            prepaid("60", email=other),
            (claimed, moved(other, BOB), money(Till.refund, "60")),
            0,
            {},
        ),
        StoryOfPeople(
            f"{one} is credited at once, and orders again as {other!a}",
            prepaid("60", email=one),
            (ordered_as(other, "50"), money(Till.refund, "25")),
            85,
            {one: 85},
            AT_ONCE,
        ),
    )
)

# The first of May begins at another moment in every zone; orders from before the installation count from it on.
ZONES = (
    _in_zone("Europe/Berlin", _before_the_installation(30, 4, 22, 30), "half past midnight on the first day", 60),
    _in_zone("Europe/Berlin", _before_the_installation(30, 4, 21, 30), "half an hour before the first day", 0),
    _in_zone("America/New_York", _before_the_installation(1, 5, 4, 30), "half past midnight on the first day", 60),
    _in_zone("America/New_York", _before_the_installation(1, 5, 1), "nine in the evening before the first day", 0),
    _in_zone("Pacific/Kiritimati", _before_the_installation(30, 4, 10, 30), "half past midnight on the first day", 60),
    StoryOfPeople(
        "awarded from a day on, twice, and then refunded in part",
        _before_the_installation(1, 5, 9),
        (awarded_since(FIRST_OF_MAY), awarded_since(FIRST_OF_MAY), days(1), money(Till.refund, "15")),
        45,
        {ADA: 45},
    ),
    StoryOfPeople(
        "awarded from an earlier day on, and then from a later one",
        _before_the_installation(1, 5, 9),
        (awarded_since(FIRST_OF_MAY), awarded_since(date(2026, 5, 3))),
        60,
        {ADA: 60},
    ),
)

STORIES_OF_DAYS = (*SPELLED, *ZONES)
