"""The merchant's log names what was changed, from what to what."""

from tests.test_merchant.calls import Desk, once_in, seen
from tests.test_merchant.test_rules_page import save
from tests.test_merchant.test_spending_page import save as save_spending


def test_the_log_names_the_settings_that_changed(desk: Desk) -> None:
    page = desk.get("settings")
    typed = {"claim_link": "own", "debt_policy": "floor", "time_zone": "Europe/Berlin", "order_notes": "yes"}
    desk.post("settings/store", {"once": once_in(page), "default_expires_days": "", "customer_types": "", **typed})

    said = seen(desk.get("log"))

    assert "Settings changed. Time zone: UTC → Europe/Berlin; Notes in the order's history: no → yes." in said


def test_the_log_names_all_that_a_rule_changed(desk: Desk) -> None:
    save(desk, points_per_unit="2", hold_days="14", maximum_points="500")

    said = seen(desk.get("log"))

    assert "The default rule changed. Points per 1.00: 1 → 2; Most points for one order: none → 500; Hold (days): 0 → 14." in said


def test_of_a_new_rule_the_log_names_what_it_says_and_shares_in_percent(desk: Desk) -> None:
    desk.world.saleor.apps.permit(desk.app_id, "MANAGE_ORDERS", "HANDLE_PAYMENTS")
    save_spending(desk, greatest_share="50")
    save_spending(desk, greatest_share="40")

    said = seen(desk.get("log"))

    assert "The default spend rule is new. On: yes; Points that pay 1.00: 100;" in said
    assert "Greatest share of the total: 50 %;" in said
    assert "The default spend rule changed. Greatest share of the total: 50 % \N{RIGHTWARDS ARROW} 40 %." in said
