"""The customers page: a balance that is asked for live, and a change of it that happens once."""

from urllib.parse import quote, unquote

import pytest
from sqlmodel import select

from app.db.tables import AdjustmentRow
from app.usecases.moving.move_waiting import move_waiting
from tests.standins import faults
from tests.test_merchant.calls import Desk, notified, once_in, seen
from tests.test_settling.test_refunds import ADA, paid_order
from tests.world import World


def adjustments(world: World) -> list[AdjustmentRow]:
    with world.services.database.reading() as session:
        return list(session.exec(select(AdjustmentRow)))


def test_a_customer_is_found_with_balance_orders_and_movements(desk: Desk) -> None:
    order_id = paid_order(desk.world)
    desk.world.claim(order_id)

    text = seen(desk.get("customers?email= ADA@example.com "))

    assert "Available 100" in text
    assert f"#{desk.world.order(order_id).number}" in text
    assert "Claimed +100 100" in text


def test_a_customer_nobody_knows_has_nothing(desk: Desk) -> None:
    text = seen(desk.get("customers?email=nobody@example.com"))

    assert "Available 0" in text
    assert "does not know this address yet" in text


def test_what_is_no_address_is_refused_beside_the_field(desk: Desk) -> None:
    answer = desk.get("customers/%3Cscript%3E")

    assert answer.status_code == 422
    assert 'id="email-error"' in answer.text
    assert 'value="&lt;script&gt;"' in answer.text


def test_the_balance_is_asked_of_coggins(coggins_desk: Desk) -> None:
    world = coggins_desk.world
    assert world.coggins is not None
    world.coggins.adjust(ADA, 77)

    assert "Available 77" in seen(coggins_desk.get(f"customers?email={ADA}"))


@pytest.mark.parametrize(
    ("fault", "said"),
    [(faults.status(401), "does not accept our API key"), (faults.status(503), "not known now"), (faults.cut(), "was cut")],
)
def test_a_provider_that_does_not_tell_is_said_and_the_books_are_shown(
    coggins_desk: Desk, fault: faults.Fault, said: str
) -> None:
    world = coggins_desk.world
    order_id = paid_order(world)
    assert world.coggins is not None
    world.coggins.faults.once(fault, on="lookup")

    answer = coggins_desk.get(f"customers?email={ADA}")

    assert answer.status_code == 200
    assert "The balance is not known now" in seen(answer)
    assert said in seen(answer)
    assert f"#{world.order(order_id).number}" in seen(answer)


def test_a_balance_is_changed_with_a_reason_once(desk: Desk) -> None:
    world = desk.world
    page = desk.get(f"customers?email={ADA}")
    sent = {"once": once_in(page), "email": ADA, "points": "30", "reason": "welcome"}

    answers = [desk.post(f"customers/{ADA}/adjust", sent) for _ in range(2)]
    while move_waiting(world.services):
        pass

    assert [answer.status_code for answer in answers] == [200, 200]
    assert notified(answers[0])["status"] == "success"
    assert [(one.points, one.reason, one.made_by) for one in adjustments(world)] == [(30, "welcome", "admin@example.com")]
    assert world.balance(ADA).available == 30
    assert "+30 welcome admin@example.com" in seen(desk.get(f"customers?email={ADA}"))


def test_after_a_change_the_page_is_still_that_customers_and_shows_the_outcome(desk: Desk) -> None:
    plussed = "ada+till@example.com"
    page = desk.get(f"customers?email={quote(plussed)}")

    answer = desk.post(
        "customers/ada~2Btill@example.com/adjust", {"once": once_in(page), "email": plussed, "points": "30", "reason": "welcome"}
    )

    here = unquote(answer.headers["X-Page"])  # As the frame reads it.
    assert here == "customers/ada~2Btill@example.com"
    assert "under way" not in seen(desk.get(here))
    assert "Available 30" in seen(desk.get(here))


@pytest.mark.parametrize(("points", "reason"), [("0", "why"), ("x", "why"), ("5", ""), ("9" * 20, "why")])
def test_a_change_without_sense_is_refused_and_what_was_typed_stays(desk: Desk, points: str, reason: str) -> None:
    page = desk.get(f"customers?email={ADA}")

    answer = desk.post(f"customers/{ADA}/adjust", {"once": once_in(page), "email": ADA, "points": points, "reason": reason})

    assert answer.status_code == 422
    assert 'id="points-error"' in answer.text
    assert f'value="{points}"' in answer.text
    assert adjustments(desk.world) == []


def test_taking_more_than_is_there_is_said_beforehand(desk: Desk) -> None:
    world = desk.world
    sent = {"once": once_in(desk.get(f"customers/{ADA}")), "email": ADA, "points": "30", "reason": "welcome"}
    desk.post(f"customers/{ADA}/adjust", sent)
    while move_waiting(world.services):
        pass
    sent = {"once": once_in(desk.get(f"customers/{ADA}")), "email": ADA, "points": "-500", "reason": "fraud"}

    told = desk.post(f"customers/{ADA}/adjust", sent)

    assert told.status_code == 422
    assert "Takes 30; 470 are not there" in seen(told)
    assert 'name="takes" value="30"' in told.text
    assert (world.balance(ADA).available, len(adjustments(world))) == (30, 1)
    done = desk.post(f"customers/{ADA}/adjust", sent | {"takes": "30"})
    while move_waiting(world.services):
        pass
    assert done.status_code == 200
    assert world.balance(ADA).available == 0
    assert "\N{MINUS SIGN}30 asked \N{MINUS SIGN}500 fraud" in seen(desk.get(f"customers/{ADA}"))
    assert "\N{MINUS SIGN}30 asked \N{MINUS SIGN}500" in seen(desk.get("log/changes"))


def test_a_form_about_another_customer_than_its_page_changes_nothing(desk: Desk) -> None:
    page = desk.get(f"customers/{ADA}")

    sent = {"once": once_in(page), "email": "eve@example.com", "points": "5", "reason": "welcome"}
    answer = desk.post(f"customers/{ADA}/adjust", sent)

    assert answer.status_code == 422
    assert "something else than its page" in seen(answer)
    assert adjustments(desk.world) == []


def test_nobody_without_manage_orders_sees_or_changes_a_customer(desk: Desk) -> None:
    stranger = Desk(desk.world, permissions=("MANAGE_APPS",))

    answers = [
        stranger.get(f"customers?email={ADA}"),
        stranger.post(f"customers/{ADA}/adjust", {"email": ADA, "points": "5", "reason": "x"}),
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert "MANAGE_ORDERS" in seen(answers[0])
    assert adjustments(desk.world) == []
