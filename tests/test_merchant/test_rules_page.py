"""The rules page: what is typed wrongly is said and kept, a change is a new version, and a draft can be tried."""

from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import pytest
from sqlmodel import select

from app.db.tables import RuleRow
from app.usecases.merchants.explain_order import explain_order
from tests.standins import faults
from tests.standins.saleor import Item
from tests.test_merchant.calls import Desk, notified, once_in, seen
from tests.test_settling.test_refunds import ADA, paid_order, refund
from tests.world import World

BOXES = {"include_tax": "yes", "bind_email": "yes", "is_active": "yes"}
GOOD: dict[str, Any] = {
    **BOXES,
    "channel": "",
    "points_per_unit": "2",
    "minimum_total": "",
    "maximum_points": "",
    "award": "claim",
    "award_when": "paid",
    "hold_days": "",
    "expires_days": "",
    "customer_type": "",
}


def rules(world: World) -> list[RuleRow]:
    with world.services.database.reading() as session:
        return list(session.exec(select(RuleRow).order_by(RuleRow.id)))  # type: ignore[arg-type]  # a column


def save(desk: Desk, *, is_new: bool = False, **typed: Any) -> Any:
    channel = typed.get("channel", "")
    place = "rules/new" if is_new else f"rules/channel/{channel}" if channel else "rules/default"
    sent = {"once": once_in(desk.get(place)), **GOOD, **typed}
    first = desk.post(f"{place}/save", {name: value for name, value in sent.items() if value is not None})
    desk.post(f"{place}/save", {name: value for name, value in sent.items() if value is not None})
    return first


def test_a_new_store_has_one_rule_said_in_a_line(desk: Desk) -> None:
    text = seen(desk.get("rules"))

    assert "1 per 1.00, with tax, without shipping, by claim link, when the order is paid in full, claims never expire" in text
    assert "Older orders keep their rule" in text


def test_a_rule_that_makes_no_claims_says_nothing_of_them(desk: Desk) -> None:
    save(desk, award="instant", expires_days="30", customer_type="Gold")

    lines = seen(desk.get("rules"))

    assert "at once to the balance, when the order is paid in full." in lines
    assert "customer type Gold" not in lines


def test_a_change_is_a_new_version_made_once_and_orders_placed_before_keep_theirs(desk: Desk) -> None:
    world = desk.world
    before = paid_order(world, "100")

    answer = save(desk, points_per_unit="2.50", hold_days="0")
    after = paid_order(world, "100")
    refund(world, before, "50")

    assert notified(answer)["status"] == "success"
    assert [(rule.points_per_unit, rule.created_by) for rule in rules(world)] == [
        (Decimal(1), "installation"),
        (Decimal("2.50"), "admin@example.com"),
    ]
    assert (world.order(before).granted, world.order(after).granted) == (50, 250)
    assert "Version 2 of the default rule" in seen(desk.get(f"orders/{after}"))
    assert "older orders keep theirs" in seen(desk.get(f"orders/{before}"))


def test_saving_what_is_in_force_makes_no_version(desk: Desk) -> None:
    answer = save(desk, points_per_unit="1.0", minimum_total="0")

    assert notified(answer)["title"].startswith("Nothing to save")
    assert len(rules(desk.world)) == 1


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("points_per_unit", "-1", "cannot be less than 0"),
        ("points_per_unit", "", "Write a number"),
        ("points_per_unit", "1,5", "with a point before the decimals"),
        ("points_per_unit", "NaN", "Write a number"),
        ("points_per_unit", "1e9", "cannot be more than 1,000,000"),
        ("points_per_unit", "0.12345678", "At most 6 digits"),
        ("minimum_total", "-0.01", "cannot be less than 0"),
        ("maximum_points", "-5", "whole number from 0"),
        ("maximum_points", "99999999999", "whole number from 0"),
        ("hold_days", "3651", "whole number from 0 to 3,650"),
        ("hold_days", "1.5", "whole number"),
        ("expires_days", "soon", "whole number"),
        ("award", "gift", "Choose one of these"),
        ("award_when", "never", "Choose one of these"),
        ("customer_type", "x" * 129, "at most 128"),
    ],
)
def test_a_wrong_value_is_said_beside_its_field_and_nothing_typed_is_lost(desk: Desk, field: str, typed: str, said: str) -> None:
    sent: dict[str, Any] = {"points_per_unit": "7.5", "hold_days": "14", field: typed}
    answer = save(desk, **sent)

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert said in seen(answer)
    if field not in {"award", "award_when"}:
        assert f'value="{typed}"' in answer.text
    assert ('value="7.5"' in answer.text) is (field != "points_per_unit")
    assert len(rules(desk.world)) == 1


def test_a_form_that_failed_is_still_that_rules_when_it_is_loaded_again(desk: Desk) -> None:
    places = [
        unquote(save(desk, points_per_unit="x", **typed).headers["X-Page"])
        for typed in ({}, {"channel": "japan"}, {"is_new": True, "channel": "japan"})
    ]

    assert places == ["rules/default", "rules/channel/japan", "rules/new"]


def test_a_channel_gets_a_rule_of_its_own_and_may_follow_the_default_again(desk: Desk) -> None:
    world = desk.world
    save(desk, is_new=True, channel="japan", points_per_unit="0.01")
    own = world.saleor.shop.place_order("1000", email=ADA, channel="japan")
    world.saleor.till.charge(own, "1000")
    world.deliver()
    assert world.order(own).granted == 10
    page = desk.get("rules")
    assert "Channel japan" in seen(page)

    sent = {"once": once_in(page), "channel": "japan"}
    answers = [desk.post("rules/channel/japan/end", sent) for _ in range(2)]
    following = world.saleor.shop.place_order("1000", email=ADA, channel="japan")
    world.saleor.till.charge(following, "1000")
    refund(world, own, "500")

    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(rules(world)) == 3
    assert world.order(following).granted == 1000
    assert world.order(own).granted == 5
    explained = explain_order(world.services, world.store().id or 0, following)
    assert explained is not None
    assert explained.agrees


@pytest.mark.parametrize(("place", "about"), [("default", "japan"), ("channel/japan", ""), ("channel/japan", "korea")])
@pytest.mark.parametrize("action", ["save", "try"])
def test_a_form_about_another_rule_than_its_page_is_refused(desk: Desk, place: str, about: str, action: str) -> None:
    page = desk.get(f"rules/{place}")

    answer = desk.post(f"rules/{place}/{action}", GOOD | {"once": once_in(page), "channel": about})

    assert answer.status_code == 400
    assert "something else than its page" in seen(answer)
    assert len(rules(desk.world)) == 1


@pytest.mark.parametrize("place", ["channel", "channel/", "channel/a/b", "edit", "default/x"])
def test_a_place_that_names_no_rule_is_not_found(desk: Desk, place: str) -> None:
    assert desk.get(f"rules/{place}").status_code == 404


def test_a_channels_rule_needs_a_channel(desk: Desk) -> None:
    answer = save(desk, is_new=True, channel=" ")

    assert answer.status_code == 422
    assert "Choose the channel" in seen(answer)


def test_a_channel_that_follows_the_default_cannot_do_so_again(desk: Desk) -> None:
    answer = desk.post("rules/channel/japan/end", {"once": "0" * 32, "channel": "japan"})

    assert answer.status_code == 422
    assert "no rule of its own" in seen(answer)


def test_a_draft_is_tried_on_the_last_orders_and_nothing_is_saved(desk: Desk) -> None:
    world = desk.world
    paid_order(world, "100")
    small = paid_order(world, "9")
    refund(world, small, "3")

    answer = desk.post("rules/default/try", GOOD | {"minimum_total": "10", "points_per_unit": "3"})

    text = seen(answer)
    assert "2 of the last 2 orders would earn differently: 300 points in all" in text
    assert "instead of 106 ( +194 )" in text
    assert len(rules(world)) == 1


def test_a_draft_for_a_channel_is_tried_on_its_orders_only(desk: Desk) -> None:
    world = desk.world
    paid_order(world, "100")
    own = world.saleor.shop.place_order(Item("500"), email=ADA, channel="japan")
    world.saleor.till.charge(own, "500")
    world.deliver()

    text = seen(desk.post("rules/channel/japan/try", GOOD | {"channel": "japan", "points_per_unit": "0.5"}))

    assert "1 of the last 1 orders" in text
    assert "500 JPY 500 250 \N{MINUS SIGN}250" in text


def test_only_the_last_fifty_are_tried(desk: Desk) -> None:
    world = desk.world
    for number in range(52):
        order_id = world.saleor.shop.place_order("10", email=f"shopper{number}@example.com")
        world.saleor.till.charge(order_id, "10")
    world.deliver()

    assert "50 of the last 50 orders would earn differently: 1,000 points" in seen(desk.post("rules/default/try", GOOD))


def test_a_draft_that_cannot_be_says_why(desk: Desk) -> None:
    answer = desk.post("rules/default/try", GOOD | {"points_per_unit": "-1"})

    assert answer.status_code == 422
    assert "Points per 1.00: This cannot be less than 0." in seen(answer)


def test_a_draft_without_orders_says_so(desk: Desk) -> None:
    assert "No orders to try it on" in seen(desk.post("rules/default/try", GOOD))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "rules"),
        ("GET", "rules/default"),
        ("POST", "rules/default/save"),
        ("POST", "rules/new/try"),
        ("POST", "rules/channel/japan/end"),
    ],
)
def test_rules_are_for_manage_apps_alone(desk: Desk, method: str, path: str) -> None:
    stranger = Desk(desk.world, permissions=("MANAGE_ORDERS",))

    answer = stranger.ask(method, path, data=GOOD | {"once": "0" * 32} if method == "POST" else None)

    assert answer.status_code == 403
    assert "MANAGE_APPS" in seen(answer)
    assert len(rules(desk.world)) == 1


def test_a_channel_is_chosen_from_those_that_saleor_has(desk: Desk) -> None:
    page = desk.get("rules/new")

    assert '<option value="japan">Japan (japan, JPY)</option>' in page.text
    assert '<option value="kuwait">' in page.text


def test_a_rule_for_a_channel_that_saleor_does_not_have_is_refused_with_those_it_has(desk: Desk) -> None:
    answer = save(desk, is_new=True, channel="nope")

    assert answer.status_code == 422
    assert "Saleor has no channel nope. It has: default-channel, japan, kuwait." in seen(answer)
    assert len(rules(desk.world)) == 1


def test_a_channel_that_was_just_made_in_saleor_is_found(desk: Desk) -> None:
    desk.get("rules/new")
    desk.world.saleor.shop.currencies = {**desk.world.saleor.shop.currencies, "norway": "NOK"}

    assert save(desk, is_new=True, channel="norway").status_code == 200


def test_the_list_of_channels_is_asked_for_once_in_five_minutes(desk: Desk) -> None:
    for minutes in (0, 4, 2):
        desk.world.clock.advance(minutes=minutes)
        desk.get("rules/new")

    assert desk.world.saleor.counts["Channels"] == 2


def test_a_saleor_that_does_not_answer_is_said_to_be_why_no_channel_can_be_chosen(desk: Desk) -> None:
    desk.world.saleor.faults.always(faults.status(500), on="Channels")

    page = desk.get("rules/new")
    answer = save(desk, is_new=True, channel="japan")

    assert page.status_code == 200
    assert "Saleor did not give its list of channels" in seen(page)
    assert (answer.status_code, len(rules(desk.world))) == (422, 1)
    assert "nobody can say whether the channel japan exists" in seen(answer)


def test_a_rule_that_a_channel_has_can_be_changed_while_saleor_is_away(desk: Desk) -> None:
    save(desk, is_new=True, channel="japan")
    desk.world.saleor.faults.always(faults.status(500), on="Channels")
    desk.world.clock.advance(minutes=6)

    assert save(desk, channel="japan", points_per_unit="3").status_code == 200


def test_the_rule_of_a_channel_that_saleor_no_longer_has_can_only_end(desk: Desk) -> None:
    save(desk, is_new=True, channel="japan")
    desk.world.saleor.shop.currencies = {"default-channel": "EUR"}
    desk.world.clock.advance(minutes=6)

    changed = save(desk, channel="japan", points_per_unit="3")
    ended = desk.post("rules/channel/japan/end", {"once": once_in(desk.get("rules")), "channel": "japan"})

    assert changed.status_code == 422
    assert "Saleor has no channel japan. It has: default-channel." in seen(changed)
    assert ended.status_code == 200
