"""Each story of shoppers, staff and time ends on the same points, whether somebody looks after every step or hardly ever."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from sqlalchemy import update

from app.db.tables import RuleRow
from app.domain.store import AccountKind
from app.usecases.merchants.adjust_points import adjust_order
from app.usecases.merchants.continue_moves import continue_moves
from app.usecases.merchants.move_customer import move_customer
from app.usecases.merchants.void_claim import void_claim
from app.usecases.moving.move_waiting import move_waiting
from app.usecases.moving.resolve_movement import resolve_movement, unknown_movements
from app.usecases.operating.verify_books import verify_books
from app.usecases.settling.award_since import award_since
from tests.clock import MovableClock
from tests.standins import faults
from tests.standins.coggins import StandInCoggins
from tests.standins.saleor import SigningKey, StandInSaleor
from tests.standins.stories_of_days import SPELLINGS, STORIES_OF_DAYS
from tests.standins.stories_of_people import ADA, BOB, EVE, RUNNING_OUT, STORIES_OF_PEOPLE, StoryOfPeople
from tests.test_settling.test_provider_faults import provider as provider_of
from tests.test_settling.test_refunds import give
from tests.world import World, open_world

WHO = "Grace, support"


@dataclass
class Told:
    """The people of a story in a world of the tests. A worker looks after every step if it `is_prompt`."""

    world: World
    is_prompt: bool

    def saleor(self) -> StandInSaleor:
        return self.world.saleor

    def look(self) -> None:
        """Do what the worker does until nothing waits now."""
        self.world.deliver()
        while move_waiting(self.world.services) or continue_moves(self.world.services):
            self.world.settle()

    def wait(self, days: int) -> None:
        self.look()
        for _ in range(days):
            self.world.clock.advance(days=1)
            if self.is_prompt:
                self.look()

    def claim(self, order_id: str) -> None:
        self.look()
        self.world.claim(order_id)

    def follow(self, order_id: str) -> None:
        self.look()
        self.world.follow(order_id)

    def give(self, order_id: str, points: int) -> None:
        if all(order.saleor_order_id != order_id for order in self.world.orders()):
            self.look()
        adjust_order(self.world.services, self._slug, order_id, points=points, reason="sorry", who=WHO)

    def withdraw(self, order_id: str) -> None:
        self.look()
        [claim] = [claim for claim in self.world.claims(order_id) if claim.state == "open" and claim.points > 0]
        void_claim(self.world.services, self.world.store().id or 0, claim.id, reason="fraud", who=WHO)

    def move(self, from_email: str, to_email: str) -> None:
        self.look()
        self.world.clock.advance(seconds=1)
        move_customer(self.world.services, self._slug, from_email, to_email, reason="a new address", who=WHO)
        self.look()
        self.world.clock.advance(seconds=1)

    def lose_answer(self) -> None:
        if self.world.account().kind == AccountKind.COGGINS:
            provider_of(self.world).faults.once(faults.after_acting(faults.cut()), on="instant")
        self.look()

    def give_elsewhere(self, email: str, points: int) -> None:
        assert email == ADA
        give(self.world, points)

    def decide(self) -> None:
        for _ in range(3):
            self.look()
            self.world.clock.advance(minutes=11)
        unknown = unknown_movements(self.world.services)
        assert len(unknown) == (self.world.account().kind == AccountKind.COGGINS)
        for one in unknown:
            resolve_movement(self.world.services, one.id, happened=True, who=WHO)
        self.look()
        self.world.clock.advance(seconds=3)

    def set_time_zone(self, name: str) -> None:
        self.world.change_store(time_zone=name)

    def award_since(self, day: date) -> None:
        list(award_since(self.world.services, self._slug, day))

    @property
    def _slug(self) -> str:
        return self.world.store().slug


def says(world: World) -> int:
    return sum(int(world.metadata(order.saleor_order_id).get("points_amount", "0")) for order in world.orders())


def held_by(world: World, person: str) -> int:
    """Give what a person has under all spellings: one balance of embedded points; at Coggins each spelling may have its own."""
    spellings = (person, *SPELLINGS.get(person, ()))
    if world.coggins is not None:
        books = world.coggins.books()
        return sum({email.casefold(): books.balance(email).available for email in spellings}.values())
    [points] = {world.balance(email).available for email in spellings}
    return points


def ends_right(world: World, story: StoryOfPeople, *, is_prompt: bool) -> None:
    """Play a story, and compare."""
    told = Told(world, is_prompt)
    if story.rule:
        with world.services.database.writing() as session:
            session.execute(update(RuleRow).values(story.rule))
    order_id = story.start(world.saleor)

    for deed in story.deeds:
        deed(told, order_id)
        if is_prompt:
            told.look()
    told.look()

    assert says(world) == story.says
    for order in world.orders():
        world.claim_what_waits(order.saleor_order_id)
    told.look()
    assert {person: points for person in (ADA, BOB, EVE, *SPELLINGS) if (points := held_by(world, person))} == story.held
    for order in world.orders():
        assert (order.due, order.shortfall, order.problem) == (order.granted, 0, None)
    assert [difference for verified in verify_books(world.services) for difference in verified.differences] == []


_told = pytest.mark.parametrize("is_prompt", [True, False], ids=["looked at often", "looked at seldom"])
ALL = (*STORIES_OF_PEOPLE, *STORIES_OF_DAYS)


@_told
@pytest.mark.parametrize("story", ALL, ids=lambda story: ascii(story.name))
def test_a_story_of_people_ends_right(world: World, story: StoryOfPeople, *, is_prompt: bool) -> None:
    ends_right(world, story, is_prompt=is_prompt)


@pytest.fixture(params=["embedded", "coggins"])
def provider(request: pytest.FixtureRequest) -> StandInCoggins | None:
    return request.getfixturevalue("coggins") if request.param == "coggins" else None


@pytest.fixture(params=[90, -90], ids=["our clock is ahead", "our clock is behind"])
def askew_world(
    request: pytest.FixtureRequest,
    database_url: str,
    clock: MovableClock,
    signing_key: SigningKey,
    provider: StandInCoggins | None,
) -> Iterator[World]:
    """A shop whose clock differs from ours since before the app was installed."""
    behind = timedelta(seconds=request.param)
    with (
        StandInSaleor(lambda: clock() - behind, key=signing_key) as saleor,
        open_world(database_url, clock, saleor, provider) as opened,
    ):
        opened.install()
        yield opened


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("story", RUNNING_OUT, ids=lambda story: story.name)
def test_a_story_ends_right_where_two_clocks_disagree(askew_world: World, story: StoryOfPeople) -> None:
    """Each begins with an order within seconds of the installation."""
    ends_right(askew_world, story, is_prompt=True)


def test_no_two_stories_of_people_have_the_same_name() -> None:
    assert len({story.name for story in ALL}) == len(ALL)
