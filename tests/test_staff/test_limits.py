"""Limits of what staff change by hand: what is above one waits for somebody else, and is made once or never."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from app.bootstrap import build_services
from app.db.tables import AdjustmentRow, ApprovalRequestRow, StaffDayRow
from app.errors import BadRequest
from app.settings import load_settings
from app.usecases.merchants.adjust_points import FormOutcome, adjust_customer, adjust_order, write_off
from app.usecases.merchants.change_store import change_store
from app.usecases.merchants.decide_request import decide_request
from app.usecases.merchants.move_customer import move_customer
from app.usecases.merchants.read_log import read_log
from app.usecases.operating.create_store import create_store
from app.usecases.operating.erase_customer import erase_customer
from app.usecases.operating.verify_books import verify_books
from app.usecases.services import Services
from tests.clock import MovableClock
from tests.test_settling.test_refunds import ADA, paid_order, refund, spend
from tests.test_staff.test_decisions import number_of, settle_all_customers, slug
from tests.world import SECRET_KEY, World

EVE, BOB = "eve@shop.example", "bob@shop.example"


def limit(world: World, *, change: int | None = None, day: int | None = None) -> None:
    change_store(world.services, slug(world), staff_change_max=change, staff_day_max=day)


def requests_of(services: Services) -> list[ApprovalRequestRow]:
    with services.database.reading() as session:
        return list(session.exec(select(ApprovalRequestRow).order_by(ApprovalRequestRow.id)))  # type: ignore[arg-type]


def give(world: World, points: int, who: str = EVE, email: str = ADA) -> bool:
    adjusted = adjust_customer(world.services, slug(world), email, points=points, reason="sorry", who=who)
    assert adjusted is not None
    settle_all_customers(world)
    return not adjusted.waits_for_approval


def decide(world: World, asked: ApprovalRequestRow, *, approves: bool = True, who: str = BOB) -> None:
    decide_request(world.services, slug(world), asked.id or 0, approves=approves, reason="I saw it", who=who)
    settle_all_customers(world)


@pytest.mark.parametrize("points", [101, -101, 2**31 - 1])
def test_a_change_above_the_limit_is_not_made_but_asked_for(world: World, points: int) -> None:
    limit(world, change=100)

    assert not give(world, points)

    [asked] = requests_of(world.services)
    assert (asked.points, asked.exceeds, asked.state, asked.asked_by) == (points, "change", "waiting", EVE)
    assert world.balance(ADA).available == 0


def test_a_change_within_the_limits_is_made_at_once(world: World) -> None:
    limit(world, change=100, day=200)

    assert give(world, 100)

    assert world.balance(ADA).available == 100
    assert requests_of(world.services) == []


def test_gifts_and_takings_of_one_person_and_day_are_added_up_by_their_size(world: World) -> None:
    limit(world, day=100)

    assert give(world, 60)
    assert give(world, -40)
    assert not give(world, 1)
    assert give(world, 100, who=BOB)

    world.clock.advance(days=1)
    assert give(world, 100)


def test_an_order_is_held_to_the_same_limits(world: World) -> None:
    order_id = paid_order(world)
    limit(world, change=10)

    outcome = adjust_order(world.services, slug(world), number_of(world, order_id), points=11, reason="late", who=EVE)
    world.settle()
    before = world.order(order_id).granted
    decide(world, requests_of(world.services)[0])
    world.settle()

    assert outcome is FormOutcome.WAITS
    assert world.order(order_id).granted == before + 11


def test_a_write_off_above_the_limit_waits_too(world: World) -> None:
    order_id = spend_all_and_refund(world)
    limit(world, change=10)

    assert write_off(world.services, slug(world), number_of(world, order_id), who=EVE).outcome is FormOutcome.WAITS
    assert world.order(order_id).shortfall == 60
    decide(world, requests_of(world.services)[0])

    assert world.order(order_id).shortfall == 0


def spend_all_and_refund(world: World) -> str:
    """Leave an order that lacks 60 points: its customer has spent them."""
    order_id = paid_order(world)
    world.claim(order_id)
    world.settle()
    spend(world, world.balance(ADA).available)
    refund(world, order_id, "60")
    assert world.order(order_id).shortfall == 60
    return order_id


def test_an_approved_change_is_made_once_and_names_who_asked(world: World) -> None:
    limit(world, change=10)
    give(world, 50)
    [asked] = requests_of(world.services)

    decide(world, asked)
    with pytest.raises(BadRequest, match="decided this before"):
        decide(world, asked, who="carol@shop.example")

    assert world.balance(ADA).available == 50
    with world.services.database.reading() as session:
        [made] = session.exec(select(AdjustmentRow))
    assert (made.made_by, made.request_id, made.counted_on) == (EVE, asked.id, None)


def test_a_refused_change_is_never_made(world: World) -> None:
    limit(world, change=10)
    give(world, 50)

    decide(world, requests_of(world.services)[0], approves=False)
    with pytest.raises(BadRequest, match="decided this before"):
        decide(world, requests_of(world.services)[0])

    assert world.balance(ADA).available == 0
    assert requests_of(world.services)[0].decision_reason == "I saw it"


def test_nobody_approves_what_they_asked_for_but_they_can_take_it_back(world: World) -> None:
    limit(world, change=10)
    give(world, 50)
    [asked] = requests_of(world.services)

    with pytest.raises(BadRequest, match="somebody else"):
        decide(world, asked, who=EVE)
    decide(world, asked, approves=False, who=EVE)

    assert world.balance(ADA).available == 0


def test_a_request_of_another_store_is_not_found(world: World) -> None:
    limit(world, change=10)
    give(world, 50)
    other = create_store(world.services, "Other")

    with pytest.raises(BadRequest, match="no such request"):
        decide_request(world.services, other, requests_of(world.services)[0].id or 0, approves=True, reason="x", who=BOB)


def test_an_erased_customers_request_is_refused_and_names_nobody(world: World) -> None:
    limit(world, change=10)
    give(world, 50)

    erase_customer(world.services, slug(world), ADA)

    [asked] = requests_of(world.services)
    assert asked.state == "refused"
    assert ADA not in f"{asked.email} {asked.email_key}"


def test_the_log_names_a_write_off_and_gives_it_no_sign(world: World) -> None:
    order_id = spend_all_and_refund(world)
    limit(world, change=10)

    write_off(world.services, slug(world), number_of(world, order_id), who=EVE)
    decide(world, requests_of(world.services)[0])

    said = [entry.message for entry in read_log(world.services, world.store().id or 0).entries]
    assert any("A write-off of 60 points needs approval" in one for one in said)
    assert any("A write-off of 60 points was approved" in one for one in said)
    assert not any("+60 points" in one for one in said)


def test_nobody_is_given_points_of_an_erased_customers_order(world: World) -> None:
    order_id = paid_order(world)
    limit(world, change=10)
    number = number_of(world, order_id)
    adjust_order(world.services, slug(world), number, points=50, reason="late", who=EVE)
    adjust_order(world.services, slug(world), number, points=-50, reason="a mistake", who=EVE)

    erase_customer(world.services, slug(world), ADA)

    assert [asked.state for asked in requests_of(world.services)] == ["refused", "waiting"]
    for points in (5, 50):
        with pytest.raises(BadRequest, match="was erased"):
            adjust_order(world.services, slug(world), number, points=points, reason="late", who=EVE)


def test_an_approved_gift_for_an_erased_customers_order_is_not_said_to_be_given(world: World) -> None:
    order_id = paid_order(world)
    limit(world, change=10)
    adjust_order(world.services, slug(world), number_of(world, order_id), points=50, reason="late", who=EVE)
    erase_customer(world.services, slug(world), ADA)
    with world.services.database.writing() as session:
        # As the version before leaves it.
        waiting = "state = 'waiting', decided_by = NULL, decided_at = NULL, decision_reason = NULL"
        session.connection().execute(text(f"UPDATE approval_request SET {waiting}"))

    with pytest.raises(BadRequest, match="Nothing was given"):
        decide(world, requests_of(world.services)[0])

    assert requests_of(world.services)[0].state == "waiting"


def test_a_moved_customers_request_gives_nothing_to_the_old_address(world: World) -> None:
    limit(world, change=10)
    give(world, 5)
    give(world, 50)
    world.clock.advance(seconds=1)
    move_customer(world.services, slug(world), ADA, "ada@new.example", reason="a new address", who=BOB)
    settle_all_customers(world)

    with pytest.raises(BadRequest, match="moved to another address"):
        decide(world, requests_of(world.services)[0])
    decide(world, requests_of(world.services)[0], approves=False)

    assert world.balance(ADA).available == 0


def move(world: World, to_email: str = "ada@new.example", *, holds_limits: bool = True, email: str = ADA) -> None:
    move_customer(world.services, slug(world), email, to_email, reason="typo", who=EVE, holds_limits=holds_limits)
    settle_all_customers(world)


@pytest.mark.parametrize("limits", [{"change": 40}, {"day": 59}])
def test_a_move_above_a_limit_is_left_to_those_who_set_the_limits(world: World, limits: dict[str, int]) -> None:
    give(world, 60, who=BOB)
    limit(world, **limits)

    with pytest.raises(BadRequest, match="Moving 60 points is above a limit"):
        move(world)
    assert world.balance(ADA).available == 60
    move(world, holds_limits=False)

    assert world.balance("ada@new.example").available == 60


def test_points_that_wait_count_as_moved(world: World) -> None:
    paid_order(world)
    limit(world, change=99)

    with pytest.raises(BadRequest, match="Moving 100 points is above a limit"):
        move(world)


def test_moves_and_gifts_of_one_day_are_added_up(world: World) -> None:
    give(world, 60, who=BOB)
    limit(world, day=100)

    move(world)

    assert not give(world, 41)
    assert give(world, 40)
    assert differences(world.services) == ""


def test_a_new_store_has_limits_and_no_order_manager_gives_two_billion(world: World) -> None:
    store = world.store()

    assert (store.staff_change_max, store.staff_day_max) == (10_000, 50_000)
    assert not give(world, 2_000_000_000)


def test_the_table_refuses_what_is_above_the_limit_in_force(world: World) -> None:
    row = AdjustmentRow(
        store_id=world.store().id or 0, email_key=ADA, points=-11, points_max=10, reason="r", made_by=EVE, made_at=world.clock()
    )

    with pytest.raises(IntegrityError), world.services.database.writing() as session:
        session.add(row)


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, clock: MovableClock) -> Iterator[Services]:
    """A points service of its own, on each database."""
    fresh: Callable[[], str] = request.getfixturevalue(f"fresh_{request.param}")
    services = build_services(load_settings({"DATABASE_URL": fresh(), "SECRET_KEY": SECRET_KEY}), clock=clock)
    create_store(services, "Shop")
    with closing(services.database):
        yield services


def test_twenty_changes_at_once_do_not_pass_the_limit_of_a_day(shop: Services) -> None:
    change_store(shop, "shop", staff_day_max=50)

    def give_ten(number: int) -> bool:
        adjusted = adjust_customer(shop, "shop", f"c{number}@example.com", points=10, reason="sorry", who=EVE)
        return adjusted is not None and not adjusted.waits_for_approval

    with ThreadPoolExecutor(20) as pool:
        made = list(pool.map(give_ten, range(20)))

    assert made.count(True) == 5
    assert len(requests_of(shop)) == 15
    with shop.database.reading() as session:
        assert [day.points for day in session.exec(select(StaffDayRow))] == [50]
        assert session.connection().execute(text("SELECT sum(available) FROM points_customer")).scalar_one() == 50


def test_of_two_who_approve_at_once_one_makes_the_change(shop: Services) -> None:
    adjust_customer(shop, "shop", ADA, points=20_000, reason="sorry", who=EVE)
    [asked] = requests_of(shop)

    def approve(who: str) -> bool:
        try:
            decide_request(shop, "shop", asked.id or 0, approves=True, reason="yes", who=who)
        except BadRequest:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(approve, [f"boss{number}@shop.example" for number in range(8)]))

    assert done.count(True) == 1
    with shop.database.reading() as session:
        assert session.connection().execute(text("SELECT sum(available) FROM points_customer")).scalar_one() == 20_000


TAMPERINGS = {
    "UPDATE adjustment SET counted_on = NULL, points_max = NULL, points = 11 WHERE request_id IS NULL": "above the limit of 10",
    "UPDATE adjustment SET points = 51 WHERE request_id IS NOT NULL": "was not approved for as many",
    "UPDATE approval_request SET state = 'refused'": "was not approved for as many",
    "UPDATE staff_day SET points = 9": "changed 10 points by hand",
    "DELETE FROM staff_day": "0 are counted",
}


@pytest.mark.parametrize(("statement", "said"), TAMPERINGS.items())
def test_verify_finds_what_went_past_the_limits(shop: Services, clock: MovableClock, statement: str, said: str) -> None:
    change_store(shop, "shop", staff_change_max=10, staff_day_max=20)
    clock.advance(minutes=1)
    for points in (10, 50):
        adjust_customer(shop, "shop", ADA, points=points, reason="sorry", who=EVE)
    decide_request(shop, "shop", requests_of(shop)[0].id or 0, approves=True, reason="yes", who=BOB)
    assert differences(shop) == ""

    with shop.database.writing() as session:
        session.connection().execute(text(statement))

    assert said in differences(shop)


def differences(services: Services) -> str:
    return " ".join(said for verified in verify_books(services) for said in verified.differences if "adjustment" in said)
