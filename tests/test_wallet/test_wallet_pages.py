"""The pages of the wallet: what they show to whom, what presses do, and what they refuse."""

import json
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.usecases.merchants.change_brand import change_brand
from tests.standins import faults
from tests.test_merchant.calls import Desk, notified
from tests.test_merchant.calls import seen as read
from tests.test_rewards.giving import GivingShop
from tests.test_wallet.visitor import ADA, EVE, Visitor, buy, codes, give, newest_mail, seen, sessions
from tests.world import World

# Ada's balance: a number that nothing else comes to.
POINTS = 48_271


def test_the_first_page_shows_the_balance_and_what_waits_and_one_press_takes_all(ada: Visitor) -> None:
    give(ada.world, 1_000)
    buy(ada.world, "31")
    page = seen(ada.sign_in().get())
    assert "1,000 points" in page
    assert "Order 1" in page
    assert "Claim 91 points" in page

    page = seen(ada.post("/claims"))

    assert "1,091 points" in page
    assert "You have claimed everything that was waiting." in page
    assert "You claimed the points of order 1." in page
    assert ada.world.balance(ADA).available == 1_091
    assert "1,091 points" in seen(ada.post("/claims"))


def test_the_history_is_shown_by_pages(ada: Visitor) -> None:
    for points in range(1, 24):
        give(ada.world, points)
    ada.sign_in()

    first = ada.get("/history")

    assert seen(first).count("The shop gave you these points.") == 20
    assert "Show older changes" in seen(first)
    older = first.text.partition("history?before=")[2].partition('"')[0]
    assert seen(ada.get(f"/history?before={older}")).count("The shop gave you these points.") == 3


def test_at_coggins_the_page_shows_what_is_known_while_the_balance_is_not(coggins_shop: World) -> None:
    ada = Visitor(coggins_shop)
    give(coggins_shop, 250)
    page = seen(ada.sign_in().get())
    assert "250 points" in page
    assert "Go to these points" in page
    assert coggins_shop.coggins is not None
    coggins_shop.coggins.faults.always(faults.status(503), on="lookup")

    page = seen(ada.get())

    assert "Your balance cannot be shown right now" in page
    assert "Order 1" in page


def test_the_claim_page_and_the_order_link_lead_there_and_show_no_balance(ada: Visitor) -> None:
    give(ada.world, POINTS)
    order_id = next(order.saleor_order_id for order in ada.world.orders())

    page = ada.http.get(ada.world.metadata(order_id)["points_claim_url"], timeout=30)

    assert f'href="{ada.home}"' in page.text
    assert f"{POINTS:,}" not in page.text
    ada.world.change_store(hosted_wallet=False)
    assert ada.home not in ada.http.get(page.url, timeout=30).text


def test_opening_an_order_link_shows_nobodys_balance_also_where_its_customer_is_signed_in(ada: Visitor) -> None:
    give(ada.world, POINTS)
    ada.sign_in()
    link = ada.world.metadata(ada.world.orders()[0].saleor_order_id)["points_claim_url"]
    waiting = ada.http.get(link, timeout=30)
    ada.post("/claims", {"form": ada.form})

    claimed = ada.http.get(link, timeout=30)

    assert "60 points were added" in seen(claimed)
    for page in (waiting, claimed):
        assert f'href="{ada.home}"' in page.text
        for balance in (POINTS, POINTS + 60):
            assert f"{balance:,}" not in page.text
            assert str(balance) not in page.text


def test_what_is_kept_is_downloaded_without_what_is_the_staffs(ada: Visitor) -> None:
    desk = Desk(ada.world)
    desk.post("customers/give", {"email": ADA, "points": "5", "reason": "she was kind", "once": "0" * 32})
    ada.sign_in()

    answer = ada.get("/data")

    assert "attachment" in answer.headers["Content-Disposition"]
    told = json.loads(answer.text)
    assert told["orders"][0]["number"] == "1"
    assert len(told["wallet_sessions"]) == 1
    for hidden in ("admin@example.com", "she was kind", "token_mark", "_sealed"):
        assert hidden not in answer.text


def test_who_wants_to_be_forgotten_is_asked_twice_and_then_erased(ada: Visitor) -> None:
    ada.sign_in()
    phone = Visitor(ada.world).sign_in()
    assert "/forget?sure=yes" in ada.get("/forget").text
    assert "This cannot be undone" in seen(ada.get("/forget?sure=yes"))

    page = ada.post("/forget")

    assert "has been deleted" in seen(page)
    assert not phone.is_signed_in
    assert (sessions(ada.world), codes(ada.world)) == ([], [])
    assert ada.world.orders()[0].email != ADA


def test_a_form_without_its_token_or_from_another_site_does_nothing(ada: Visitor) -> None:
    ada.sign_in()
    other = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    for path in ("/claims", "/sign-out", "/forget"):
        assert ada.post(path, {"form": ""}).status_code == 403
        assert ada.post(path, {"form": "0" * 64}).status_code == 403
        assert ada.post(path, headers=other).status_code == 403
    for path in ("/sign-in", "/sign-in/code", "/sign-in/link"):
        assert ada.post(path, headers=other).status_code == 403

    assert ada.is_signed_in
    assert ada.world.balance(ADA).available == 0


def test_another_customers_form_token_is_none(ada: Visitor) -> None:
    buy(ada.world, email=EVE)
    eve = Visitor(ada.world).sign_in(EVE)
    ada.sign_in()
    ada.get()

    assert eve.post("/claims", {"form": ada.form}).status_code == 403


@pytest.mark.parametrize("path", ["", "/history", "/account", "/data", "/forget", "/sign-in/link"])
def test_no_page_is_kept_framed_or_told_of(ada: Visitor, path: str) -> None:
    ada.sign_in()

    answer = ada.get(path)

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/history", "/account", "/data", "/forget"])
def test_whoever_is_not_signed_in_is_asked_to(ada: Visitor, path: str) -> None:
    assert ada.get(path).url == ada.home


def test_a_shops_name_is_text(ada: Visitor) -> None:
    change_brand(ada.world.services, ada.world.store().slug, name="<b data-planted>Tea</b>")

    for page in (ada.get(), ada.ask(), ada.sign_in().get(), ada.get("/account")):
        assert "<b data-planted>" not in page.text


def test_the_merchant_switches_it_on_in_settings_and_reads_what_is_missing(shop: World) -> None:
    shop.change_store(hosted_wallet=False, mail_sender=None)
    desk = Desk(shop)
    assert "Nobody can sign in to the wallet yet" in read(desk.get("settings"))

    answer = desk.post("settings/wallet", {"once": "1" * 32, "hosted_wallet": "yes"})

    assert notified(answer)["title"] == "Settings saved"
    assert shop.store().hosted_wallet
    assert f"{shop.url}/wallet/{shop.store().slug}" in answer.text
    shop.change_store(mail_sender="points@shop.example")
    assert "Nobody can sign in to the wallet yet" not in read(desk.get("settings"))


def test_eve_learns_and_changes_nothing_of_adas(ada: Visitor) -> None:
    """Whatever she sends, to whichever page."""
    world = ada.world
    give(world, POINTS + 1)
    ada.sign_in()
    ada.get()
    mail = newest_mail(world)
    buy(world, "7", email=EVE)
    giving = GivingShop(world)
    giving.open()
    reward, taken = giving.reward(points=9_999), giving.taken(giving.reward(points=1))
    before = seen(ada.get())
    eve = Visitor(world).sign_in(EVE)
    eve.get()
    adas = [ADA, ada.form, ada.cookie("wallet-"), mail["code"], mail["link"], "1", str(taken.reference), taken.code]
    values = st.one_of(st.sampled_from(adas), st.text(max_size=20))
    of_rewards = [f"/rewards/{reward}", f"/redemptions/{taken.reference}/withdraw", f"/redemptions/{uuid4()}/withdraw"]
    pages = ["/redemptions", f"/redemptions/{taken.reference}", *of_rewards]
    gets = st.sampled_from(["", "/history", "/account", "/data", "/forget", "/sign-in", "/sign-in/link", *pages])
    posts = st.sampled_from(["/claims", "/sign-in", "/sign-in/code", "/sign-in/link", *of_rewards])
    names = st.lists(
        st.sampled_from(["email", "before", "key", "code", "customer", "store", "id", "once", "points"]), max_size=3, unique=True
    )
    network = iter(range(1_000_000))

    @settings(
        max_examples=80,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(gets, posts, names, st.lists(values, min_size=3, max_size=3))
    def ask(get: str, post: str, names: list[str], values: list[str]) -> None:
        number = next(network)
        eve.http.headers["X-Forwarded-For"] = f"198.18.{number // 250}.{number % 250}"
        sent = dict(zip(names, values, strict=False))
        for answer in (eve.get(get, params=sent), eve.post(post, sent)):
            assert answer.status_code < 500
            assert f"{POINTS:,}" not in answer.text
            assert str(POINTS) not in answer.text
            assert ADA not in answer.text
            assert taken.code not in answer.text

    ask()

    assert [row.stage for row in giving.rows()] == ["given"]
    assert seen(ada.get()) == before
    assert eve.is_signed_in
