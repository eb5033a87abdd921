"""What holds in every route that needs a token: who is let in, what may be kept, and how much work strangers cause."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from tests.clock import MovableClock
from tests.standins.saleor import SigningKey, StandInSaleor
from tests.standins.saleor.keys import user_claims
from tests.test_storefront.calls import ADA, EVE, Storefront, code_of
from tests.test_storefront.conftest import opened
from tests.test_storefront.test_balance import buy
from tests.test_storefront.test_description import DESCRIBED, OPERATIONS
from tests.test_storefront.test_history import give
from tests.world import World, open_world

NOBODYS = UUID("5b0f4a3e-52d5-4ad5-9f0e-0b3c5f7a1c11")
# Read from the description, so that no new route is forgotten: each path below the store.
SIGNED = [
    (method.upper(), path.partition("{store}/")[2]) for path, method in OPERATIONS if DESCRIBED["paths"][path][method]["security"]
]


@pytest.fixture
def shop(fresh_sqlite_url: str, clock: MovableClock, saleor: StandInSaleor) -> Iterator[Storefront]:
    """Ada has points and a claim."""
    # More requests come than an address or a customer may send.
    limits = {"STOREFRONT_LIMIT_PER_CUSTOMER": "9999/second", "STOREFRONT_LIMIT_PER_ADDRESS": "9999/second"}
    with open_world(fresh_sqlite_url, clock, saleor, None, **limits) as world:
        world.install()
        storefront = opened(world)
        give(world, ADA, 1_200)
        buy(world)
        yield storefront


def ask(shop: Storefront, method: str, path: str, token: str | None, *, about: Any = NOBODYS) -> Any:
    filled = path.format(claim_id=about, redemption_id=about, reward_id=1, checkout_id="Q2hlY2tvdXQ6bm9uZQ")
    return shop.ask(filled, by=None, token=token, method=method, headers={"Idempotency-Key": "one"})


def hostile_tokens(shop: Storefront, other: StandInSaleor) -> dict[str, str | None]:
    world = shop.world
    own_app = world.services.sealer.open(world.store().token_sealed or "")
    return {
        "none": None,
        "no token at all": "x",
        "staff's": shop.token(is_staff=True),
        "a refresh token": shop.token(type="refresh"),
        "an app's": shop.token(app="QXBwOjE="),
        "the app's own": own_app,
        "the Dashboard's": world.saleor.dashboard_token(world.store().app_id or ""),
        "over": shop.token(exp=0),
        "another store's": other.shopper_token(ADA),
        "forged": SigningKey().sign_token(user_claims(world.saleor.api_url, world.clock(), email=ADA)),
    }


def test_no_hostile_token_opens_any_route(shop: Storefront) -> None:
    assert len(SIGNED) == 8
    with StandInSaleor(shop.world.clock, key=shop.world.saleor.key) as other:
        other.shop.register_customer(ADA)
        for name, token in hostile_tokens(shop, other).items():
            for method, path in SIGNED:
                answer = ask(shop, method, path, token)

                # Saleor is asked for newer keys once in a minute: until then nobody knows who signed it.
                refused = {(401, "TOKEN_REFUSED")} | ({(503, "UNAVAILABLE")} if name == "forged" else set())
                assert (answer.status_code, code_of(answer)) in refused, (name, method, path)
                assert answer.headers["Cache-Control"] == "no-store"
    assert shop.world.saleor.counts["Me"] == 0


def test_nobody_who_is_not_confirmed_is_let_in_anywhere(shop: Storefront) -> None:
    token = shop.token()
    shop.sign_up(ADA, is_confirmed=False)

    answers = [ask(shop, method, path, token) for method, path in SIGNED]

    assert {(answer.status_code, code_of(answer)) for answer in answers} == {(403, "NOT_CONFIRMED")}


def test_nothing_of_a_customer_may_be_kept(shop: Storefront) -> None:
    for method, path in SIGNED:
        answer = ask(shop, method, path, shop.token())

        assert answer.headers["Cache-Control"] == "no-store", path
        assert {"Authorization", "Origin"} <= {one.strip() for one in answer.headers["Vary"].split(",")}, path


@contextmanager
def counting(world: World) -> Iterator[list[str]]:
    """Note each statement that the app sends to its database."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    engine = world.services.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def work(shop: Storefront, method: str, path: str, *, by: str, about: Any = NOBODYS) -> int:
    token = shop.token(by)
    # Saleor is asked about a token once.
    ask(shop, "GET", "me/claims", token)
    with counting(shop.world) as sent:
        ask(shop, method, path, token, about=about)
    return len(sent)


@pytest.mark.parametrize("path", ["me/claims/{claim_id}/take", "me/redemptions/{redemption_id}/withdraw"])
def test_another_customers_id_costs_as_much_as_an_unknown_one(shop: Storefront, path: str) -> None:
    [claim] = shop.ask("me/claims").json()["claims"]

    strange, unknown = (work(shop, "POST", path, by=EVE, about=about) for about in (claim["id"], NOBODYS))

    assert strange == unknown > 0


def test_a_refused_token_costs_the_same_whoever_it_names(shop: Storefront) -> None:
    known, unknown = (shop.token(ADA, exp=0), shop.token(EVE, exp=0))
    counts = []
    for token in (known, unknown):
        with counting(shop.world) as sent:
            ask(shop, "GET", "me", token)
        counts.append(len(sent))

    assert counts[0] == counts[1] > 0
