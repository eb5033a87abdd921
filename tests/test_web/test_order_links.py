"""The order link of the mails: where it leads, what it says, and what it keeps to itself."""

import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from urllib.parse import quote
from uuid import UUID

import pytest
import requests

from app.web.shoppers.order_link_page import LOOKS, STOPPED
from tests.standins import faults
from tests.standins.saleor import Item
from tests.standins.saleor.orders import global_id
from tests.test_web.calls import ORDER_ID, ask, change_rule, claim_path, get, press_button, ready_order, text_of
from tests.waiting import PATIENCE_SECONDS
from tests.world import World


def path_of(world: World, order_id: str) -> str:
    return f"/orders/{world.store().slug}?o={quote(order_id, safe='')}"


def visit(world: World, order_id: str) -> requests.Response:
    return get(world, path_of(world, order_id))


def said(world: World, order_id: str) -> str:
    """Give what the page says; it answers 200 or the test fails."""
    page = visit(world, order_id)
    assert page.status_code == 200, page.text
    return text_of(page)


BEING_PREPARED = "Your points are being prepared"


# Where it leads


def test_the_link_on_the_order_is_the_one_a_template_computes(shop: World) -> None:
    order_id = ready_order(shop)

    assert shop.metadata(order_id)["points_claim_url"] == f"{shop.settings.claim_url_base}{path_of(shop, order_id)}"


def test_a_claim_that_waits_is_led_to(shop: World) -> None:
    answer = visit(shop, ready_order(shop))

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{shop.url}/claim/points/")


def test_a_link_may_be_opened_again(shop: World) -> None:
    order_id = ready_order(shop)

    assert visit(shop, order_id).headers["Location"] == visit(shop, order_id).headers["Location"]


def test_a_link_with_an_end_slash_or_other_arguments_works(shop: World) -> None:
    order_id = ready_order(shop)
    slug, argument = path_of(shop, order_id).split("?")

    assert get(shop, f"{slug}/?{argument}").status_code == 303
    assert get(shop, f"{slug}?utm_source=mail&{argument}").status_code == 303


def test_an_order_not_paid_yet_waits_and_looks_again(shop: World) -> None:
    order_id = shop.saleor.shop.place_order("60")
    shop.saleor.shop.add_note(order_id)
    shop.deliver()

    page = visit(shop, order_id)

    assert BEING_PREPARED in text_of(page)
    assert '<noscript><meta http-equiv="refresh" content="3; url=?o=' in page.text


def test_an_order_on_hold_waits(shop: World) -> None:
    change_rule(shop, hold_days=14)

    assert BEING_PREPARED in said(shop, ready_order(shop))


def test_a_paid_order_not_settled_yet_waits(shop: World) -> None:
    order_id = shop.saleor.shop.place_paid_order("60")
    shop.saleor.deliveries.deliver()

    assert BEING_PREPARED in said(shop, order_id)


def test_an_order_that_was_claimed_says_so(shop: World) -> None:
    order_id = ready_order(shop)
    shop.claim(order_id)
    shop.settle()

    page = visit(shop, order_id)

    assert "You have claimed the points of this order" in text_of(page)
    assert "60 points of this order were added to your balance" in text_of(page)
    assert "http-equiv" not in page.text


def test_an_order_that_was_credited_says_so(shop: World) -> None:
    change_rule(shop, award="instant")

    assert "The points of this order are in your balance" in said(shop, ready_order(shop))


def test_a_refunded_order_says_so(shop: World) -> None:
    order_id = ready_order(shop)
    shop.saleor.till.refund(order_id, "60")
    shop.deliver()

    assert "This order was refunded or cancelled" in said(shop, order_id)


def test_an_order_cancelled_with_the_money_kept_is_not_called_refunded(shop: World) -> None:
    order_id = ready_order(shop)
    shop.saleor.shop.cancel(order_id)
    shop.deliver()

    assert "refunded or cancelled" in said(shop, order_id)


def test_a_refunded_order_that_was_claimed_says_so(shop: World) -> None:
    order_id = ready_order(shop)
    shop.claim(order_id)
    shop.saleor.till.refund(order_id, "60")
    shop.deliver()

    assert "This order was refunded or cancelled" in said(shop, order_id)


def test_a_refund_is_told_as_soon_as_it_is_settled_though_the_claim_was_seen(shop: World) -> None:
    order_id = ready_order(shop)
    claim_path(shop, order_id)
    shop.saleor.till.refund(order_id, "60")
    shop.deliver()

    assert visit(shop, order_id).status_code == 200


def test_an_order_of_gift_cards_earns_nothing_and_says_so(shop: World) -> None:
    order_id = shop.saleor.shop.place_paid_order(Item("60", kind="GIFT_CARD"))
    shop.deliver()

    assert "This order earns no points" in said(shop, order_id)


def test_a_cancelled_order_earns_nothing_and_says_so(shop: World) -> None:
    order_id = shop.saleor.shop.place_order("60")
    shop.saleor.shop.cancel(order_id)
    shop.deliver()

    assert "This order earns no points" in said(shop, order_id)


def test_a_claim_that_nobody_took_in_time_says_so(shop: World) -> None:
    change_rule(shop, expires_days=1)
    order_id = ready_order(shop)
    shop.clock.advance(days=5)
    shop.settle()

    end = requests.get(f"{shop.url}{path_of(shop, order_id)}", timeout=PATIENCE_SECONDS)

    assert "is over" in text_of(end)


def test_after_a_partial_refund_the_link_leads_to_what_is_left(shop: World) -> None:
    order_id = ready_order(shop)
    shop.saleor.till.refund(order_id, "20")
    shop.deliver()

    assert "40 points" in text_of(get(shop, claim_path(shop, order_id)))


# What it keeps to itself


def test_an_unknown_order_looks_like_one_that_waits_byte_for_byte(shop: World) -> None:
    waiting = shop.saleor.shop.place_order("60")
    shop.saleor.shop.add_note(waiting)
    shop.deliver()

    known, unknown = visit(shop, waiting), visit(shop, ORDER_ID)

    assert known.status_code == unknown.status_code == 200
    # Each page knows its own address.
    assert known.text.replace(quote(waiting), "") == unknown.text.replace(quote(ORDER_ID), "")
    varying = {"Date"}
    assert {k: v for k, v in known.headers.items() if k not in varying} == {
        k: v for k, v in unknown.headers.items() if k not in varying
    }


def test_asking_for_an_unknown_order_creates_and_wakes_nothing(shop: World) -> None:
    for _ in range(3):
        visit(shop, ORDER_ID)

    assert shop.orders() == []


def test_asking_for_a_known_order_wakes_nothing(shop: World) -> None:
    order_id = ready_order(shop)
    before = shop.order(order_id)

    visit(shop, order_id)

    assert shop.order(order_id) == before


@pytest.mark.parametrize(
    "order_id",
    [
        "",
        "5",
        "Order:00000000-0000-0000-0000-000000000007",
        global_id("Order", "5"),
        global_id("User", str(UUID(int=7))),
        global_id("Order", str(UUID(int=7)).upper().replace("0", "A")),
        ORDER_ID[:-2],
        ORDER_ID + "=",
        " " + ORDER_ID,
        ORDER_ID + "\n",
        "é" * 10,
        "x" * 5000,
        "<script>",
    ],
)
def test_a_malformed_order_is_not_here(shop: World, order_id: str) -> None:
    page = visit(shop, order_id)

    assert page.status_code == 404
    assert "We do not know this link" in text_of(page)


def test_a_link_without_an_order_is_not_here(shop: World) -> None:
    assert get(shop, f"/orders/{shop.store().slug}").status_code == 404


@pytest.mark.parametrize("slug", ["nowhere", "UPPER", "a b", "é", "x" * 500, "'; DROP TABLE store; --"])
def test_an_unknown_shop_is_not_here(shop: World, slug: str) -> None:
    assert get(shop, f"/orders/{slug}?o={quote(ORDER_ID)}").status_code == 404


def test_no_slug_is_a_fault_to_postgresql(embedded_world: World) -> None:
    assert get(embedded_world, f"/orders/%00?o={quote(ORDER_ID)}").status_code == 400


def test_an_order_is_not_shown_under_another_shops_name(shop: World) -> None:
    order_id = ready_order(shop)
    with shop.services.database.writing() as session:
        session.connection().exec_driver_sql(
            "INSERT INTO store (slug, name, state, awards_from, debt_policy, claim_link, time_zone, failures, created_at)"
            " SELECT 'other', 'other', 'inactive', awards_from, debt_policy, claim_link, time_zone, 0, created_at FROM store"
        )

    page = get(shop, f"/orders/other?o={quote(order_id)}")

    assert BEING_PREPARED in text_of(page)


def test_a_hostile_shop_name_is_only_text(shop: World) -> None:
    shop.change_store(name="<img src=x onerror=alert(1)>")

    page = visit(shop, ORDER_ID)

    assert "<img" not in page.text
    assert "&lt;img" in page.text


def test_no_page_names_the_shopper(shop: World) -> None:
    order_id = ready_order(shop)
    shop.claim(order_id)
    shop.settle()

    page = visit(shop, order_id)

    assert "shopper" not in page.text
    assert order_id not in page.text


@pytest.mark.parametrize("case", ["ready", "waiting", "unknown"])
def test_no_answer_is_kept_or_told_to_others(shop: World, case: str) -> None:
    order_id = ready_order(shop) if case == "ready" else ORDER_ID

    answer = visit(shop, order_id)

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_who_asks_too_often_must_wait(shop: World) -> None:
    for _ in range(60):
        assert visit(shop, ORDER_ID).status_code == 200

    refused = visit(shop, ORDER_ID)

    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert "Too many requests" in text_of(refused)


def test_guessing_is_counted_too(shop: World) -> None:
    for _ in range(60):
        get(shop, "/orders/nowhere?o=x")

    assert visit(shop, ORDER_ID).status_code == 429


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_the_link_is_looked_at_and_asked_and_nothing_else(shop: World, method: str) -> None:
    assert ask(shop, method, path_of(shop, ORDER_ID)).status_code == 405


# Looking again, and coming to an end


def seconds_of_looks(world: World, order_id: str) -> list[int]:
    """Follow the page's own refreshing, as a browser without scripts does, and give the seconds that it waited."""
    address, seconds = path_of(world, order_id), []
    while found := re.search(r'http-equiv="refresh" content="(\d+); url=([^"]+)"', get(world, address).text):
        seconds.append(int(found[1]))
        address = f"/orders/{world.store().slug}{unescape(found[2])}"
    return seconds


def test_the_page_looks_less_and_less_often_and_comes_to_an_end(shop: World) -> None:
    seconds = seconds_of_looks(shop, ORDER_ID)

    assert seconds == sorted(seconds) == list(LOOKS)
    assert 10 * 60 < sum(seconds) < 20 * 60


@pytest.mark.parametrize("looks", ["12", "99", STOPPED])
def test_a_page_that_has_stopped_offers_to_look_again(shop: World, looks: str) -> None:
    page = get(shop, f"{path_of(shop, ORDER_ID)}&looks={looks}")

    assert "This page has stopped refreshing. Refresh" in text_of(page)
    assert "http-equiv" not in page.text
    assert "data-delays" not in page.text
    assert "<script" not in page.text


@pytest.mark.parametrize("looks", ["-1", "x", "", "1e5", "²", "9" * 5000])
def test_a_count_that_makes_no_sense_begins_anew(shop: World, looks: str) -> None:
    assert 'content="3; url=' in get(shop, f"{path_of(shop, ORDER_ID)}&looks={quote(looks)}").text


# Where claims cannot be withdrawn, asking for one counts, and looking does not


def shown(world: World, order_id: str) -> list[str]:
    return [claim.state for claim in world.claims(order_id)]


def coggins_order(world: World) -> str:
    return ready_order(world)


def press(world: World, order_id: str, **headers: str) -> requests.Response:
    return press_button(world, path_of(world, order_id), headers=headers)


def led_to(page: requests.Response) -> str:
    """Give the address that a page goes to by itself; it offers the same as a button."""
    [address] = re.findall(r'http-equiv="refresh" content="0; url=([^"]+)"', page.text)
    assert f'href="{address}"' in page.text
    return str(unescape(address))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_scanner_that_follows_the_link_is_shown_nothing(coggins_world: World, method: str) -> None:
    order_id = coggins_order(coggins_world)

    answers = [ask(coggins_world, method, path_of(coggins_world, order_id)) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert "Location" not in answers[0].headers
    assert "/claim/points/" not in answers[0].text
    assert shown(coggins_world, order_id) == ["open"]


def test_after_a_scanners_visit_a_refund_withdraws_the_claim_as_if_nobody_had_come(coggins_world: World) -> None:
    order_id = coggins_order(coggins_world)
    visit(coggins_world, order_id)

    coggins_world.saleor.till.refund(order_id, "60")
    coggins_world.deliver()

    assert coggins_world.order(order_id).shortfall == 0
    assert shown(coggins_world, order_id) == ["void"]
    assert "This order was refunded" in text_of(press(coggins_world, order_id))


def test_a_claim_that_waits_says_how_much_it_is_and_has_a_button(coggins_world: World) -> None:
    page = visit(coggins_world, coggins_order(coggins_world))

    assert "60 points are waiting for you" in text_of(page)
    assert "Go to my points" in text_of(page)


def test_the_button_leads_to_the_claim_marks_it_as_shown_and_notes_the_balance(coggins_world: World) -> None:
    order_id = coggins_order(coggins_world)

    page = press(coggins_world, order_id)

    assert page.status_code == 200
    assert coggins_world.coggins is not None
    assert led_to(page).startswith(f"{coggins_world.coggins.url}/claim/points/")
    [claim] = coggins_world.claims(order_id)
    assert (claim.state, claim.shown_available, claim.shown_used) == ("shown", 0, 0)


def test_a_link_that_was_asked_for_leads_on_by_itself_and_notes_nothing_new(coggins_world: World) -> None:
    order_id = coggins_order(coggins_world)
    first = led_to(press(coggins_world, order_id))
    [before] = coggins_world.claims(order_id)
    coggins_world.clock.advance(hours=1)

    second, third = visit(coggins_world, order_id), press(coggins_world, order_id)

    assert (second.status_code, second.headers["Location"]) == (303, first)
    assert led_to(third) == first
    assert coggins_world.claims(order_id) == [before]


def test_two_presses_at_once_lead_to_the_same_claim(coggins_world: World) -> None:
    order_id = coggins_order(coggins_world)

    with ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(lambda _: press(coggins_world, order_id), range(4)))

    assert len({led_to(page) for page in pages}) == 1
    assert shown(coggins_world, order_id) == ["shown"]


def test_the_button_where_claims_can_be_withdrawn_leads_to_the_claim_too(shop: World) -> None:
    order_id = ready_order(shop)

    assert led_to(press(shop, order_id)) == visit(shop, order_id).headers["Location"]


def test_the_button_of_an_order_that_waits_says_that_it_waits(shop: World) -> None:
    assert BEING_PREPARED in text_of(press(shop, ORDER_ID))


def test_another_sites_page_cannot_press_the_button(coggins_world: World) -> None:
    order_id = coggins_order(coggins_world)

    assert press(coggins_world, order_id, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert shown(coggins_world, order_id) == ["open"]


def test_a_head_of_a_claim_of_our_own_leads_where_a_look_does(shop: World) -> None:
    order_id = ready_order(shop)

    assert ask(shop, "HEAD", path_of(shop, order_id)).headers["Location"] == visit(shop, order_id).headers["Location"]


def test_while_the_balance_cannot_be_had_the_claim_is_not_shown(coggins_world: World) -> None:
    order_id = coggins_order(coggins_world)
    assert coggins_world.coggins is not None
    coggins_world.coggins.faults.always(faults.status(500))

    page = press(coggins_world, order_id)

    assert BEING_PREPARED in text_of(page)
    assert shown(coggins_world, order_id) == ["open"]


def test_after_the_balance_could_not_be_had_the_next_press_leads_to_the_claim(coggins_world: World) -> None:
    order_id = coggins_order(coggins_world)
    assert coggins_world.coggins is not None
    coggins_world.coggins.faults.once(faults.cut())
    press(coggins_world, order_id)

    assert led_to(press(coggins_world, order_id))


def test_a_claim_withdrawn_before_the_visit_is_not_led_to(coggins_world: World) -> None:
    order_id = coggins_order(coggins_world)
    coggins_world.saleor.till.refund(order_id, "60")
    coggins_world.deliver()

    assert "This order was refunded or cancelled" in said(coggins_world, order_id)


def test_an_unbound_claim_is_shown_without_asking_for_a_balance(coggins_world: World) -> None:
    change_rule(coggins_world, bind_email=False)
    order_id = coggins_order(coggins_world)
    assert coggins_world.coggins is not None
    coggins_world.coggins.faults.always(faults.status(500))

    assert led_to(press(coggins_world, order_id))


def test_the_link_of_a_removed_app_still_answers(shop: World) -> None:
    order_id = ready_order(shop)
    [app] = shop.saleor.apps.installed.values()
    shop.saleor.apps.uninstall(app.id)
    shop.saleor.deliveries.deliver()

    assert visit(shop, order_id).status_code == 303
