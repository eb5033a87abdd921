"""The order page: it explains the number, and does each thing that staff ask of it once."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import update
from sqlmodel import select

from app.db.tables import AdjustmentRow, LogEntryRow, RuleRow
from app.domain.claim import ClaimState
from app.domain.settlement import MovementState
from app.errors import BadRequest
from app.usecases.merchants.explain_order import Explanation, explain_order
from app.usecases.moving.resolve_movement import resolve_movement
from tests.standins import faults
from tests.standins.saleor import Item
from tests.test_merchant.calls import Desk, notified, seen
from tests.test_settling.test_provider_faults import make_instant
from tests.test_settling.test_refunds import ADA, paid_order, refund, spend
from tests.world import TIMEOUT, World

TIMES = "\N{MULTIPLICATION SIGN}"


def token_of(answer: requests.Response, action: str, label: str = "") -> str:
    """Give the token of the form that posts to an action; of several, the one whose button says so."""
    for form in re.findall(r"(?s)<form.*?</form>", answer.text):
        found = re.search(r'name="once" value="([0-9a-f]{32})"', form)
        if f'/{action}"' in form and label in form and found:
            return found[1]
    raise AssertionError(f"no form {action} in {seen(answer)}")


def explained(world: World, order_id: str) -> Explanation:
    found = explain_order(world.services, world.store().id or 0, order_id)
    assert found is not None
    return found


def adjustments(world: World) -> list[AdjustmentRow]:
    with world.services.database.reading() as session:
        return list(session.exec(select(AdjustmentRow)))


def log_of(world: World) -> list[tuple[str, str | None]]:
    """Give what the log says that people did."""
    with world.services.database.reading() as session:
        return [(entry.code, entry.made_by) for entry in session.exec(select(LogEntryRow)) if entry.made_by]


def press(desk: Desk, order_id: str, action: str, label: str = "", **fields: Any) -> requests.Response:
    """Open the page, fill in the form of an action and send it twice, as a double click does."""
    page = desk.get(f"orders/{order_id}")
    sent = {"once": token_of(page, action, label), **fields}
    first = desk.post(f"orders/{order_id}/{action}", sent)
    second = desk.post(f"orders/{order_id}/{action}", sent)
    assert second.status_code == first.status_code
    return first


def test_the_number_is_explained_in_a_sentence_and_a_table(desk: Desk) -> None:
    world = desk.world
    order_id = world.saleor.shop.place_order(
        Item("60", name="Apple Juice", quantity=3), Item("40", kind="GIFT_CARD", name="Gift card"), shipping="20", email=ADA
    )
    world.saleor.till.charge(order_id, "120")
    world.deliver()
    refund(world, order_id, "30")

    page = desk.get(f"orders/{order_id}")

    text = seen(page)
    assert page.status_code == 200
    assert f"60.00 USD {TIMES} 90.00 USD kept ÷ 120.00 USD {TIMES} 1 per 1 USD = 45, rounded down once: 45 points." in text
    assert "counts for the whole order" in text
    assert f"3 {TIMES} Apple Juice 60.00 USD with tax, after discounts" in text
    assert "Gift card 0.00 USD a gift card: earns nothing" in text
    assert "Shipping 0.00 USD does not earn by the rule" in text
    assert "Kept part 75 %" in text
    assert "Version 1 of the default rule" in text
    assert "Order paid" in text
    assert explained(world, order_id).agrees


def test_an_order_that_was_paid_too_much_tells_of_no_returned_goods(desk: Desk) -> None:
    order_id = desk.world.saleor.shop.place_order("50", email=ADA)
    desk.world.saleor.till.charge(order_id, "70")
    desk.world.deliver()

    text = seen(desk.get(f"orders/{order_id}"))

    assert "rounded down once: 50 points." in text
    assert "Goods were returned" not in text


def test_an_order_that_does_not_earn_says_why(desk: Desk) -> None:
    world = desk.world
    waiting = world.saleor.shop.place_order("50", email=ADA)
    world.saleor.till.charge(waiting, "20")
    cancelled = world.saleor.shop.place_order("50", email=ADA)
    world.saleor.shop.cancel(cancelled)
    world.deliver()

    assert "once the order is paid in full. So far 20.00 USD of 50.00 USD is paid" in seen(desk.get(f"orders/{waiting}"))
    assert "The order is canceled, so it earns nothing" in seen(desk.get(f"orders/{cancelled}"))


def test_points_are_given_with_a_reason_and_a_name_once(desk: Desk) -> None:
    world = desk.world
    order_id = paid_order(world)

    answer = press(desk, order_id, "adjust", points="25", reason="late parcel")
    world.settle()

    assert notified(answer)["status"] == "info"
    [adjustment] = adjustments(world)
    assert (adjustment.points, adjustment.reason, adjustment.made_by) == (25, "late parcel", "admin@example.com")
    assert world.order(order_id).granted == 125
    assert log_of(world) == [("adjusted", "admin@example.com")]
    assert "Staff changed that by +25, to 125 points" in seen(desk.get(f"orders/{order_id}"))


def test_taking_more_than_the_order_has_is_said_beforehand_and_shown_as_it_was(desk: Desk) -> None:
    world = desk.world
    order_id = paid_order(world, "20")
    asked = {"points": "-1000", "reason": "fraud"}

    told = press(desk, order_id, "adjust", **asked)

    assert told.status_code == 422
    assert "Takes 20; 980 are not there" in seen(told)
    assert adjustments(world) == []
    done = press(desk, order_id, "adjust", **asked, takes="20")
    assert notified(done)["status"] == "info"
    world.settle()
    assert world.order(order_id).granted == 0
    page = seen(desk.get(f"orders/{order_id}"))
    assert "\N{MINUS SIGN}20 asked \N{MINUS SIGN}1,000" in page
    assert "\N{MINUS SIGN}20 points by staff: fraud" in page
    assert "Staff changed that by \N{MINUS SIGN}20, to 0 points" in page
    press(desk, order_id, "adjust", points="50", reason="sorry")
    world.settle()
    assert world.order(order_id).granted == 50


def test_more_is_not_taken_than_was_said(desk: Desk) -> None:
    order_id = paid_order(desk.world, "20")

    answer = press(desk, order_id, "adjust", points="-1000", reason="fraud", takes="15")

    assert (answer.status_code, adjustments(desk.world)) == (422, [])


def test_an_order_whose_claim_ran_out_says_so(desk: Desk) -> None:
    world = desk.world
    with world.services.database.writing() as session:
        session.execute(update(RuleRow).values(expires_days=10))
    order_id = paid_order(world, "40")
    world.clock.advance(days=12)
    world.settle()

    page = seen(desk.get(f"orders/{order_id}"))

    assert "40 points ran out, because nobody took them in time. That leaves 0 points." in page
    assert "Ran out \N{MINUS SIGN}40 nobody took them in time" in page
    assert "Claim withdrawn" not in page
    assert "40 Expired" in page


@pytest.mark.parametrize(
    ("points", "reason"), [("many", "why"), ("0", "why"), ("1.5", "why"), ("99999999999", "why"), ("5", " "), ("", "why")]
)
def test_points_without_sense_or_reason_are_refused_beside_the_field_and_what_was_typed_stays(
    desk: Desk, points: str, reason: str
) -> None:
    order_id = paid_order(desk.world)
    page = desk.get(f"orders/{order_id}")

    answer = desk.post(f"orders/{order_id}/adjust", {"once": token_of(page, "adjust"), "points": points, "reason": reason})

    assert answer.status_code == 422
    assert 'id="points-error"' in answer.text
    assert f'value="{points}"' in answer.text
    assert f'value="{reason.strip() and reason}"' in answer.text
    assert '<details class="confirm" open>' in answer.text
    assert adjustments(desk.world) == []


def test_looking_again_wakes_the_order_and_notes_who(desk: Desk) -> None:
    order_id = paid_order(desk.world)
    before = desk.world.order(order_id)

    press(desk, order_id, "look-again")

    after = desk.world.order(order_id)
    assert after.wakes - before.wakes == 1
    assert after.look_at is not None
    assert log_of(desk.world) == [("looked_again", "admin@example.com")]


def test_an_open_claim_is_withdrawn_and_never_granted_again(desk: Desk) -> None:
    world = desk.world
    order_id = paid_order(world)
    [claim] = world.claims(order_id)

    press(desk, order_id, "void", claim=str(claim.id), void_reason="fraud")
    world.settle()
    world.saleor.shop.add_note(order_id)
    press(desk, order_id, "look-again")
    world.deliver()

    assert [one.state for one in world.claims(order_id)] == [ClaimState.VOID]
    assert (world.order(order_id).granted, world.order(order_id).status) == (0, "reversed")
    assert world.points_in_all_balances() == 0
    [adjustment] = adjustments(world)
    assert (adjustment.points, adjustment.reason) == (-100, "Claim link withdrawn: fraud")
    refund(world, order_id, "30")
    assert world.order(order_id).granted == 0


def test_a_gift_stays_when_the_link_that_it_lies_on_is_withdrawn(desk: Desk) -> None:
    world = desk.world
    order_id = paid_order(world)
    press(desk, order_id, "adjust", points="10", reason="late parcel")
    world.settle()
    [claim] = world.claims(order_id)
    assert "Only the 10 points that staff gave can still be claimed. The order will not earn the other 100 again." in seen(
        desk.get(f"orders/{order_id}")
    )

    press(desk, order_id, "void", claim=str(claim.id), void_reason="fraud")
    world.settle()

    assert adjustments(world)[-1].points == -100
    assert (world.order(order_id).granted, world.order(order_id).status) == (10, "ready")
    refund(world, order_id, "100")
    assert world.order(order_id).granted == 10


def test_a_claim_is_withdrawn_once_whoever_presses(desk: Desk) -> None:
    world = desk.world
    order_id = paid_order(world)
    [claim] = world.claims(order_id)
    mine, yours = desk.get(f"orders/{order_id}"), desk.get(f"orders/{order_id}")

    answers = [
        desk.post(f"orders/{order_id}/void", {"once": token_of(page, "void"), "claim": str(claim.id), "void_reason": "fraud"})
        for page in (mine, yours)
    ]

    assert [answer.status_code for answer in answers] == [200, 422]
    assert "withdrawn before" in seen(answers[1])
    assert len(adjustments(world)) == 1


def test_a_claim_that_the_shopper_took_meanwhile_is_not_withdrawn(desk: Desk) -> None:
    world = desk.world
    order_id = paid_order(world)
    [claim] = world.claims(order_id)
    page = desk.get(f"orders/{order_id}")
    world.claim(order_id)

    answer = desk.post(
        f"orders/{order_id}/void", {"once": token_of(page, "void"), "claim": str(claim.id), "void_reason": "fraud"}
    )

    assert answer.status_code == 422
    assert "has taken these points" in seen(answer)
    assert adjustments(world) == []


def test_a_shortfall_is_let_go_once(desk: Desk) -> None:
    world = desk.world
    order_id = paid_order(world)
    world.claim(order_id)
    spend(world, 60)
    refund(world, order_id, "100")
    assert "Write off 60 points" in seen(desk.get(f"orders/{order_id}"))

    answer = press(desk, order_id, "write-off")
    world.settle()

    assert answer.status_code == 200
    assert world.order(order_id).shortfall == 0
    written = [movement for movement in world.movements(order_id) if movement.kind == "write_off"]
    assert [(one.points, one.decided_by) for one in written] == [(-60, "admin@example.com")]


def test_what_nobody_can_do_is_said(desk: Desk) -> None:
    order_id = paid_order(desk.world)
    page = desk.get(f"orders/{order_id}")

    answer = desk.post(f"orders/{order_id}/write-off", {"once": token_of(page, "adjust")})

    assert answer.status_code == 422
    assert "Nothing is missing from this order" in seen(answer)


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("resolve", {"movement": "x", "happened": "yes"}),
        ("resolve", {"movement": "00000000-0000-0000-0000-000000000000", "happened": "yes"}),
        ("resolve", {"movement": "00000000-0000-0000-0000-000000000000", "happened": "maybe"}),
        ("resolve-call", {"call": "00000000-0000-0000-0000-000000000000", "happened": "no"}),
        ("void", {"claim": "00000000-0000-0000-0000-000000000000", "void_reason": "why"}),
        ("void", {"claim": "x", "void_reason": "why"}),
    ],
)
def test_what_is_not_there_is_refused(desk: Desk, action: str, fields: dict[str, str]) -> None:
    order_id = paid_order(desk.world)
    page = desk.get(f"orders/{order_id}")

    answer = desk.post(f"orders/{order_id}/{action}", {"once": token_of(page, "adjust"), **fields})

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_a_form_without_its_token_does_nothing(desk: Desk) -> None:
    order_id = paid_order(desk.world)

    answer = desk.post(f"orders/{order_id}/adjust", {"points": "5", "reason": "why"})

    assert answer.status_code == 422
    assert adjustments(desk.world) == []


@pytest.mark.parametrize("path", ["nothing", "T3JkZXI6MQ==", "T3JkZXI6MDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAw"])
def test_an_order_that_is_not_there_is_said(desk: Desk, path: str) -> None:
    answer = desk.get(f"orders/{path}")

    assert answer.status_code == 404
    assert "This order is not here" in seen(answer)


@pytest.mark.parametrize("action", ["adjust", "look-again", "resolve", "resolve-call", "void", "write-off"])
def test_no_action_without_manage_orders(desk: Desk, action: str) -> None:
    order_id = paid_order(desk.world)
    stranger = Desk(desk.world, permissions=("MANAGE_APPS",))

    answers = [
        stranger.get("orders"),
        stranger.get("orders.csv"),
        stranger.get(f"orders/{order_id}"),
        stranger.post(f"orders/{order_id}/{action}", {"once": "0" * 32, "points": "5", "reason": "why"}),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert adjustments(desk.world) == []


def lost_call(world: World, count: int) -> list[str]:
    """Lose the answer to one call that credits several orders, and let looking tell nothing."""
    make_instant(world)
    assert world.coggins is not None
    world.coggins.faults.once(faults.after_acting(faults.cut()), on="instant")
    emails = [f"shopper{place}@example.com" for place in range(count)]
    orders = [world.saleor.shop.place_order("10", email=email) for email in emails]
    for order_id in orders:
        world.saleor.till.charge(order_id, "10")
    world.deliver()
    for email in emails:
        world.coggins.adjust(email, 7)
    for _ in range(2):
        world.clock.advance(minutes=10)
        world.settle()
    assert [world.order(order_id).problem_code for order_id in orders] == ["for_staff"] * count
    return orders


@pytest.mark.parametrize("happened", ["yes", "no"])
def test_an_unknown_movement_is_resolved_by_a_persons_word(coggins_desk: Desk, happened: str) -> None:
    world = coggins_desk.world
    [order_id] = lost_call(world, 1)
    [movement] = world.movements(order_id)
    assert "its answer was lost" in seen(coggins_desk.get(f"orders/{order_id}"))

    press(coggins_desk, order_id, "resolve", movement=str(movement.id), happened=happened)
    world.settle()

    resolved = world.movements(order_id)[0]
    assert (resolved.state, resolved.decided_by) == (
        MovementState.ACCEPTED if happened == "yes" else MovementState.REJECTED,
        "admin@example.com",
    )
    assert world.order(order_id).granted == 10


@pytest.mark.parametrize("happened", ["yes", "no"])
def test_a_whole_call_is_resolved_at_once(coggins_desk: Desk, happened: str) -> None:
    world = coggins_desk.world
    orders = lost_call(world, 3)
    call_id = world.movements(orders[0])[0].call_id
    assert "That request held 3 changes" in seen(coggins_desk.get(f"orders/{orders[0]}"))

    answer = press(coggins_desk, orders[0], "resolve-call", call=str(call_id), happened=happened)
    world.settle()

    assert answer.status_code == 200
    state = MovementState.ACCEPTED if happened == "yes" else MovementState.REJECTED
    assert {world.movements(order_id)[0].state for order_id in orders} == {state}
    assert [world.order(order_id).granted for order_id in orders] == [10, 10, 10]
    assert {code for code, _ in log_of(world)} == {"resolved"}


def test_another_stores_movement_is_not_resolved(coggins_desk: Desk) -> None:
    world = coggins_desk.world
    [order_id] = lost_call(world, 1)
    [movement] = world.movements(order_id)

    with pytest.raises(BadRequest):
        resolve_movement(world.services, movement.id, happened=True, who="x", store_id=(world.store().id or 0) + 1)


def test_a_claim_link_says_when_it_was_first_opened_and_when_it_was_taken(desk: Desk) -> None:
    world = desk.world
    order_id = paid_order(world)
    url = world.follow(order_id).headers["Location"]
    never_opened = seen(desk.get(f"orders/{order_id}"))
    world.clock.advance(minutes=7)
    first = minute(world.clock())

    for _ in range(2):
        requests.get(url, timeout=TIMEOUT)
        world.clock.advance(minutes=5)
    opened = explained(world, order_id)
    page = seen(desk.get(f"orders/{order_id}"))
    requests.post(url, timeout=TIMEOUT)
    world.settle()
    taken = explained(world, order_id)

    assert "Not claimed yet" in never_opened
    assert "was opened" not in never_opened
    assert minute(opened.claims[0].opened_at) == first
    assert opened.claims[0].taken_at is None
    assert "Opened, not claimed yet" in page
    assert "points was opened" in page
    assert minute(taken.claims[0].opened_at) == first
    assert minute(taken.claims[0].taken_at) == first + timedelta(minutes=10)
    assert [claim.id for claim in opened.voidable] == [claim.id for claim in opened.claims]


def test_a_link_of_coggins_was_opened_when_it_was_asked_for_here(coggins_desk: Desk) -> None:
    world = coggins_desk.world
    order_id = paid_order(world)
    world.clock.advance(minutes=7)
    asked_at = minute(world.clock())

    world.follow(order_id)

    assert minute(explained(world, order_id).claims[0].opened_at) == asked_at
    assert "Coggins does not say when a link is opened or used" in seen(coggins_desk.get(f"orders/{order_id}"))


def minute(moment: datetime | None) -> datetime:
    """Give a moment without its seconds: the clock of the tests goes on a little with each look at it."""
    assert moment is not None
    return moment.replace(second=0, microsecond=0)
