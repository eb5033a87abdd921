"""Claims that are bound to a shopper's address are taken without a link, by them and by nobody else."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from app.usecases.operating.verify_books import verify_books
from tests.test_storefront.calls import ADA, EVE, Storefront, code_of
from tests.test_storefront.test_balance import buy
from tests.test_web.calls import change_rule


def waiting(shop: Storefront, by: str = ADA) -> list[dict[str, object]]:
    found: list[dict[str, object]] = shop.ask("me/claims", by=by).json()["claims"]
    return found


def test_a_claim_is_listed_and_taken_without_its_link(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    change_rule(shop.world, expires_days=30)
    order_id = buy(shop.world)

    [claim] = waiting(shop)
    taken = shop.ask(f"me/claims/{claim['id']}/take", method="POST")
    shop.world.settle()

    assert (claim["points"], claim["orderNumber"]) == (60, str(shop.world.saleor.book[order_id].number))
    assert (claim["canBeTaken"], claim["lastDay"]) == (True, "2026-06-03")
    assert str(claim["link"]).startswith(f"{shop.world.url}/orders/")
    assert (taken.status_code, taken.json()) == (200, {"id": claim["id"], "points": 60, "state": "taken"})
    assert shop.ask("me").json()["points"] == 60
    assert waiting(shop) == []
    assert shop.world.metadata(order_id)["points_status"] == "claimed"
    assert [found for one in verify_books(shop.world.services) for found in one.differences] == []


def test_taking_it_again_gives_the_same_answer_and_no_more_points(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    buy(shop.world)
    [claim] = waiting(shop)

    answers = [
        shop.ask(f"me/claims/{claim['id']}/take", method="POST", headers={"Idempotency-Key": "one press"}) for _ in range(3)
    ]

    assert len({answer.text for answer in answers}) == 1
    assert {answer.headers["Idempotency-Key"] for answer in answers} == {"one press"}
    assert shop.ask("me").json()["points"] == 60


def test_of_several_at_once_one_takes_it(storefront: Storefront) -> None:
    if storefront.world.coggins is not None:
        pytest.skip("claims are taken at Coggins itself")
    buy(storefront.world)
    [claim] = waiting(storefront)
    token = storefront.token()

    with ThreadPoolExecutor(4) as pool:
        statuses = list(
            pool.map(lambda _: storefront.ask(f"me/claims/{claim['id']}/take", method="POST", token=token).status_code, range(4))
        )

    assert set(statuses) <= {200, 503}
    assert 200 in statuses
    assert storefront.ask("me").json()["points"] == 60


def test_nobody_else_lists_or_takes_it(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    buy(shop.world)
    [claim] = waiting(shop)

    strange = shop.ask(f"me/claims/{claim['id']}/take", by=EVE, method="POST")
    unknown = shop.ask(f"me/claims/{uuid4()}/take", by=EVE, method="POST")

    assert waiting(shop, by=EVE) == []
    # Whoever guesses ids learns nothing.
    assert (strange.status_code, strange.json()) == (unknown.status_code, unknown.json()) == (404, strange.json())
    assert code_of(strange) == "CLAIM_NOT_FOUND"
    assert shop.ask("me", by=EVE).json()["points"] == 0
    assert shop.ask("me").json()["claimable"] == 60


def test_without_a_token_nothing_is_taken(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    buy(shop.world)
    [claim] = waiting(shop)

    answer = shop.ask(f"me/claims/{claim['id']}/take", by=None, method="POST")

    assert (answer.status_code, code_of(answer)) == (401, "TOKEN_REFUSED")
    assert shop.ask("me").json()["points"] == 0


def test_a_claim_that_belongs_to_nobody_is_not_theirs(embedded_storefront: Storefront) -> None:
    """Whoever has its link may take it. So it is no secret of an address."""
    change_rule(embedded_storefront.world, bind_email=False)
    buy(embedded_storefront.world)

    assert waiting(embedded_storefront) == []
    assert embedded_storefront.ask("me").json()["claimable"] == 0


def test_a_claim_whose_time_is_over_cannot_be_taken(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    change_rule(shop.world, expires_days=1)
    buy(shop.world)
    [claim] = waiting(shop)
    shop.world.clock.advance(days=3)

    answer = shop.ask(f"me/claims/{claim['id']}/take", method="POST", headers={"Accept-Language": "de"})

    assert (answer.status_code, code_of(answer)) == (409, "CLAIM_OVER")
    assert answer.json()["error"]["message"] == "Diese Punkte können nicht mehr abgeholt werden."
    assert waiting(shop) == []


def test_a_claim_that_was_withdrawn_cannot_be_taken(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    order_id = buy(shop.world)
    [claim] = waiting(shop)
    shop.world.saleor.till.refund(order_id, "60")
    shop.world.deliver()

    assert code_of(shop.ask(f"me/claims/{claim['id']}/take", method="POST")) == "CLAIM_OVER"


def test_a_claim_at_coggins_is_taken_on_the_page_that_it_links_to(coggins_storefront: Storefront) -> None:
    shop = coggins_storefront
    buy(shop.world)

    [claim] = waiting(shop)

    assert (claim["points"], claim["canBeTaken"]) == (60, False)
    assert str(claim["link"]).startswith(f"{shop.world.url}/orders/")
    assert code_of(shop.ask(f"me/claims/{claim['id']}/take", method="POST")) == "CLAIM_NOT_FOUND"
    assert waiting(shop, by=EVE) == []
