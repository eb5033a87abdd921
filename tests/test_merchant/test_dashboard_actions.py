"""What staff start from an order, a customer or a product in the Dashboard, and the boxes that are loaded by GET."""

import json
from typing import Any

import pytest
import requests

from app.usecases.merchants.change_store import change_store
from app.usecases.operating.show_customer import show_customer
from tests.standins import faults
from tests.test_merchant.calls import ALL, Desk, notified, once_in, seen
from tests.test_settling.test_refunds import ADA, paid_order
from tests.waiting import PATIENCE_SECONDS
from tests.world import World

BEN = "ben@example.com"


@pytest.fixture
def eraser(shop: World) -> Desk:
    """A staff user who may delete customers in Saleor."""
    return Desk(shop, (*ALL, "MANAGE_USERS"))


def balance(world: World, email: str) -> int:
    kept = show_customer(world.services, world.store().slug, email).balance
    return kept.available if kept is not None else 0


def gifts(page: requests.Response, emails: list[str], **typed: Any) -> dict[str, Any]:
    return {"once": once_in(page), "email": emails, "points": "25", "reason": "a birthday", **typed}


def test_give_points_of_an_order_opens_its_form(desk: Desk) -> None:
    order_id = paid_order(desk.world, "60")

    page = desk.get(f"orders/give?orderId={order_id}")

    assert page.headers["X-Page"] == f"orders/{order_id}/give"
    assert '<details class="confirm" open>' in page.text
    assert "Order #1" in seen(page)
    assert desk.get(f"orders/{order_id}/give").status_code == 200


def test_give_points_of_a_customer_opens_the_customers_form(desk: Desk) -> None:
    user_id = desk.world.saleor.shop.register_customer(ADA)

    page = desk.get(f"customers/give?customerId={user_id}")

    assert page.headers["X-Page"] == f"customers/{ADA}/give".replace("@", "%40")
    assert '<details class="confirm" open>' in page.text


def test_points_are_given_to_all_who_were_chosen_and_once(desk: Desk) -> None:
    world = desk.world
    ids = [world.saleor.shop.register_customer(email) for email in (ADA, BEN)]
    page = desk.get(f"customers/give?customerIds[0]={ids[0]}&customerIds[1]={ids[1]}&customerIds[2]=VXNlcjo5OTk5")
    assert "Give points to 2 customers" in seen(page)
    assert "1 of those whom you chose has no e-mail address" in seen(page)

    answers = [desk.post("customers/give", gifts(page, [ADA, BEN])) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert (balance(world, ADA), balance(world, BEN)) == (25, 25)


def test_one_whose_points_cannot_be_changed_does_not_keep_the_others_from_theirs(desk: Desk) -> None:
    world = desk.world
    ids = ",".join(world.saleor.shop.register_customer(email) for email in (ADA, BEN))
    page = desk.get(f"customers/give?customerIds={ids}")

    answer = desk.post("customers/give", gifts(page, ["nobody", BEN]))

    assert "nobody Refused This is not an e-mail address" in seen(answer)
    assert balance(world, BEN) == 25


def test_what_became_of_each_is_said_and_not_that_all_is_done(desk: Desk) -> None:
    world = desk.world
    ids = ",".join(world.saleor.shop.register_customer(email) for email in (ADA, BEN))
    world.claim(paid_order(world, "60"))
    page = desk.get(f"customers/give?customerIds={ids}")

    answer = desk.post("customers/give", gifts(page, [ADA, BEN], points="-100"))

    assert f"{ADA} Done \N{MINUS SIGN}60 points" in seen(answer)
    assert f"{BEN} Refused The balance holds nothing to take back." in seen(answer)


def test_a_form_for_many_that_is_sent_again_does_not_say_that_it_changed_anybody(desk: Desk) -> None:
    ids = ",".join(desk.world.saleor.shop.register_customer(email) for email in (ADA, BEN))
    form = gifts(desk.get(f"customers/give?customerIds={ids}"), [ADA, BEN])

    told = [notified(desk.post("customers/give", form))["title"] for _ in range(2)]

    assert told == ["2 of 2 customers changed", "0 of 2 customers changed"]


def test_gifts_for_many_above_the_limit_of_a_day_wait_for_approval(desk: Desk) -> None:
    change_store(desk.world.services, desk.world.store().slug, staff_day_max=30)
    ids = ",".join(desk.world.saleor.shop.register_customer(email) for email in (ADA, BEN))

    answer = desk.post("customers/give", gifts(desk.get(f"customers/give?customerIds={ids}"), [ADA, BEN]))

    assert (balance(desk.world, ADA), balance(desk.world, BEN)) == (25, 0)
    assert f"{BEN} Waits for approval" in seen(answer)
    assert notified(answer)["title"] == "1 of 2 customers changed"
    assert notified(answer)["text"] == "Above a limit of your shop, waiting for approval: 1."


@pytest.mark.parametrize("ids", ["x", ",", ",".join(["0" * 32] * 101)])
def test_what_are_no_changes_is_refused(desk: Desk, ids: str) -> None:
    assert desk.get(f"customers/changes/{ids}").status_code in {400, 404}


def test_a_change_of_an_order_or_of_nobody_is_not_shown_as_one_of_a_customer(desk: Desk) -> None:
    world = desk.world
    [movement] = world.movements(paid_order(world, "60"))

    page = desk.get(f"customers/changes/{movement.id.hex},{'0' * 32}")

    assert (page.status_code, ADA in page.text) == (200, False)
    assert Desk(world, ("MANAGE_APPS",)).get(f"customers/changes/{movement.id.hex}").status_code == 403


@pytest.mark.parametrize("wrong", [{"points": "many"}, {"reason": " "}, {"email": []}])
def test_a_wrong_form_for_many_gives_nothing_to_anybody(desk: Desk, wrong: dict[str, Any]) -> None:
    ids = ",".join(desk.world.saleor.shop.register_customer(email) for email in (ADA, BEN))
    page = desk.get(f"customers/give?customerIds={ids}")

    assert desk.post("customers/give", gifts(page, [ADA, BEN]) | wrong).status_code == 422


def test_what_is_kept_is_shown_exported_and_erased(eraser: Desk) -> None:
    world = eraser.world
    paid_order(world, "60")
    user_id = world.saleor.shop.register_customer(ADA)

    page = eraser.get(f"customers/erase?customerId={user_id}")
    exported = eraser.get(f"customers/{ADA}/export.json")
    answer = eraser.post(f"customers/{ADA}/erase", {"once": once_in(page), "email": ADA})

    assert "60" in seen(page)
    assert exported.headers["Content-Disposition"].startswith("attachment")
    assert json.loads(exported.text)["orders"][0]["email"] == ADA
    assert "Erased. 1 order," in seen(answer)
    assert "Nothing is kept" in seen(eraser.get(f"customers/{ADA}/erase"))
    log = seen(eraser.get("log"))
    assert "A customer was erased" in log
    assert ADA not in log


def test_a_form_about_somebody_else_erases_nobody(eraser: Desk) -> None:
    paid_order(eraser.world, "60")
    page = eraser.get(f"customers/{ADA}/erase")

    answer = eraser.post(f"customers/{ADA}/erase", {"once": once_in(page), "email": BEN})

    assert answer.status_code == 422
    assert len(show_customer(eraser.world.services, eraser.world.store().slug, ADA).orders) == 1


@pytest.mark.parametrize(
    "path", ["customers/erase?customerId=VXNlcjox", f"customers/{ADA}/erase", f"customers/{ADA}/export.json"]
)
def test_whoever_may_not_delete_customers_may_not_erase_them_here(desk: Desk, path: str) -> None:
    answer = desk.get(path)

    assert answer.status_code == 403
    assert "MANAGE_USERS" in seen(answer)
    assert "Show what is kept" not in seen(desk.get(f"customers/{ADA}"))


@pytest.mark.parametrize("asked", ["customerId=<b>", "&".join(f"customerIds[{n}]=VXNlcjo{n}" for n in range(101))])
def test_what_the_dashboard_would_never_send_is_refused(desk: Desk, asked: str) -> None:
    assert desk.get(f"customers/give?{asked}").status_code == 400


def test_a_product_shows_what_it_earns_in_each_channel(desk: Desk) -> None:
    product_id = desk.world.saleor.shop.list_product(default_channel=("10.50", "20"), japan=("1000", "1000"))

    text = seen(desk.widget("product", productId=product_id))

    assert "10 to 20 points in Default-Channel for 10.50 USD to 20.00 USD" in text
    assert "1,000 points in Japan for 1,000 JPY" in text
    assert "Kuwait" not in text


def test_a_gift_card_earns_nothing(desk: Desk) -> None:
    product_id = desk.world.saleor.shop.list_product(is_gift_card=True, default_channel=("10", "10"))

    assert "Gift cards earn no points" in seen(desk.widget("product", productId=product_id))


def test_a_product_that_is_not_sold_and_a_saleor_that_is_away_are_sentences(desk: Desk) -> None:
    unsold = seen(desk.widget("product", productId="UHJvZHVjdDo5OQ=="))
    desk.world.saleor.faults.always(faults.status(500), on="ProductPrices")
    away = desk.widget("product", productId="UHJvZHVjdDo5OQ==")

    assert "No active channel sells this product" in unsold
    assert away.status_code == 503


@pytest.mark.parametrize("name", ["order", "customer", "product", "home"])
def test_the_frame_of_a_box_holds_nothing_but_the_theme(desk: Desk, name: str) -> None:
    answer = requests.get(
        f"{desk.world.url}/app/widgets/{name}?saleorApiUrl={desk.world.saleor.api_url}&theme=dark", timeout=PATIENCE_SECONDS
    )

    assert answer.status_code == 200
    assert 'data-theme="dark"' in answer.text
    assert "data-box" in answer.text
    assert desk.world.saleor.api_url not in answer.text
