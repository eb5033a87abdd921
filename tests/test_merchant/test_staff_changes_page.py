"""The page of staff's changes: who changed what, when and why, newest first."""

from sqlmodel import select

from app.db.tables import AdjustmentRow
from app.usecases.merchants.adjust_points import adjust_customer, adjust_order
from tests.test_merchant.calls import Desk, seen
from tests.test_settling.test_refunds import ADA, paid_order

EVE = "eve@example.com"


def give(desk: Desk, points: int, who: str, reason: str = "welcome") -> None:
    adjust_customer(desk.world.services, desk.world.store().slug, ADA, points=points, reason=reason, who=who)


def test_changes_of_customers_and_orders_are_listed_with_who_and_why(desk: Desk) -> None:
    order_id = paid_order(desk.world)
    give(desk, 30, EVE)
    adjust_order(desk.world.services, desk.world.store().slug, order_id, points=-5, reason="a mistake", who="bob@example.com")

    text = seen(desk.get("log/changes"))

    of_bob = f"bob@example.com \N{MINUS SIGN}5 #{desk.world.order(order_id).number} a mistake"
    of_eve = f"{EVE} +30 {ADA} welcome"
    assert of_bob in text
    assert of_eve in text
    assert text.index(of_bob) < text.index(of_eve)


def test_one_staff_users_changes_are_found(desk: Desk) -> None:
    give(desk, 30, EVE)
    give(desk, 7, "bob@example.com")

    text = seen(desk.get(f"log/changes?who={EVE}"))

    assert "+30" in text
    assert "+7" not in text
    assert "No changes by this staff user" in seen(desk.get("log/changes?who=nobody@example.com"))


def test_more_than_fifty_are_paged(desk: Desk) -> None:
    for number in range(52):
        give(desk, 1, EVE, reason=f"number {number}.")
    with desk.world.services.database.reading() as session:
        ids = sorted((row.id or 0 for row in session.exec(select(AdjustmentRow))), reverse=True)

    newest, older = desk.get("log/changes"), desk.get(f"log/changes?before={ids[49]}")

    assert f"before={ids[49]}" in newest.text
    assert "number 1." not in seen(newest)
    assert seen(older).count("number ") == 2


def test_nobody_without_manage_orders_sees_them(desk: Desk) -> None:
    assert Desk(desk.world, permissions=("MANAGE_APPS",)).get("log/changes").status_code == 403
