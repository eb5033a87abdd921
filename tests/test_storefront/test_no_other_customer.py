"""Whatever Eve sends, to whichever route, she learns and changes nothing of Ada's."""

import string
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.clock import MovableClock
from tests.standins.saleor import StandInSaleor
from tests.test_rewards.giving import GivingShop
from tests.test_spending.paying import PayingShop
from tests.test_spending.test_looking_after import later
from tests.test_storefront.calls import ADA, EVE, Storefront
from tests.test_storefront.conftest import opened
from tests.test_storefront.test_balance import buy
from tests.test_storefront.test_history import give
from tests.world import open_world

ROUTES = (
    ("GET", "me"),
    ("GET", "me/history"),
    ("GET", "me/claims"),
    ("POST", "me/claims/{id}/take"),
    ("DELETE", "checkouts/{id}/points"),
    ("GET", "rewards"),
    ("POST", "rewards/{id}/redeem"),
    ("GET", "me/redemptions"),
    ("POST", "me/redemptions/{id}/withdraw"),
)
# What an answer to Eve must never hold. Ada's balance is a number that nothing else comes to.
ADAS_POINTS = 48_271
ARGUMENTS = (
    "email",
    "customer",
    "user",
    "user_id",
    "id",
    "store",
    "before",
    "size",
    "channel",
    "X-User-Email",
    "Saleor-User",
    "Idempotency-Key",
)


@pytest.fixture(params=["embedded", "coggins"])
def shop(
    request: pytest.FixtureRequest, fresh_sqlite_url: str, clock: MovableClock, saleor: StandInSaleor
) -> Iterator[tuple[Storefront, list[str]]]:
    """Ada has points, a claim that waits, a payment and a reward; gives all ids that are hers, too."""
    coggins = request.getfixturevalue("coggins") if request.param == "coggins" else None
    limits = {"STOREFRONT_LIMIT_PER_CUSTOMER": "9999/second", "STOREFRONT_LIMIT_PER_ADDRESS": "9999/second"}
    with open_world(fresh_sqlite_url, clock, saleor, coggins, **limits) as world:
        world.install()
        storefront, paying, giving = opened(world), PayingShop(world), GivingShop(world)
        paying.open()
        world.saleor.apps.permit(world.store().app_id or "", "MANAGE_ORDERS", "HANDLE_PAYMENTS", "MANAGE_GIFT_CARD")
        if coggins is None:
            give(world, ADA, ADAS_POINTS + 2_000)
        else:
            coggins.adjust(ADA, ADAS_POINTS + 2_000)
        taken = giving.taken(giving.reward())
        cart = paying.cart()
        paying.pay(cart, "15")
        order_id = buy(world, "31")
        later(paying, minutes=3)
        [claim] = storefront.ask("me/claims").json()["claims"]
        entries = storefront.ask("me/history").json()["entries"]
        user = storefront.sign_up(ADA)
        yield (
            storefront,
            [
                ADA,
                user,
                order_id,
                cart,
                claim["id"],
                claim["link"],
                str(taken.reference),
                taken.code,
                *(entry["id"] for entry in entries),
            ],
        )


def test_eve_learns_and_changes_nothing_of_adas(shop: tuple[Storefront, list[str]]) -> None:
    storefront, adas = shop
    token = storefront.token(EVE, exp=int(storefront.world.clock().timestamp()) + 86_400)
    before = storefront.ask("me").json()
    text = st.one_of(st.sampled_from(adas), st.text(string.ascii_letters + string.digits + "-=+/%.", max_size=40))

    @settings(
        max_examples=60,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        route=st.sampled_from(ROUTES),
        in_path=text,
        names=st.lists(st.sampled_from(ARGUMENTS), max_size=4, unique=True),
        values=st.lists(text, min_size=4, max_size=4),
    )
    def ask(route: tuple[str, str], in_path: str, names: list[str], values: list[str]) -> None:
        method, path = route
        sent = dict(zip(names, values, strict=False))
        answer = storefront.ask(
            path.format(id=quote(in_path, safe="") or "x"),
            by=None,
            token=token,
            method=method,
            params=sent,
            headers={name: value for name, value in sent.items() if value.isascii() and value == value.strip()},
            json=sent if method != "GET" else None,
        )

        assert answer.status_code < 500
        assert str(ADAS_POINTS) not in answer.text
        assert not [one for one in adas if len(one) > 5 and one in answer.text]
        if answer.status_code == 200:
            told = answer.json()
            assert told.get("points", 0) == told.get("claimable", 0) == 0
            assert told.get("entries", []) == told.get("claims", []) == told.get("redemptions", []) == []
        else:
            assert answer.status_code in {400, 404, 409}

    ask()

    assert storefront.ask("me").json() == before
    assert before["points"] == ADAS_POINTS
    assert PayingShop(storefront.world).returns() == []
    assert [row.stage for row in GivingShop(storefront.world).rows()] == ["given"]
