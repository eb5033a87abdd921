"""Orders that an older version settled, of every kind that is counted otherwise since, brought to this version's tables.

Neither the upgrade nor the next note on an order moves any: each keeps the arithmetic by which it was settled.
"""

from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import zip_longest
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import func, update
from sqlmodel import col, select

from app.db.engine import Database
from app.db.migrations import MIGRATIONS, migrate
from app.db.tables import AdjustmentRow, GoneRow, OrderRow, RuleRow
from app.domain.arithmetic_versions import FIRST, NEWEST
from app.domain.store import AccountKind
from app.usecases.merchants.adjust_points import adjust_customer
from app.usecases.moving.move_waiting import move_waiting
from app.usecases.operating.renew_keys import renew_keys
from app.usecases.operating.verify_books import verify_books
from app.usecases.settling.settle_orders import settle_orders
from app.usecases.settling.sweep_orders import sweep_orders
from tests.standins.stories import STORIES
from tests.standins.stories_of_people import ADA, BOB, STORIES_OF_PEOPLE, StoryOfPeople, decided
from tests.test_settling.test_arithmetic_versions import as_settled_by_an_older_app
from tests.test_settling.test_refunds import give, spend
from tests.test_settling.test_stories_of_people import Told
from tests.world import BATCHES_MAX, World

# Before each order had a version of the arithmetic; and before what is gone had a table. Customers could be moved by then.
BEFORE_VERSIONS, BEFORE_GONE = "0013", "0023"
KINDS = {
    "all goods are exchanged, marked as paid",
    "one of three is exchanged",
    "mostly by gift card, 5 refunded",
    "all by gift card, two of three returned",
    "unconfirmed and edited, so that Saleor forgets the gift card, then paid",
    "returned for a gift card, which buys again",
    "a draft begun before the installation and placed after it",
    "unconfirmed, and goods are swapped for a gift card",
    "a cap and a refund",
}
KINDS_OF_PEOPLE = {
    "a claim of 40 is withdrawn, refunded, given",
    "a claim of 40 is refunded, withdrawn, given",
    "more is taken than is there, then 50 are given",
}
MOVED = {"moved, then refunded in part", "moved while the claim waits"}
WAITING = "another order waits until staff say what became of a lost answer"
# Above what money paid where a gift card paid most, and below the orders whose claims staff withdraw.
LEAST_TOTAL, NET = {"minimum_total": Decimal(30)}, {"include_tax": False}
# An option that the first arithmetic did not have.
CARDS_EARN_NOTHING = {"exclude_gift_cards": True}
# What the shopper has done with the points of each order, or time has.
STATES = ("open", "opened", "taken", "spent", "credited", "ran out")


@dataclass
class OldWorld(World):
    """A world whose app settles by this version of the arithmetic, and does not know what is gone."""

    arithmetic: int = FIRST

    def settle(self) -> None:
        for _ in range(BATCHES_MAX):
            with self.services.database.writing() as session:
                is_new = col(OrderRow.arithmetic).is_(None)
                session.execute(update(OrderRow).where(is_new).values(arithmetic=self.arithmetic))
                session.execute(update(AdjustmentRow).values(arithmetic=None))
            if not settle_orders(self.services):
                return
        raise AssertionError("settling comes to no end")

    def deliver(self, **_options: Any) -> None:
        """Lose what is delivered, and let the sweep find it: many orders change, and a sweep reads them all at once."""
        self.saleor.deliveries.lose(lambda _delivery: True)
        list(sweep_orders(self.services, every=timedelta(0)))
        self.settle()

    def touch_points(self, state: str) -> None:
        """Do with the points of all orders what the shopper does in this state."""
        for order in self.orders():
            if state in {"taken", "spent"}:
                with suppress(ValueError):  # Taken already, which a provider that shows no claims tells nobody.
                    self.claim_what_waits(order.saleor_order_id)
            elif state == "opened" and self.metadata(order.saleor_order_id).get("points_status") == "ready":
                self.follow(order.saleor_order_id)


def play(world: OldWorld, state: str) -> None:
    """Take one step of every story, then the next of every story, and look after each."""
    steps = zip_longest(*(story.play(world.saleor) for story in STORIES if story.name in KINDS))
    for _ in steps:
        world.deliver()
        world.touch_points(state)


def play_people(world: OldWorld, story: StoryOfPeople) -> None:
    told = Told(world, is_prompt=True)
    order_id = story.start(world.saleor)
    for deed in story.deeds:
        if deed is not decided:
            deed(told, order_id)
            told.look()


def leave_orders(world: OldWorld, state: str, rule: Mapping[str, Any]) -> None:
    """Have an older version settle an order of each kind by this rule, and leave it in this state."""
    with world.services.database.writing() as session:
        award = "instant" if state == "credited" else "claim"
        session.execute(update(RuleRow).values(award=award, expires_days=10, maximum_points=100, **rule))
    play(world, state)
    if world.arithmetic == FIRST:
        move_by_hand(world)
    names = names_of_people(world, state)
    for one in STORIES_OF_PEOPLE:
        if one.name in names:
            play_people(world, one)
    world.touch_points(state)
    if state == "spent":
        spend(world, world.balance(ADA).available)
    if state == "ran out":
        world.clock.advance(days=13)
    world.deliver()


def names_of_people(world: OldWorld, state: str) -> set[str]:
    """Choose the stories of people that an older version could have had in this state."""
    if state == "credited":
        return {WAITING} if world.account().kind == AccountKind.COGGINS else set()
    return KINDS_OF_PEOPLE | (MOVED if world.arithmetic == NEWEST else set())


def move_by_hand(world: World) -> None:
    """Move a customer as staff did before there were moves: by two changes of balances."""
    give(world, 9)
    for email, points in ((ADA, -9), (BOB, 9)):
        adjust_customer(world.services, world.store().slug, email, points=points, reason="a new address", who="Ann")
    while move_waiting(world.services):
        pass


def upgrade(world: World, from_revision: str) -> None:
    """Bring the database to the tables of an older version, with its rows, and to this version's again."""
    world.services.database.engine.dispose()
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with closing(Database(world.settings.database_url)) as database:
        with database.engine.connect() as connection:
            if database.is_sqlite:
                connection.execution_options(begin_immediate=True)
            config.attributes["connection"] = connection
            command.downgrade(config, from_revision)
            connection.commit()
        migrate(database)
        renew_keys(database, world.clock())


def standing(world: World) -> dict[str, Any]:
    """Give all that an order's points are, here, at the provider and in Saleor, by its number."""
    return {
        **{f"balance of {email}": world.balance(email) for email in (ADA, BOB, "shopper@example.com")},
        **{
            f"order {order.number}": (
                *(order.due, order.granted, order.shortfall, order.problem_code, order.status),
                [(one.kind, one.state, one.points, one.email) for one in world.movements(order.saleor_order_id)],
                sorted((claim.state, claim.points, claim.email or "") for claim in world.claims(order.saleor_order_id)),
                world.metadata(order.saleor_order_id),
            )
            for order in world.orders()
        },
    }


def gone(world: World) -> int:
    with world.services.database.reading() as session:
        return session.exec(select(func.count()).select_from(GoneRow)).one()


@pytest.mark.parametrize(
    ("from_revision", "state", "rule"),
    [
        *((BEFORE_VERSIONS, state, {}) for state in STATES),
        *((BEFORE_GONE, state, {}) for state in ("open", "taken", "credited")),
        *((BEFORE_VERSIONS, "taken", rule) for rule in (LEAST_TOTAL, NET)),
        *((BEFORE_GONE, "taken", rule) for rule in (LEAST_TOTAL, NET, CARDS_EARN_NOTHING)),
    ],
)
def test_neither_the_upgrade_nor_the_next_note_moves_a_settled_order(
    world: World, from_revision: str, state: str, rule: Mapping[str, Any]
) -> None:
    old = OldWorld(**vars(world), arithmetic=FIRST if from_revision == BEFORE_VERSIONS else NEWEST)
    leave_orders(old, state, rule)
    before = standing(world)
    assert len(before) > len(KINDS)
    if from_revision == BEFORE_VERSIONS:
        as_settled_by_an_older_app(world)

    upgrade(world, from_revision)
    world.settle()
    assert standing(world) == before

    for order in world.orders():
        world.saleor.shop.add_note(order.saleor_order_id)
    world.deliver()
    world.clock.advance(minutes=1)
    list(sweep_orders(world.services, every=timedelta(0)))
    world.settle()

    assert standing(world) == before
    assert gone(world) == 0
    assert [difference for verified in verify_books(world.services) for difference in verified.differences] == []
