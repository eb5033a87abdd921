"""The page of points that run out: the policy, what it would do before it is saved, and the versions."""

from typing import Any

import pytest
from sqlmodel import select

from app.db.tables import PointsPolicyRow, StoreRow
from app.domain.expiry_policy import ExpiryPolicy, PolicyKind
from app.usecases.merchants.change_store import change_store
from app.usecases.merchants.forecast_expiry import forecast_expiry
from tests.test_merchant.calls import Desk, notified, once_in, seen
from tests.test_settling.test_refunds import paid_order
from tests.world import World

PAGE = "settings/running-out"


def policies(world: World) -> list[PointsPolicyRow]:
    with world.services.database.reading() as session:
        return list(session.exec(select(PointsPolicyRow).order_by(PointsPolicyRow.id)))  # type: ignore[arg-type]  # a column


def save(desk: Desk, **typed: str) -> Any:
    """Save the form twice, as an impatient merchant does; gives the first answer."""
    sent = {"once": once_in(desk.get(PAGE)), "grace_days": "14", **typed}
    first = desk.post(f"{PAGE}/save", sent)
    desk.post(f"{PAGE}/save", sent)
    return first


def test_a_policy_is_saved_once_and_says_what_it_does(desk: Desk) -> None:
    saved = save(desk, kind="rolling", months="12", to_month_end="yes")

    assert notified(saved)["title"] == "Policy saved"
    assert "Points run out 12 months after they came, at the end of that month." in seen(desk.get(PAGE))
    [policy] = policies(desk.world)
    assert (policy.kind, policy.months, policy.to_month_end) == ("rolling", 12, True)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"kind": "rolling"}, "Write a number of months, 1 or more."),
        ({"kind": "inactive", "months": "601"}, "Write a whole number from 0 to 600"),
        ({"kind": "calendar", "month": "2", "day": "30"}, "This month has no such day."),
        ({"kind": "calendar"}, "Choose a month."),
        ({"kind": "some day"}, "Choose one of these."),
    ],
)
def test_what_will_not_do_is_said_beside_its_field(desk: Desk, typed: dict[str, str], sentence: str) -> None:
    refused = save(desk, **typed)

    assert refused.status_code == 422
    assert sentence in seen(refused)
    assert policies(desk.world) == []


def test_what_would_run_out_is_shown_before_the_policy_is_saved(desk: Desk) -> None:
    order_id = paid_order(desk.world, "80")
    desk.world.claim(order_id)

    shown = desk.post(f"{PAGE}/forecast", {"kind": "rolling", "months": "3", "grace_days": ""})

    assert shown.status_code == 200
    assert "this would run out" in seen(shown)
    assert "data:image/svg+xml" in shown.text
    assert policies(desk.world) == []


@pytest.mark.parametrize(
    ("policy", "month"),
    [
        (ExpiryPolicy(PolicyKind.ROLLING, months=3), (2026, 8)),
        (ExpiryPolicy(PolicyKind.INACTIVE, months=2), (2026, 7)),
        (ExpiryPolicy(PolicyKind.CALENDAR, month=12, day=31), (2026, 12)),
    ],
)
def test_points_of_today_are_shown_in_the_month_of_their_last_day(
    desk: Desk, policy: ExpiryPolicy, month: tuple[int, int]
) -> None:
    world = desk.world
    world.claim(paid_order(world, "80"))

    forecast = forecast_expiry(world.services, 1, policy)

    assert [((one.first_day.year, one.first_day.month), one.would) for one in forecast.months if one.would] == [(month, 80)]
    assert forecast.overdue == 0
    assert len(forecast.months) == 12


def test_points_with_a_day_are_shown_beside_them(desk: Desk) -> None:
    world = desk.world
    save(desk, kind="rolling", months="1")
    world.claim(paid_order(world, "80"))

    forecast = forecast_expiry(world.services, 1, ExpiryPolicy())

    assert [(one.first_day.month, one.already) for one in forecast.months if one.already] == [(6, 80)]


@pytest.mark.parametrize(("zone", "month", "day"), [("Europe/Berlin", "6", "1"), ("America/New_York", "6", "30")])
def test_points_with_a_day_stand_in_the_month_of_that_day_where_the_shop_is(desk: Desk, zone: str, month: str, day: str) -> None:
    world = desk.world
    world.change_store(time_zone=zone)
    save(desk, kind="calendar", month=month, day=day)
    world.claim(paid_order(world, "80"))

    forecast = forecast_expiry(world.services, 1, ExpiryPolicy())

    assert [(one.first_day.month, one.already) for one in forecast.months if one.already] == [(6, 80)]


def test_a_store_that_changes_its_time_zone_gets_another_version(desk: Desk) -> None:
    save(desk, kind="rolling", months="1")

    with desk.world.services.database.reading() as session:
        slug = session.get_one(StoreRow, 1).slug
    change_store(desk.world.services, slug, time_zone="Europe/Warsaw")

    assert [(one.kind, one.time_zone) for one in policies(desk.world)] == [("rolling", "UTC"), ("rolling", "Europe/Warsaw")]
