"""Who may see the merchant's pages: every token that must be refused, and every permission that lacks."""

import json
import re
from collections.abc import Callable
from typing import Any

import jwt
import pytest
import requests

from app.usecases.merchants.verify_staff import verify_staff
from tests.standins import faults
from tests.standins.saleor import SigningKey, StandInSaleor
from tests.test_merchant.calls import Desk, seen
from tests.waiting import PATIENCE_SECONDS
from tests.world import World


def test_a_staff_user_with_the_permission_sees_the_page(desk: Desk) -> None:
    answer = desk.get("overview")

    assert answer.status_code == 200
    assert "Overview" in seen(answer)


Forge = Callable[[Desk], str]
REFUSED: dict[str, tuple[Forge, str]] = {
    "none": (lambda _: "", "gave no token"),
    "no token at all": (lambda _: "a.b.c", "cannot be read"),
    "too long": (lambda _: "a" * 10_000, "gave no token"),
    "expired": (lambda desk: desk.token(exp=int(desk.world.clock().timestamp()) - 31), "is over"),
    "without an end": (lambda desk: desk.token(exp=None), "until when"),
    "an end that is no number": (lambda desk: desk.token(exp="tomorrow"), "until when"),
    "an end beyond all time": (lambda desk: desk.token(exp=10**30), "until when"),
    "of another app": (lambda desk: desk.token(app="QXBwOjk5OTk="), "another app"),
    "of no app": (lambda desk: desk.token(app=None), "another app"),
    "of another Saleor by its issuer": (lambda desk: desk.token(iss="https://else.example/graphql/"), "another Saleor"),
    "of staff itself, not for an app": (lambda desk: desk.world.saleor.user_token(is_staff=True), "for an app"),
    "of a customer": (lambda desk: desk.world.saleor.user_token(), "for an app"),
    "of a customer who claims to be at an app": (lambda desk: desk.token(is_staff=False), "for an app"),
    "of the wrong type": (lambda desk: desk.token(type="refresh"), "for an app"),
    "without a user": (lambda desk: desk.token(email=None), "whose it is"),
    "without a user's id": (lambda desk: desk.token(user_id=None), "whose it is"),
    "without permissions": (lambda desk: desk.token(user_permissions=None), "whose it is"),
    "unsigned": (lambda desk: jwt.encode(_claims(desk), "", algorithm="none"), "not signed the way"),
    "signed with the public key as a password": (
        lambda desk: jwt.encode(_claims(desk), "k" * 32, algorithm="HS256"),
        "not signed the way",
    ),
    "a webhook's signature": (lambda desk: desk.world.saleor.key.sign_detached(b"{}"), "does not fit"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_token_that_is_not_good_is_refused_with_a_sentence(desk: Desk, name: str) -> None:
    forge, sentence = REFUSED[name]

    answer = desk.get("overview", token=forge(desk))

    assert (answer.status_code, sentence in seen(answer)) == (401, True), seen(answer)
    assert "<html" not in answer.text


def test_a_token_signed_with_another_key_is_refused(desk: Desk) -> None:
    answer = desk.get("overview", token=SigningKey().sign_token(_claims(desk)))

    assert answer.status_code == 401
    assert "does not publish" in seen(answer)


def test_a_token_whose_claims_were_changed_is_refused(desk: Desk) -> None:
    head, _, signature = desk.token().split(".")
    forged = desk.token(user_permissions=["MANAGE_APPS"], email="else@example.com").split(".")[1]

    answer = desk.get("overview", token=f"{head}.{forged}.{signature}")

    assert answer.status_code == 401


def test_the_keys_are_asked_for_once_a_minute_however_often_a_stranger_tries(desk: Desk) -> None:
    asked = desk.world.saleor.counts["jwks"]

    answers = [desk.get("overview", token=SigningKey().sign_token(_claims(desk))) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [401, 503, 503]
    assert desk.world.saleor.counts["jwks"] == asked + 1


def test_a_new_key_of_the_saleor_is_learned(desk: Desk) -> None:
    desk.world.saleor.rotate_key()

    assert desk.get("overview").status_code == 200


def test_a_saleor_that_does_not_give_its_new_key_is_no_verdict(desk: Desk) -> None:
    desk.world.saleor.rotate_key()
    desk.world.saleor.faults.always(faults.status(500), on="jwks")

    assert desk.get("overview").status_code == 503


def test_a_token_is_good_for_a_little_longer_than_it_says(desk: Desk) -> None:
    assert desk.get("overview", token=desk.token(exp=int(desk.world.clock().timestamp()) - 29)).status_code == 200


def test_a_store_that_is_not_installed_is_refused(desk: Desk) -> None:
    answer = desk.get("overview", headers={"Saleor-Api-Url": "https://else.example/graphql/"})

    assert answer.status_code == 401
    assert "has not installed Saleor Points" in seen(answer)


def test_keys_are_never_fetched_from_an_address_that_the_request_chose(desk: Desk, saleor: StandInSaleor) -> None:
    with StandInSaleor(desk.world.clock) as stranger:
        token = stranger.dashboard_token(desk.app_id)
        answer = desk.get("overview", token=token, headers={"Saleor-Api-Url": stranger.api_url})

        assert answer.status_code == 401
        assert stranger.counts["jwks"] == 0


def test_a_removed_app_shows_nothing(desk: Desk) -> None:
    token = desk.token()
    desk.world.saleor.apps.uninstall(desk.app_id)
    desk.world.deliver()

    assert desk.get("overview", token=token).status_code == 401


@pytest.mark.parametrize(
    ("permissions", "page"), [((), "overview"), (("MANAGE_PRODUCTS",), "overview"), (("MANAGE_APPS",), "orders")]
)
def test_a_user_without_manage_orders_reads_what_is_missing(shop: World, permissions: tuple[str, ...], page: str) -> None:
    answer = Desk(shop, permissions).get(page)

    assert answer.status_code == 403
    assert "needs the permission MANAGE_ORDERS" in seen(answer)


MAILS = {
    "settings/mails": ("save",),
    "settings/mails/reminder/de": ("save", "preview", "test"),
}


@pytest.mark.parametrize("path", MAILS)
def test_only_who_may_change_settings_sees_and_changes_mails(shop: World, path: str) -> None:
    user = Desk(shop, ("MANAGE_ORDERS",))

    answers = [user.get(path), *(user.post(f"{path}/{what}", {}) for what in MAILS[path])]

    assert {answer.status_code for answer in answers} == {403}
    assert Desk(shop, ("MANAGE_APPS",)).get(path).status_code == 200


@pytest.mark.parametrize(
    ("permissions", "tabs"),
    [
        (("MANAGE_ORDERS", "MANAGE_APPS"), "overview orders customers rules rewards settings log"),
        (("MANAGE_ORDERS",), "overview orders customers log"),
        (("MANAGE_APPS",), "rules rewards settings approvals"),
        (("MANAGE_PRODUCTS",), ""),
    ],
)
def test_each_answer_names_the_pages_that_the_user_may_open(shop: World, permissions: tuple[str, ...], tabs: str) -> None:
    user = Desk(shop, permissions)

    answers = {page: user.get(page) for page in ("orders", "customers", "rules", "rewards", "settings", "log")}

    assert {answer.headers["X-Tabs"] for answer in answers.values()} == {tabs}
    assert {page for page, answer in answers.items() if answer.status_code == 200} == set(tabs.split()) & answers.keys()
    assert "X-Tabs" not in user.get("overview", token="a.b.c").headers


def test_an_unknown_page_is_a_fragment_that_says_so(desk: Desk) -> None:
    answer = desk.get("nowhere")

    assert answer.status_code == 404
    assert "<html" not in answer.text


def test_the_shell_holds_no_secret_and_may_load_nothing_from_elsewhere(shop: World) -> None:
    answer = requests.get(f"{shop.url}/app/orders/12?saleorApiUrl={shop.saleor.api_url}&theme=dark", timeout=PATIENCE_SECONDS)

    policy = answer.headers["Content-Security-Policy"]
    assert answer.status_code == 200
    assert 'data-theme="dark"' in answer.text
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "Set-Cookie" not in answer.headers
    assert "X-Frame-Options" not in answer.headers
    assert shop.saleor.api_url not in answer.text


def test_the_dashboard_is_learned_from_the_first_verified_user_and_then_alone_may_frame_the_pages(desk: Desk) -> None:
    before = _ancestors(desk, "https://dashboard.example")
    desk.get("overview", token="a.b.c", headers={"Dashboard-Url": "https://forged.example"})
    desk.get("overview", headers={"Dashboard-Url": "https://dashboard.example"})
    desk.get("overview", headers={"Dashboard-Url": "https://dashboard.example/dashboard"})
    desk.get("overview", headers={"Dashboard-Url": "https://else.example/dashboard"})

    assert before == "http: https:"
    assert _ancestors(desk, "https://dashboard.example") == "https://dashboard.example"
    assert desk.world.store().dashboard_url == "https://dashboard.example/dashboard"


@pytest.mark.parametrize("permissions", [(), ("MANAGE_ORDERS",), ("MANAGE_APPS",)])
def test_a_request_that_is_refused_or_of_somebody_without_manage_apps_teaches_no_dashboard(
    shop: World, permissions: tuple[str, ...]
) -> None:
    Desk(shop, permissions).get(
        "overview" if "MANAGE_APPS" not in permissions else "orders", headers={"Dashboard-Url": "https://forged.example"}
    )
    Desk(shop, permissions).post("settings/nothing", {}, headers={"Dashboard-Url": "https://forged.example"})

    assert shop.store().dashboard_url is None


@pytest.mark.parametrize("referrer", ["https://else.example", "null", "https://dashboard.example.evil.example"])
def test_the_shell_tells_nobody_where_the_dashboard_of_a_store_is(desk: Desk, referrer: str | None) -> None:
    desk.get("overview", headers={"Dashboard-Url": "https://dashboard.example/dashboard"})

    assert _ancestors(desk, referrer) == "'none'"


def test_back_may_load_the_frame_again_though_it_names_no_referrer(desk: Desk) -> None:
    desk.get("overview", headers={"Dashboard-Url": "https://dashboard.example/dashboard"})

    assert _ancestors(desk, None) == "http: https:"


def test_the_settings_show_the_dashboard_and_can_forget_it(desk: Desk) -> None:
    desk.get("overview", headers={"Dashboard-Url": "https://wrong.example/dashboard"})
    page = desk.get("settings", headers={"Dashboard-Url": "https://wrong.example/dashboard"})
    once = re.search(r'forget".*?name="once" value="([0-9a-f]{32})"', page.text, re.DOTALL)
    assert once
    Desk(desk.world, ("MANAGE_ORDERS",)).post("settings/dashboard/forget", {"once": once[1]})
    kept = desk.world.store().dashboard_url

    answer = desk.post(
        "settings/dashboard/forget", {"once": once[1]}, headers={"Dashboard-Url": "https://wrong.example/dashboard"}
    )
    forgotten = desk.world.store().dashboard_url
    desk.get("overview", headers={"Dashboard-Url": "https://right.example/dashboard"})

    assert "https://wrong.example/dashboard" in seen(page)
    assert kept == "https://wrong.example/dashboard"
    assert (answer.status_code, forgotten) == (200, None)
    assert desk.world.store().dashboard_url == "https://right.example/dashboard"


@pytest.mark.parametrize(
    "told", ["javascript:alert(1)", "https://a.example; script-src *", "https://u@a.example", "null", "https://a b"]
)
def test_an_address_that_is_none_is_not_learned(desk: Desk, told: str) -> None:
    answer = desk.get("overview", headers={"Dashboard-Url": told})

    assert answer.status_code == 200
    assert desk.world.store().dashboard_url is None


def test_a_reinstallation_forgets_the_dashboard(desk: Desk) -> None:
    desk.get("overview", headers={"Dashboard-Url": "https://old.example/dashboard"})
    desk.world.saleor.apps.uninstall(desk.app_id)
    desk.world.deliver()
    desk.world.install()

    assert desk.world.store().dashboard_url is None


def test_what_is_logged_names_no_user_and_no_token(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    token = desk.token(exp=1)
    desk.get("overview", token=token)

    said = capsys.readouterr()
    assert "admin@example.com" not in said.out + said.err
    assert token not in said.out + said.err


def test_the_staff_user_that_a_page_sees_is_the_one_of_the_token(desk: Desk) -> None:
    world = desk.world
    staff = verify_staff(world.services, api_url=world.saleor.api_url, token=desk.token(), dashboard_url=None, now=world.clock())

    assert (staff.email, staff.store_id, staff.user_permissions) == (
        "admin@example.com",
        world.store().id,
        frozenset(desk.permissions),
    )


def _claims(desk: Desk) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(desk.token(), options={"verify_signature": False})
    return json.loads(json.dumps(claims))  # type: ignore[no-any-return]  # a copy


def _ancestors(desk: Desk, referrer: str | None) -> str:
    """Ask for the shell as a browser does for a frame of a page at `referrer`."""
    address = f"{desk.world.url}/app?saleorApiUrl={desk.world.saleor.api_url}"
    headers = {"Referer": f"{referrer}/"} if referrer else {}
    policy = requests.get(address, headers=headers, timeout=PATIENCE_SECONDS).headers["Content-Security-Policy"]
    return policy.split("frame-ancestors ")[1]
