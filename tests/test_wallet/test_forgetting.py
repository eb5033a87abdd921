"""Being forgotten needs a sign-in that is fresh: whoever has a session of thirty days in hand cannot erase its customer."""

from collections.abc import Iterator

import pytest

from app.domain.signing_in import FRESH_FOR, TRIES_MAX
from app.usecases.shoppers.send_sign_in_codes import send_sign_in_codes
from app.web.shoppers.wallet import WalletLimits
from tests.clock import MovableClock
from tests.standins.saleor import StandInSaleor
from tests.test_wallet.conftest import open_shop
from tests.test_wallet.visitor import ADA, EVE, Visitor, another, buy, mails, newest_mail, seen, sessions
from tests.world import World

MINUTES = int(FRESH_FOR.total_seconds()) // 60


@pytest.fixture
def shop(fresh_sqlite_url: str, clock: MovableClock, saleor: StandInSaleor) -> Iterator[World]:
    with open_shop(fresh_sqlite_url, clock, saleor) as world:
        yield world


@pytest.fixture
def stale(ada: Visitor) -> Visitor:
    """Ada's browser, ten minutes after she signed in."""
    ada.sign_in()
    ada.world.clock.advance(minutes=MINUTES)
    return ada


def is_forgotten(world: World) -> bool:
    return world.orders()[0].email != ADA


def mailed_code(visitor: Visitor) -> str:
    """Press the button that asks for a code, and let the worker write the mail."""
    visitor.get("/forget?sure=yes")
    visitor.post("/forget/mail")
    assert send_sign_in_codes(visitor.world.services)
    return newest_mail(visitor.world)["code"]


def test_an_old_session_erases_nobody(stale: Visitor) -> None:
    page = stale.get("/forget?sure=yes")
    assert "Is it you?" in seen(page)
    assert "Delete my data and my points" not in page.text

    page = stale.post("/forget")

    assert "Is it you?" in seen(page)
    assert not is_forgotten(stale.world)
    assert stale.is_signed_in


def test_a_code_to_the_same_address_makes_it_fresh_and_the_old_session_ends(stale: Visitor) -> None:
    before = stale.cookie("wallet-")
    code = mailed_code(stale)
    assert mails(stale.world)[-1].email == ADA

    page = stale.post("/forget/code", {"code": code})

    assert "This cannot be undone" in seen(page)
    assert not is_forgotten(stale.world)
    assert stale.cookie("wallet-") != before
    assert len(sessions(stale.world)) == 1
    assert "has been deleted" in seen(stale.post("/forget"))
    assert is_forgotten(stale.world)


def test_a_fresh_sign_in_is_asked_for_no_code(ada: Visitor) -> None:
    ada.sign_in()
    ada.world.clock.advance(minutes=MINUTES - 1)
    assert "This cannot be undone" in seen(ada.get("/forget?sure=yes"))

    ada.post("/forget")

    assert is_forgotten(ada.world)


def test_wrong_codes_are_counted_and_erase_nobody(stale: Visitor) -> None:
    code = mailed_code(stale)
    for _ in range(TRIES_MAX):
        assert "This is not the code." in seen(stale.post("/forget/code", {"code": another(code)}))

    stale.post("/forget/code", {"code": code})

    assert "Is it you?" in seen(stale.post("/forget"))
    assert not is_forgotten(stale.world)


def test_whoever_signs_in_as_another_in_that_browser_is_that_other_and_erases_nobody_else(stale: Visitor) -> None:
    """A code for Eve's address is Eve's sign-in, wherever it is typed."""
    buy(stale.world, email=EVE)
    stale.ask(EVE)
    code = newest_mail(stale.world)["code"]
    stale.get("/forget?sure=yes")

    stale.post("/forget/code", {"code": code})
    stale.post("/forget")

    assert not is_forgotten(stale.world)


@pytest.mark.parametrize("path", ["/forget/mail", "/forget/code"])
def test_its_forms_are_of_our_own_pages_only(stale: Visitor, path: str) -> None:
    written = len(mails(stale.world))

    assert stale.post(path, {"form": "0" * 64}).status_code == 403
    assert stale.post(path, headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}).status_code == 403
    assert Visitor(stale.world).post(path).url == stale.home

    send_sign_in_codes(stale.world.services)
    assert len(mails(stale.world)) == written


def test_all_data_is_given_a_few_times_a_minute(ada: Visitor) -> None:
    ada.sign_in()
    often = int(WalletLimits.DATA.partition("/")[0])

    answers = [ada.get("/data").status_code for _ in range(often + 1)]

    assert answers == [200] * often + [429]
    assert ada.is_signed_in
