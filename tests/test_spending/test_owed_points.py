"""Points that a reversed refund gave, and that the customer has spent: taken when points come, or settled by staff."""

from datetime import timedelta

import pytest
from sqlmodel import select

from app.db.tables import LogEntryRow, SpendRow
from app.errors import BadRequest
from app.usecases.merchants.adjust_points import adjust_customer
from app.usecases.merchants.move_customer import move_customer
from app.usecases.operating.housekeeping import do_housekeeping
from app.usecases.spending.settle_debt import look_for_debt, write_off_debt
from app.usecases.spending.spend_cause import OWED
from tests.test_spending.conftest import give
from tests.test_spending.paying import ADA, PayingShop
from tests.test_spending.test_looking_after import later, look_after
from tests.test_spending.test_reversed_refunds import move_on, refunded_order, undo
from tests.test_staff.command_line import typed
from tests.world import SECRET_KEY


def owing(shop: PayingShop) -> int:
    """Let Ada owe 1,300 points of a refund that was reversed. Gives the payment's number."""
    transaction_id = refunded_order(shop)
    checkout_id = shop.cart("18")
    shop.pay(checkout_id)
    shop.world.saleor.checkouts.complete(checkout_id)
    undo(shop, transaction_id)
    look_after(shop)
    assert (shop.points(), shop.returns()[0].owed) == ((0, 2_000), 1_300)
    return shop.spends()[0].id or 0


def given_up(shop: PayingShop) -> int:
    """Owe for 90 days."""
    number = owing(shop)
    for _ in range(14):
        later(shop, days=7)
    return number


def first(shop: PayingShop) -> SpendRow:
    return shop.spends()[0]


def test_a_rise_of_the_balance_takes_what_is_owed_before_anything_is_spent(shop: PayingShop) -> None:
    owing(shop)

    give(shop.world, ADA, 1_000)
    assert first(shop).look_at == shop.world.clock.now
    assert shop.pay(shop.cart("60"), "1").data["code"] == "no_points"
    look_after(shop)

    assert shop.points() == (0, 3_000)
    assert shop.returns()[0].owed == 300
    assert shop.differences() == []


def test_somebody_elses_points_wake_nobody(shop: PayingShop) -> None:
    owing(shop)
    rests_until = first(shop).look_at

    give(shop.world, "grace@example.com", 1_000)

    assert first(shop).look_at == rests_until


def test_what_comes_to_an_account_elsewhere_wakes_it_too(elsewhere: PayingShop) -> None:
    transaction_id = refunded_order(elsewhere)
    move_on(elsewhere)
    assert elsewhere.world.coggins is not None
    elsewhere.world.coggins.adjust(ADA, -1_800)
    undo(elsewhere, transaction_id)
    move_on(elsewhere)
    assert (elsewhere.points(), elsewhere.returns()[0].owed) == ((0, 0), 1_300)
    before = elsewhere.world.clock.now

    slug = elsewhere.world.store().slug
    adjust_customer(elsewhere.world.services, slug, ADA, points=400, reason="kind", who="Olga")
    move_on(elsewhere)

    assert elsewhere.world.clock.now - before < timedelta(hours=1)
    assert (elsewhere.points(), elsewhere.returns()[0].owed) == ((0, 0), 900)


def test_housekeeping_leaves_a_debt_to_its_time(shop: PayingShop) -> None:
    owing(shop)
    later(shop, hours=1)
    rests_until = first(shop).look_at

    do_housekeeping(shop.world.services)

    assert first(shop).look_at == rests_until
    begun = shop.returns()[0].cancelled_at
    assert begun is not None
    assert rests_until == begun + timedelta(hours=6)


def test_after_ninety_days_it_needs_a_person(shop: PayingShop) -> None:
    given_up(shop)

    assert (first(shop).problem_code, first(shop).look_at) == (OWED, None)
    assert shop.pay(shop.cart("60"), "1").data["code"] == "no_points"


def test_points_that_come_later_are_taken_all_the_same(shop: PayingShop) -> None:
    given_up(shop)

    give(shop.world, ADA, 2_000)
    look_after(shop)

    assert shop.points() == (700, 3_300)
    assert (first(shop).problem_code, first(shop).look_at) == (None, None)
    assert shop.differences() == []


def test_staff_let_it_go(shop: PayingShop) -> None:
    number, slug = given_up(shop), shop.world.store().slug

    assert write_off_debt(shop.world.services, slug, number, why="A mistake of ours.", who="Olga") == 1_300

    give(shop.world, ADA, 500)
    look_after(shop)
    assert shop.points() == (500, 2_000)
    assert (first(shop).problem_code, shop.returns()[0].let_go_points) == (None, 1_300)
    assert shop.differences() == []
    with shop.world.services.database.reading() as session:
        said = session.exec(select(LogEntryRow).where(LogEntryRow.code == "debt_written_off")).one()
    assert (said.made_by, "A mistake of ours." in said.message) == ("Olga", True)


def test_staff_look_again(shop: PayingShop) -> None:
    number, slug = given_up(shop), shop.world.store().slug

    assert look_for_debt(shop.world.services, slug, number, who="Olga") == 1_300
    look_after(shop)

    assert (first(shop).problem_code, first(shop).look_at) == (OWED, None)
    assert shop.points() == (0, 2_000)


def test_a_write_off_wants_a_reason_and_a_debt(shop: PayingShop) -> None:
    number, slug = owing(shop), shop.world.store().slug

    with pytest.raises(BadRequest, match="say why"):
        write_off_debt(shop.world.services, slug, number, why=" ", who="Olga")
    write_off_debt(shop.world.services, slug, number, why="A mistake.", who="Olga")
    with pytest.raises(BadRequest, match="Nothing is owed"):
        write_off_debt(shop.world.services, slug, number, why="A mistake.", who="Olga")
    with pytest.raises(BadRequest, match="Nothing is owed"):
        look_for_debt(shop.world.services, slug, number, who="Olga")
    with pytest.raises(BadRequest, match="no payment"):
        look_for_debt(shop.world.services, slug, 999, who="Olga")


def test_it_is_settled_by_command(shop: PayingShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", shop.world.settings.database_url)
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    number, slug = owing(shop), shop.world.store().slug

    looked = typed("spends", "owed", str(number), "--store", slug, "--look-again", "--who", "Olga")
    let_go = typed("spends", "owed", str(number), "--store", slug, "--write-off", "--why", "kind", "--who", "Olga")

    assert "1300 points are looked for again." in looked.output
    assert "1300 points are written off." in let_go.output


def test_what_is_owed_moves_with_the_customer(shop: PayingShop) -> None:
    owing(shop)
    move_customer(shop.world.services, shop.world.store().slug, ADA, "ada@new.example", who="Olga", reason="married")

    give(shop.world, "ada@new.example", 1_000)
    assert first(shop).look_at == shop.world.clock.now
    look_after(shop)

    assert shop.points("ada@new.example")[0] == 0
    assert shop.returns()[0].owed == 300
