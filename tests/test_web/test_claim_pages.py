"""The claim page of the embedded provider, as shoppers, mail scanners and strangers meet it."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from flask import Flask
from sqlmodel import select

from app.db.tables import PointsClaimRow, PointsEntryRow
from app.domain.claim import Balance
from app.web import error_answers as errors
from app.web.limiting import RequestLimiter
from app.web.shoppers import claim_page as claims
from app.web.shoppers.page_setup import set_up_shopper_pages
from app.web.shoppers.speech import set_up_speech
from tests.test_web.calls import ask, change_rule, claim_path, get, press_button, ready_order, text_of
from tests.waiting import PATIENCE_SECONDS
from tests.world import World

UNKNOWN = f"/claim/points/{'0' * 32}"


def claimable(world: World, *, email: str = "shopper@example.com", **rule: object) -> str:
    """Make a claim of 60 points under a rule with changes, and give its page's path."""
    change_rule(world, **rule)
    return claim_path(world, ready_order(world, email=email))


def take(world: World, path: str, email: str | None = None) -> requests.Response:
    return press_button(world, path, data={} if email is None else {"email": email})


def entries(world: World) -> list[PointsEntryRow]:
    with world.services.database.reading() as session:
        return list(session.exec(select(PointsEntryRow)))


def claim(world: World) -> PointsClaimRow:
    with world.services.database.reading() as session:
        return session.exec(select(PointsClaimRow)).one()


# What a claim looks like


def test_a_bound_claim_shows_its_points_and_whose_they_will_be(shop: World) -> None:
    page = get(shop, claimable(shop, email="jane.doe@example.com"))

    assert page.status_code == 200
    assert "60 points are waiting for you" in text_of(page)
    assert "j•••@e•••.com" in text_of(page)
    assert "jane.doe" not in page.text
    assert 'name="email"' not in page.text


def test_an_unbound_claim_asks_whose_they_shall_be(shop: World) -> None:
    page = get(shop, claimable(shop, email="jane.doe@example.com", bind_email=False))

    assert 'name="email"' in page.text
    assert "•••" not in page.text
    assert "jane" not in page.text


def test_a_single_point_is_no_points(shop: World) -> None:
    path = claim_path(shop, ready_order(shop, total="1"))

    assert "1 point " in text_of(get(shop, path))
    assert "1 points" not in text_of(get(shop, path))


def test_large_numbers_are_grouped(shop: World) -> None:
    path = claim_path(shop, ready_order(shop, total="1234567"))

    assert "1,234,567 points" in text_of(get(shop, path))


def test_a_claim_that_ends_says_until_when(shop: World) -> None:
    page = get(shop, claimable(shop, expires_days=30))

    # On the order, in Saleor, stands the same day.
    assert "until June 3, 2026" in text_of(page)


def test_a_claim_without_an_end_says_nothing_of_one(shop: World) -> None:
    assert "until" not in text_of(get(shop, claimable(shop)))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_claim_is_not_here(shop: World, method: str) -> None:
    page = ask(shop, method, UNKNOWN)

    assert page.status_code == 404
    assert "We do not know this link" in text_of(page)


@pytest.mark.parametrize("token", ["a", "0" * 31, "0" * 33, "A" * 32, "g" * 32, "0" * 32 + "%0A", "é" * 32])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_malformed_token_is_not_here(shop: World, method: str, token: str) -> None:
    assert ask(shop, method, f"/claim/points/{token}").status_code == 404


def test_a_token_in_capitals_is_another_token(shop: World) -> None:
    path = claimable(shop)

    assert get(shop, path.upper().replace("/CLAIM/POINTS/", "/claim/points/")).status_code == 404


def test_the_claim_url_begins_with_the_shops_own_domain(shop: World) -> None:
    order_id = ready_order(shop)

    assert shop.follow(order_id).headers["Location"].startswith(f"{shop.settings.claim_url_base}/claim/points/")


# Looking is not taking


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_takes_nothing(shop: World, method: str) -> None:
    path = claimable(shop)

    statuses = [ask(shop, method, path).status_code for _ in range(3)]

    assert statuses == [200, 200, 200]
    assert claim(shop).state == "open"
    assert entries(shop) == []


def test_the_form_posts_to_the_page_itself(shop: World) -> None:
    page = get(shop, claimable(shop))

    [form] = re.findall(r"<form[^>]*>", page.text)
    assert 'method="post"' in form
    assert "action" not in form


# Taking


def test_a_bound_claim_goes_to_its_own_address(shop: World) -> None:
    page = take(shop, claimable(shop))

    assert page.status_code == 200
    assert "60 points are yours" in text_of(page)
    assert "Your balance is now 60 points" in text_of(page)
    assert shop.balance("shopper@example.com") == Balance(60, 0)


def test_the_balance_is_shown_to_whoever_took_the_claim_for_some_minutes(shop: World) -> None:
    taken, other = claimable(shop), claimable(shop)
    receipt = take(shop, taken).url.partition("?receipt=")[2]
    take(shop, other)
    shown = [get(shop, f"{path}?receipt={text}") for path, text in ((taken, receipt), (taken, "x" + receipt), (other, receipt))]
    shop.clock.advance(minutes=16)
    shown.append(get(shop, f"{taken}?receipt={receipt}"))

    assert ["Your balance is now 60 points" in text_of(page) for page in shown] == [True, False, False, False]


def test_a_bound_claim_does_not_go_to_another_address(shop: World) -> None:
    take(shop, claimable(shop), "thief@example.com")

    assert shop.balance("thief@example.com") == Balance(0, 0)
    assert shop.balance("shopper@example.com") == Balance(60, 0)


def test_an_unbound_claim_goes_to_the_address_that_was_given(shop: World) -> None:
    take(shop, claimable(shop, bind_email=False), "friend@example.com")

    assert shop.balance("friend@example.com") == Balance(60, 0)
    assert shop.balance("shopper@example.com") == Balance(0, 0)


def test_whoever_names_an_address_is_not_told_its_balance(shop: World) -> None:
    shop.change_store(name="A shop without a number")
    path = claimable(shop, bind_email=False)
    second = claim_path(shop, ready_order(shop, total="7"))
    take(shop, path, "friend@example.com")

    page = take(shop, second, "friend@example.com")

    assert "7 points have been added" in text_of(page)
    assert "67" not in text_of(page)
    assert "balance" not in text_of(page).lower()


def test_taking_twice_gives_once(shop: World) -> None:
    path = claimable(shop)

    first, second = take(shop, path), take(shop, path)

    assert (first.status_code, second.status_code) == (200, 200)
    assert shop.balance("shopper@example.com") == Balance(60, 0)
    assert len(entries(shop)) == 1


def test_taking_many_times_at_once_gives_once(embedded_world: World) -> None:
    path = claim_path(embedded_world, ready_order(embedded_world))

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: take(embedded_world, path).status_code, range(8)))

    assert statuses == [200] * 8
    assert embedded_world.balance("shopper@example.com") == Balance(60, 0)


def test_two_people_who_take_one_unbound_claim_at_once_get_it_once(embedded_world: World) -> None:
    path = claimable(embedded_world, bind_email=False)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: take(embedded_world, path, f"friend{number}@example.com"), range(4)))

    assert embedded_world.points_in_all_balances() == 60


@pytest.mark.parametrize("is_posted", [False, True])
def test_a_taken_claim_says_so_and_shows_nobodys_balance(shop: World, is_posted: bool) -> None:
    path = claimable(shop)
    take(shop, path)

    page = take(shop, path) if is_posted else get(shop, path)

    assert page.status_code == 200
    assert "60 points" in text_of(page)
    assert "<form" not in page.text
    assert "balance is" not in text_of(page)


def test_a_taken_claim_says_when(shop: World) -> None:
    path = claimable(shop)
    take(shop, path)

    assert "60 points were added on May 4, 2026 at 9:02" in text_of(get(shop, path))


def test_the_order_tells_of_the_taking(shop: World) -> None:
    order_id = ready_order(shop)
    take(shop, claim_path(shop, order_id))

    shop.settle()

    assert shop.metadata(order_id)["points_status"] == "claimed"


@pytest.mark.parametrize(
    "email",
    [
        "",
        " ",
        "nobody",
        "@example.com",
        "a@",
        "a@b",
        "a b@example.com",
        "a@exam ple.com",
        "a@example.com\nb",
        "a" * 250 + "@example.com",
        "a@.",
        "a@@",
    ],
)
def test_a_bad_address_loses_nothing(shop: World, email: str) -> None:
    path = claimable(shop, bind_email=False)

    page = take(shop, path, email)

    assert page.status_code == 200
    assert "Your points are still here" in text_of(page)
    assert 'role="alert"' in page.text
    assert claim(shop).state == "open"
    assert take(shop, path, "friend@example.com").status_code == 200
    assert shop.balance("friend@example.com") == Balance(60, 0)


def test_a_missing_address_loses_nothing(shop: World) -> None:
    assert "Your points are still here" in text_of(take(shop, claimable(shop, bind_email=False)))
    assert claim(shop).state == "open"


def test_blanks_and_capitals_make_no_other_customer(shop: World) -> None:
    change_rule(shop, bind_email=False)
    paths = [claim_path(shop, ready_order(shop)) for _ in range(3)]

    for path, email in zip(paths, [" Friend@Example.com", "friend@example.com ", "FRIEND@EXAMPLE.COM"], strict=True):
        assert take(shop, path, email).status_code == 200

    assert shop.balance("friend@example.com") == Balance(180, 0)


def test_a_guests_odd_spelling_is_one_customer_with_the_usual_one(shop: World) -> None:
    for email in ("Mixed.Case@Example.COM", "mixed.case@example.com"):
        take(shop, claim_path(shop, ready_order(shop, email=email)))

    assert shop.balance("MIXED.CASE@example.com") == Balance(120, 0)


def test_an_address_in_another_script_is_taken(shop: World) -> None:
    assert take(shop, claimable(shop, bind_email=False), "ü@müller.example").status_code == 200
    assert shop.balance("Ü@MÜLLER.example") == Balance(60, 0)


# The ends of a claim


def test_a_claim_past_its_time_says_so_and_gives_nothing(shop: World) -> None:
    path = claimable(shop, expires_days=1)
    shop.clock.advance(days=3)

    shown, posted = get(shop, path), take(shop, path)

    for page in (shown, posted):
        assert page.status_code == 200
        assert "The time for this claim is over" in text_of(page)
        assert "<form" not in page.text
    assert entries(shop) == []


def test_a_claim_can_be_taken_until_the_end_of_its_last_day(shop: World) -> None:
    path = claimable(shop, expires_days=1)
    shop.clock.advance(hours=38)

    assert "60 points are yours" in text_of(take(shop, path))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_claim_of_a_refunded_order_says_so_and_leads_to_the_order(shop: World, method: str) -> None:
    order_id = ready_order(shop)
    path = claim_path(shop, order_id)
    shop.saleor.till.refund(order_id, "60")
    shop.deliver()

    page = press_button(shop, path) if method == "POST" else get(shop, path)

    assert page.status_code == 200
    assert "This claim was withdrawn" in text_of(page)
    assert "refunded" in text_of(page)
    assert entries(shop) == []
    [link] = re.findall(r'class="button" href="([^"]+)"', page.text)
    assert "This order was refunded or cancelled" in text_of(requests.get(link, timeout=PATIENCE_SECONDS))


def test_a_claim_whose_points_went_into_another_link_says_so_and_leads_there(shop: World) -> None:
    order_id = ready_order(shop)
    path = claim_path(shop, order_id)
    shop.saleor.shop.change_email(order_id, "other@example.com")
    shop.deliver()

    page = get(shop, path)

    assert "its points are in another link now" in text_of(page)
    [link] = re.findall(r'class="button" href="([^"]+)"', page.text)
    new = requests.get(link, timeout=PATIENCE_SECONDS)
    assert "o•••@e•••.com" in text_of(new)
    assert path not in new.url


def test_a_claim_of_a_cancelled_order_says_so(shop: World) -> None:
    order_id = ready_order(shop)
    path = claim_path(shop, order_id)
    shop.saleor.shop.cancel(order_id)
    shop.deliver()

    assert "The order was cancelled, so it brings no points." in text_of(get(shop, path))


def test_a_claim_of_a_partly_refunded_order_has_what_is_left(shop: World) -> None:
    order_id = ready_order(shop)
    shop.saleor.till.refund(order_id, "20")
    shop.deliver()

    page = take(shop, claim_path(shop, order_id))

    assert "40 points are yours" in text_of(page)
    assert shop.balance("shopper@example.com") == Balance(40, 0)


def test_a_refund_between_the_look_and_the_click_gives_what_is_left(shop: World) -> None:
    order_id = ready_order(shop)
    path = claim_path(shop, order_id)
    assert "60 points" in text_of(get(shop, path))
    shop.saleor.till.refund(order_id, "20")
    shop.deliver()

    take(shop, path)

    assert shop.balance("shopper@example.com") == Balance(40, 0)


# What strangers try


def test_while_all_guessers_together_guess_too_much_a_known_link_is_served(shop: World) -> None:
    path = claimable(shop)
    app = Flask("app.web")
    set_up_speech(app)
    set_up_shopper_pages(app)
    errors.register(app)
    each, everybody = RequestLimiter("2/hour"), RequestLimiter("3/hour")
    many = RequestLimiter("1000/hour")
    app.register_blueprint(claims.blueprint(shop.services, many, guesses=each, all_guesses=everybody, own_urls=()))
    client = app.test_client()

    statuses = [client.get(UNKNOWN, environ_base={"REMOTE_ADDR": f"10.0.0.{number}"}).status_code for number in range(5)]

    assert statuses == [404, 404, 404, 429, 429]
    assert client.get(path).status_code == 200
    assert client.post(path).status_code == 303


def test_a_hostile_shop_name_is_only_text(shop: World) -> None:
    shop.change_store(name="<script>alert(1)</script>\"'&")
    path = claimable(shop)

    for page in (get(shop, path), take(shop, path), get(shop, path)):
        assert "<script" not in page.text
        assert "&lt;script&gt;" in page.text


def test_a_hostile_address_is_only_text(shop: World) -> None:
    hostile = '"><script>@exa<b>mple.com'
    path = claimable(shop, email=hostile)

    assert "<script" not in get(shop, path).text
    assert "<b>" not in get(shop, path).text


def test_a_hostile_typed_address_is_not_repeated(shop: World) -> None:
    page = take(shop, claimable(shop, bind_email=False), '"><script>alert(1)</script>')

    assert page.status_code == 200
    assert "alert(1)" not in page.text


def test_no_page_of_a_claim_is_kept_or_told_to_others(shop: World) -> None:
    path = claimable(shop)

    for page in (get(shop, path), ask(shop, "HEAD", path), take(shop, path), get(shop, path), get(shop, UNKNOWN)):
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["X-Robots-Tag"] == "noindex"


def test_a_page_sets_no_cookie_and_runs_no_script(shop: World) -> None:
    page = get(shop, claimable(shop))

    assert "Set-Cookie" not in page.headers
    assert "<script" not in page.text
    assert "http" not in re.sub(re.escape(shop.url), "", page.text.replace("http-equiv", ""))


def test_who_asks_too_often_must_wait(shop: World) -> None:
    path = claimable(shop)
    for _ in range(60):
        get(shop, UNKNOWN)

    refused = take(shop, path)

    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert claim(shop).state == "open"


def test_a_known_link_is_not_asked_for_too_often_either(shop: World) -> None:
    path = claimable(shop)
    shown = [get(shop, path).status_code for _ in range(90)]

    refused = take(shop, path)

    # Following the order's link was none of these requests.
    assert shown == [200] * 90
    assert refused.status_code == 429
    assert claim(shop).state == "open"


def test_one_address_that_asks_too_often_does_not_shut_out_others(shop: World) -> None:
    for _ in range(91):
        get(shop, UNKNOWN)

    with requests.Session() as other:
        other.mount("http://", FromAddress("127.0.0.2"))
        assert other.get(f"{shop.url}{UNKNOWN}", timeout=PATIENCE_SECONDS).status_code == 404


class FromAddress(requests.adapters.HTTPAdapter):
    """Connects from another loopback address."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: object, **kwargs: object) -> None:
        super().init_poolmanager(*args, **kwargs, source_address=(self._address, 0))  # type: ignore[arg-type]  # handed on


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_a_claim_is_looked_at_and_taken_and_nothing_else(shop: World, method: str) -> None:
    page = ask(shop, method, claimable(shop))

    assert page.status_code == 405
    assert page.headers["Content-Type"].startswith("text/html")


def test_a_body_over_the_limit_is_refused(shop: World) -> None:
    assert take(shop, claimable(shop, bind_email=False), "a" * (1024 * 1024 + 1)).status_code == 413


def test_a_claim_outlives_the_apps_end_in_its_shop(shop: World) -> None:
    path = claimable(shop)
    [app] = shop.saleor.apps.installed.values()
    shop.saleor.apps.uninstall(app.id)
    shop.saleor.deliveries.deliver()

    assert take(shop, path).status_code == 200
    assert shop.points_in_all_balances() == 60
