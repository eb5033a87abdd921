"""The only credential is a confirmed customer's own access token, of this very store."""

from typing import Any

import pytest

from tests.clock import MovableClock
from tests.standins import faults
from tests.standins.saleor import SigningKey, StandInSaleor
from tests.standins.saleor.keys import user_claims
from tests.test_storefront.calls import ADA, EVE, ORIGIN, Storefront, code_of
from tests.world import open_world


def test_it_is_off_until_the_merchant_switches_it_on(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    shop.world.change_store(storefront_api=False)

    off = shop.ask("me")
    shop.world.change_store(storefront_api=True)

    assert (off.status_code, code_of(off)) == (404, "NOT_FOUND")
    assert shop.ask("me").status_code == 200


def test_a_store_that_is_off_looks_like_one_that_is_not_there(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    shop.world.change_store(storefront_api=False)

    off, nowhere = shop.ask("me"), shop.ask("../no-such-shop/me")

    assert (off.status_code, off.json()) == (nowhere.status_code, nowhere.json())


@pytest.mark.parametrize(
    "claims",
    [
        {"type": "refresh"},
        {"type": "thirdparty"},
        {"type": "access", "app": "QXBwOjE="},
        {"type": None},
        {"is_staff": True},
        {"is_staff": None},
        {"is_staff": 0},
        {"iss": "https://other.example/graphql/"},
        {"iss": None},
        {"exp": 0},
        {"exp": "9999999999"},
        {"exp": None},
        {"user_id": ""},
        {"user_id": None},
        {"user_id": "x" * 200},
    ],
)
def test_a_token_that_is_not_a_customers_is_refused_and_saleor_is_not_asked(
    embedded_storefront: Storefront, claims: dict[str, Any]
) -> None:
    answer = embedded_storefront.ask("me", token=embedded_storefront.token(**claims))

    assert (answer.status_code, code_of(answer)) == (401, "TOKEN_REFUSED")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert embedded_storefront.world.saleor.counts["Me"] == 0


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "x" * 10_000, "none.of.these", "\u00e9"])
def test_what_is_no_token_is_refused(embedded_storefront: Storefront, token: str) -> None:
    answer = embedded_storefront.ask("me", by=None, headers={"Authorization": f"Bearer {token}".encode()})

    assert (answer.status_code, code_of(answer)) == (401, "TOKEN_REFUSED")


def test_a_token_that_nobody_signed_is_refused(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    header, payload, signature = shop.token().split(".")

    for token in (
        f"{header}.{payload}.",
        f"{header}.{payload}.{signature[:-8]}AAAAAAAA",
        SigningKey().sign_token(user_claims(shop.world.saleor.api_url, shop.world.clock(), email=ADA)),
    ):
        assert shop.ask("me", token=token).status_code in {401, 503}
    assert shop.world.saleor.counts["Me"] == 0


def test_the_apps_own_token_and_the_dashboards_open_nothing(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    store = shop.world.store()
    own = shop.world.services.sealer.open(store.token_sealed or "")

    for token in (own, shop.world.saleor.dashboard_token(store.app_id or "")):
        assert code_of(shop.ask("me", token=token)) == "TOKEN_REFUSED"


def test_a_token_of_another_store_opens_nothing(embedded_storefront: Storefront) -> None:
    """Both Saleors sign with the same key here, so only the issuer tells them apart."""
    shop = embedded_storefront
    with StandInSaleor(shop.world.clock, key=shop.world.saleor.key) as other:
        other.shop.register_customer(ADA)

        answer = shop.ask("me", token=other.shopper_token(ADA))

    assert (answer.status_code, code_of(answer)) == (401, "TOKEN_REFUSED")


@pytest.mark.parametrize(
    ("is_what", "status", "code"),
    [
        ({"is_confirmed": False}, 403, "NOT_CONFIRMED"),
        ({"is_active": False}, 401, "TOKEN_REFUSED"),
        ({"is_staff": True}, 401, "TOKEN_REFUSED"),
    ],
)
def test_saleor_has_the_last_word_about_an_account(
    embedded_storefront: Storefront, is_what: dict[str, bool], status: int, code: str
) -> None:
    """The token still says what was true when it was made."""
    token = embedded_storefront.token()
    embedded_storefront.sign_up(ADA, **is_what)

    answer = embedded_storefront.ask("me", token=token)

    assert (answer.status_code, code_of(answer)) == (status, code)


def test_a_customer_who_is_gone_is_refused(embedded_storefront: Storefront) -> None:
    token = embedded_storefront.token()
    embedded_storefront.world.saleor.shop.remove_customer(ADA)

    assert code_of(embedded_storefront.ask("me", token=token)) == "TOKEN_REFUSED"


def test_a_token_that_names_another_user_than_saleor_does_is_refused(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront

    answer = shop.ask("me", token=shop.token(ADA, user_id=shop.sign_up(EVE)))

    assert code_of(answer) == "TOKEN_REFUSED"


def test_saleor_is_asked_once_in_five_minutes(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    long = int(shop.world.clock().timestamp()) + 3600
    token = shop.token(exp=long)

    for _ in range(3):
        assert shop.ask("me", token=token).status_code == 200
    asked = shop.world.saleor.counts["Me"]
    shop.sign_up(ADA, is_active=False)
    shop.world.clock.advance(minutes=4)
    believed = shop.ask("me", token=token).status_code
    shop.world.clock.advance(minutes=2)

    assert asked == 1
    assert believed == 200
    assert shop.ask("me", token=token).status_code == 401


def test_a_token_is_good_until_it_ends_and_not_longer(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    token = shop.token()

    assert shop.ask("me", token=token).status_code == 200
    shop.world.clock.advance(minutes=6)
    assert code_of(shop.ask("me", token=token)) == "TOKEN_REFUSED"


def test_a_new_key_of_saleor_is_fetched(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    saleor = shop.world.saleor
    saleor.key = SigningKey()

    assert shop.ask("me").status_code == 200


def test_a_saleor_that_does_not_answer_is_a_fault_that_a_retry_can_mend(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    shop.world.saleor.faults.always(faults.status(502), on="Me")

    answer = shop.ask("me")

    assert answer.status_code == 503
    assert "Retry-After" in answer.headers


def test_one_customer_and_one_address_may_not_ask_for_ever(embedded_storefront: Storefront) -> None:
    shop = embedded_storefront
    token = shop.token()

    statuses = {shop.ask("me", token=token).status_code for _ in range(61)}
    other = shop.ask("me", by=EVE)
    refused = shop.ask("me", token=token, headers={"Origin": ORIGIN})

    assert statuses == {200, 429}
    assert other.status_code == 200
    assert int(refused.headers["Retry-After"]) > 0
    # The shop's page can read why.
    assert refused.headers["Access-Control-Allow-Origin"] == ORIGIN


def test_one_address_may_not_try_tokens_for_ever(fresh_sqlite_url: str, clock: MovableClock, saleor: StandInSaleor) -> None:
    with open_world(fresh_sqlite_url, clock, saleor, STOREFRONT_LIMIT_PER_ADDRESS="5/minute") as world:
        world.install()
        shop = Storefront(world)
        shop.open()

        statuses = [shop.ask("me", token="a.b.c").status_code for _ in range(6)]

    assert statuses == [401] * 5 + [429]
