"""Installing the app: the manifest that Saleor reads, and the token that it hands over."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from struct import unpack
from typing import Any

import pytest
import requests
from graphql import parse
from sqlalchemy import make_url
from sqlmodel import select

from app.db.tables import AccountRow, RuleRow, StoreRow
from tests.clock import MovableClock
from tests.standins import faults
from tests.standins.coggins import StandInCoggins
from tests.standins.faults import Fault
from tests.standins.saleor import StandInSaleor
from tests.standins.saleor.manifests import subscription_refusal
from tests.standins.serving import Answer, LocalServer, Request, json_answer
from tests.test_web.calls import ask, error_of, get
from tests.test_web.conftest import NewSite
from tests.waiting import PATIENCE_SECONDS
from tests.world import World

RECORDINGS = Path(__file__).parents[1] / "recordings"
VERSIONS = ["3.21", "3.22", "3.23", "3.24"]
SALEOR_FACING = ["/api/manifest", "/logo.png", "/api/register", "/api/webhooks/orders", "/api/webhooks/app"]


def manifest(world: World, version: str | None = "3.24") -> dict[str, Any]:
    parsed: dict[str, Any] = get(world, "/api/manifest", **({"Saleor-Schema-Version": version} if version else {})).json()
    return parsed


def register(world: World, api_url: str | None, body: Any = None, **headers: str) -> requests.Response:
    """Post a token as Saleor does."""
    sent = {"Content-Type": "application/json", "Saleor-Schema-Version": "3.24", **headers}
    if api_url is not None:
        sent["Saleor-Api-Url"] = api_url
    data = body if isinstance(body, bytes) else json.dumps({"auth_token": "a token"} if body is None else body)
    return ask(world, "POST", "/api/register", headers=sent, data=data)


def stores(world: World) -> list[StoreRow]:
    with world.services.database.reading() as session:
        return list(session.exec(select(StoreRow).order_by(StoreRow.slug)))


def reinstall(world: World) -> str:
    """Remove the app and install it again; give the new token."""
    [installed] = [app for app in world.saleor.apps.installed.values() if not app.is_removed]
    world.saleor.apps.uninstall(installed.id)
    result = world.saleor.install(f"{world.url}/api/manifest")
    assert result.token is not None, result.message
    return result.token


# The manifest


@pytest.mark.parametrize("version", VERSIONS)
def test_every_served_version_of_saleor_takes_the_manifest_fitted_to_it(site: World, version: str) -> None:
    assert site.saleor.install(f"{site.url}/api/manifest", version).ok


@pytest.mark.parametrize(
    ("version", "names"),
    [
        ("3.21", ["Orders"]),
        ("3.22", ["Orders"]),
        ("3.22.99", ["Orders"]),
        ("3.23", ["Orders", "App"]),
        ("3.24", ["Orders", "App"]),
        ("4.0", ["Orders", "App"]),
        (None, ["Orders", "App"]),
        ("garbage", ["Orders", "App"]),
        ("3", ["Orders", "App"]),
        ("99999999999999999999.1", ["Orders", "App"]),
    ],
)
def test_a_saleor_is_asked_for_the_apps_own_events_only_if_it_has_them(
    site: World, version: str | None, names: list[str]
) -> None:
    assert [webhook["name"] for webhook in manifest(site, version)["webhooks"]] == names


def test_a_version_that_is_not_served_is_refused_by_saleor_itself(site: World) -> None:
    assert site.saleor.install(f"{site.url}/api/manifest", "3.20").message.startswith("requiredSaleorVersion")


def test_the_app_asks_for_one_permission_and_no_more(site: World) -> None:
    assert manifest(site)["permissions"] == ["MANAGE_ORDERS"]


def test_the_order_webhook_hears_all_that_changes_what_an_order_earned(site: World) -> None:
    [orders, _] = manifest(site)["webhooks"]

    assert set(orders["asyncEvents"]) == {
        "ORDER_CREATED", "ORDER_PAID", "ORDER_FULLY_PAID", "ORDER_REFUNDED", "ORDER_FULLY_REFUNDED", "ORDER_UPDATED",
        "ORDER_CANCELLED", "ORDER_FULFILLED",
    }  # fmt: skip


def test_the_app_webhook_hears_of_the_apps_end_and_pauses(site: World) -> None:
    [_, app] = manifest(site)["webhooks"]

    assert app["asyncEvents"] == ["APP_DELETED", "APP_STATUS_CHANGED", "APP_UPDATED"]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_query_is_one_subscription_that_fits_saleors_schema(site: World, version: str) -> None:
    queries = [webhook["query"] for webhook in manifest(site, version)["webhooks"]]

    assert [len(parse(query).definitions) > 0 for query in queries] == [True] * len(queries)
    assert [subscription_refusal(query) for query in queries] == [None] * len(queries)


def test_every_query_asks_for_each_event_that_its_webhook_hears(site: World) -> None:
    for webhook in manifest(site)["webhooks"]:
        for event in webhook["asyncEvents"]:
            assert f"... on {event.title().replace('_', '')} " in webhook["query"]


def test_no_place_holder_is_left_unfilled(site: World) -> None:
    assert all(name not in json.dumps(manifest(site)) for name in ("{api}", "{public}", "{version}", "{app_", "_events}"))


@pytest.mark.parametrize("path", [("homepageUrl",), ("dataPrivacyUrl",), ("supportUrl",), ("brand", "logo", "default")])
def test_the_pages_that_the_manifest_names_answer(site: World, path: tuple[str, ...]) -> None:
    url: Any = manifest(site)
    for name in path:
        url = url[name]

    assert requests.get(url, allow_redirects=False, timeout=PATIENCE_SECONDS).status_code == 200


def test_the_logo_is_a_square_png_of_256_pixels_or_more(site: World) -> None:
    answer = get(site, "/logo.png")

    width, height = unpack(">II", answer.content[16:24])
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG\r\n\x1a\n")
    assert width == height
    assert width >= 256


def test_saleor_and_browsers_may_reach_the_app_at_different_addresses(new_site: NewSite) -> None:
    site = new_site(PUBLIC_URL="https://points.example/", APP_API_BASE_URL="http://host.docker.internal:3000/")

    told = manifest(site)

    assert told["tokenTargetUrl"] == "http://host.docker.internal:3000/api/register"
    assert told["brand"]["logo"]["default"] == "http://host.docker.internal:3000/logo.png"
    assert {webhook["targetUrl"].partition("/api/")[0] for webhook in told["webhooks"]} == {"http://host.docker.internal:3000"}
    assert told["homepageUrl"] == "https://points.example/"


def test_the_manifest_does_not_believe_the_host_header(new_site: NewSite) -> None:
    site = new_site(PUBLIC_URL="https://points.example")

    answer = get(site, "/api/manifest", Host="evil.example", **{"X-Forwarded-Host": "evil.example"})

    assert "evil.example" not in answer.text


@pytest.mark.parametrize("path", [*SALEOR_FACING, "/healthz", "/readyz"])
@pytest.mark.parametrize("ending", ["", "/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_that_saleor_calls_redirects(site: World, path: str, ending: str, method: str) -> None:
    answer = ask(site, method, path + ending)

    assert not 300 <= answer.status_code < 400
    assert answer.status_code != 404


@pytest.mark.parametrize("path", ["/api//manifest", "/api//register", "/api/webhooks//orders", "/api//webhooks/app"])
def test_a_doubled_slash_is_no_redirect_either(site: World, path: str) -> None:
    assert ask(site, "POST", path).status_code == 404


@pytest.mark.parametrize("path", ["/api/register", "/api/webhooks/orders", "/api/webhooks/app"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_address_that_takes_posts_says_so(site: World, path: str, method: str) -> None:
    answer = ask(site, method, path)

    assert error_of(answer) == (405, "METHOD_NOT_ALLOWED")
    assert "POST" in answer.headers["Allow"]


# The token


def test_an_installed_store_has_all_that_it_needs(site: World) -> None:
    result = site.saleor.install(f"{site.url}/api/manifest", "3.23")

    store = site.store()
    assert (store.state, store.saleor_api_url, store.app_id) == ("active", site.saleor.api_url, result.app_id)
    assert store.saleor_version == "3.23"
    assert json.loads(store.jwks or "") == site.saleor.key.jwks()
    assert site.services.sealer.open(store.token_sealed or "") == result.token
    assert site.account().kind == "embedded"


def test_a_new_store_begins_with_one_default_rule(shop: World) -> None:
    with shop.services.database.reading() as session:
        [rule] = session.exec(select(RuleRow))

    assert (rule.channel, rule.points_per_unit, rule.include_tax, rule.include_shipping) == (None, Decimal(1), True, False)
    assert (rule.award, rule.award_when, rule.hold_days, rule.expires_days, rule.bind_email) == ("claim", "paid", 0, None, True)


@pytest.mark.parametrize("seconds", [90, -90])
def test_orders_count_by_saleors_clock_and_not_by_ours(site: World, clock: MovableClock, seconds: int) -> None:
    with StandInSaleor(lambda: clock() + timedelta(seconds=seconds), key=site.saleor.key) as saleor:
        site.saleor = saleor
        before = saleor.shop.place_order("60")
        clock.advance(seconds=10)
        site.install()
        clock.advance(seconds=10)
        after = saleor.shop.place_order("60")
        saleor.till.charge(before, "60")
        saleor.till.charge(after, "60")
        site.deliver()

        assert (site.order(before).granted, site.order(after).granted) == (0, 60)


def test_registering_answers_success(shop: World) -> None:
    [app] = shop.saleor.apps.installed.values()

    answer = register(shop, shop.saleor.api_url, {"auth_token": app.token})

    assert (answer.status_code, answer.json()) == (200, {"success": True})


def test_the_recorded_registration_of_a_real_saleor_is_understood(new_site: NewSite) -> None:
    recorded = json.loads((RECORDINGS / "registration.register-post.json").read_text())
    asked: list[Request] = []

    def saleor(request: Request) -> Answer:
        asked.append(request)
        nothing = {"edges": [], "pageInfo": {"hasNextPage": False, "endCursor": None}, "totalCount": 0}
        app = {"id": "QXBwOjU=", "identifier": "saleor.points", "manifestUrl": f"{site.url}/api/manifest"}
        data = {"app": {**app, "permissions": [{"code": "MANAGE_ORDERS"}]}, "orders": nothing}
        return json_answer(site.saleor.key.jwks() if request.method == "GET" else {"data": data})

    server = LocalServer(saleor).start()
    site = new_site(SALEOR_URL_MAP=f"http://localhost:8000/graphql/={server.url}/graphql/")

    answer = ask(site, "POST", recorded["path"], headers=recorded["headers"] | {"Host": "localhost"}, data=recorded["body"])
    server.stop()

    assert answer.status_code == 200, answer.text
    assert asked[0].headers["Authorization"] == f"Bearer {json.loads(recorded['body'])['auth_token']}"


@pytest.mark.parametrize(
    "api_url",
    [
        "https://shop.example/graphql/",
        "http://169.254.169.254/graphql/",
        "http://localhost@evil.example:80/graphql/",
        "http://localhost.evil.example:80/graphql/",
        "http://localhost:8000/admin/",
        "ftp://localhost:8000/graphql/",
        "localhost:8000/graphql/",
        "http://2130706433:8000/graphql/",
        "http://0x7f000001:8000/graphql/",
        "http://0177.0.0.1:8000/graphql/",
        "http://127.1:8000/graphql/",
        "http://127.0.0.2:8000/graphql/",
        "http://0.0.0.0:8000/graphql/",
        "http://[::]:8000/graphql/",
        "http://[::ffff:127.0.0.1]:8000/graphql/",
        "http://[::ffff:7f00:1]:8000/graphql/",
        "http://[fd00::1]:8000/graphql/",
        "http://[::1%25lo]:8000/graphql/",
        "http://localhost.:8000/graphql/",
        "http://127.0.0.1.evil.example:8000/graphql/",
        "http://localhost:8000@10.0.0.1/graphql/",
        "http://localhost:8000\\@10.0.0.1/graphql/",
        "http://localhost:8000#@10.0.0.1/graphql/",
        "http://localhost:8000?@10.0.0.1/graphql/",
        "http://localhost:8000/graphql/?x=/graphql/",
        "garbage",
    ],
)
def test_a_saleor_that_is_not_on_the_list_is_refused_without_a_call(
    site: World, api_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    monkeypatch.setattr("app.http.adapter.DeadlineAdapter.send", lambda _adapter, request, **_: called.append(request.url))

    answer = register(site, api_url)

    assert error_of(answer) == (403, "SALEOR_URL_PROHIBITED")
    assert api_url in answer.json()["error"]["message"]
    assert "ALLOWED_SALEOR_URLS" in answer.json()["error"]["message"]
    assert called == []


def test_a_list_of_allowed_saleors_leaves_out_the_loopback(new_site: NewSite) -> None:
    site = new_site(ALLOWED_SALEOR_URLS="https://*.shop.example/graphql/")

    result = site.saleor.install(f"{site.url}/api/manifest")

    assert not result.ok
    assert "ALLOWED_SALEOR_URLS" in result.message
    assert site.saleor.counts == {}


def test_the_merchant_reads_which_address_cannot_be_reached_and_what_to_set(site: World, saleor: StandInSaleor) -> None:
    nowhere = saleor.api_url.replace("127.0.0.1", "localhost").replace(str(saleor.server.port), "1")

    answer = register(site, nowhere)

    message = answer.json()["error"]["message"]
    assert error_of(answer) == (503, "SALEOR_UNREACHABLE")
    assert nowhere in message
    assert "PUBLIC_URL, on Saleor's API and on its worker" in message


@pytest.mark.parametrize(
    "fault",
    [
        faults.html(),
        faults.html(404),
        faults.status(500),
        faults.status(502),
        faults.not_json(),
        faults.empty(),
        faults.cut(),
        faults.cut_in_the_middle(),
        faults.redirect(),
        faults.redirect(code=308),
        faults.status(200, []),
        faults.status(200, "a text"),
        faults.too_many_requests(),
    ],
    ids=["html", "html-404", "500", "502", "not-json", "empty", "cut", "truncated", "302", "308", "list", "text", "429"],
)
def test_what_does_not_answer_as_a_saleor_is_not_installed(site: World, fault: Fault) -> None:
    site.saleor.faults.always(fault, on="OwnApp")

    result = site.saleor.install(f"{site.url}/api/manifest")

    assert not result.ok
    assert site.saleor.api_url in result.message
    assert stores(site) == []


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"app": None}},
        {"data": {"app": {"id": None}}},
        {"data": {"app": {"id": 5}}},
        {"data": {"app": "QXBwOjU="}},
        {"data": {}},
        {"data": None, "errors": [{"message": "no"}]},
        {"errors": [{"message": "no", "extensions": {"exception": {"code": "PermissionDenied"}}}]},
    ],
)
def test_a_saleor_that_names_no_app_does_not_know_the_token(site: World, body: Any) -> None:
    site.saleor.faults.always(faults.status(200, body), on="OwnApp")

    answer = register(site, site.saleor.api_url)

    assert error_of(answer) == (401, "UNKNOWN_APP_ID")
    assert site.saleor.api_url in answer.json()["error"]["message"]
    assert stores(site) == []


def test_a_token_that_somebody_made_up_does_not_replace_the_right_one(shop: World) -> None:
    before = shop.store().token_sealed

    answer = register(shop, shop.saleor.api_url, {"auth_token": "made up"})

    assert error_of(answer) == (401, "UNKNOWN_APP_ID")
    assert shop.store().token_sealed == before


@pytest.mark.parametrize(
    "fault",
    [
        faults.status(404),
        faults.status(500, {"keys": []}),
        faults.html(),
        faults.empty(),
        faults.cut(),
        faults.redirect(),
        faults.status(200, {}),
        faults.status(200, []),
        faults.status(200, {"keys": []}),
        faults.status(200, {"keys": {}}),
        faults.status(200, {"keys": "RSA"}),
        faults.status(200, {"keys": ["garbage"]}),
        faults.status(200, {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "a", "alg": "HS256"}]}),
        faults.status(200, {"keys": [{"kty": "RSA", "kid": "a", "n": "!", "e": "AQAB"}]}),
        faults.oversized(100_000),
        lambda _act: Answer(200, b"[" * 60_000),
    ],
    ids=[
        "404", "500", "html", "empty", "cut", "redirect", "no-keys", "list", "empty-keys", "keys-object", "keys-text",
        "garbage-key", "secret-key", "broken-key", "huge", "deep",
    ],
)  # fmt: skip
def test_a_saleor_without_usable_keys_is_not_installed(site: World, fault: Fault) -> None:
    site.saleor.faults.always(fault, on="jwks")

    answer_code = site.saleor.install(f"{site.url}/api/manifest")

    assert not answer_code.ok
    assert "keys that sign" in answer_code.message
    assert stores(site) == []


def test_a_redirecting_saleor_is_not_followed(site: World) -> None:
    followed: list[Request] = []

    def elsewhere(request: Request) -> Answer:
        followed.append(request)
        return json_answer({"data": {"app": {"id": "QXBwOjE="}}})

    server = LocalServer(elsewhere).start()
    site.saleor.faults.always(faults.redirect(f"{server.url}/graphql/", code=307))

    result = site.saleor.install(f"{site.url}/api/manifest")
    server.stop()

    assert not result.ok
    assert followed == []


def test_an_installation_without_an_api_url_is_refused(site: World) -> None:
    assert error_of(register(site, None)) == (400, "BAD_REQUEST")
    assert error_of(register(site, "")) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b'{"auth_token": null}',
        b'{"auth_token": ""}',
        b'{"auth_token": 5}',
        b'{"auth_token": ["a"]}',
        b'{"auth_token": "two\\nlines"}',
        b'{"auth_token": "\\u00e9"}',
        b'{"auth_token": "' + b"a" * 1025 + b'"}',
        b"[" * 100_000,
    ],
)
def test_an_installation_without_a_token_is_refused_without_a_call(site: World, body: bytes) -> None:
    answer = register(site, site.saleor.api_url, body)

    assert error_of(answer) == (400, "BAD_REQUEST")
    assert site.saleor.counts == {}


def test_a_body_that_is_too_long_is_refused(site: World) -> None:
    answer = register(site, site.saleor.api_url, b'{"auth_token": "' + b"a" * (1024 * 1024) + b'"}')

    assert answer.status_code == 413
    assert site.saleor.counts == {}


def test_a_refusal_repeats_no_token(site: World) -> None:
    site.saleor.faults.always(faults.status(500), on="OwnApp")

    assert "c0ffee" not in register(site, site.saleor.api_url, {"auth_token": "c0ffee"}).text


def test_blanks_around_the_api_url_do_not_matter(shop: World) -> None:
    [app] = shop.saleor.apps.installed.values()

    assert register(shop, f"{shop.saleor.api_url} ", {"auth_token": app.token}).status_code == 200
    assert len(stores(shop)) == 1


def test_the_newest_token_wins(shop: World) -> None:
    token = reinstall(shop)

    assert shop.services.sealer.open(shop.store().token_sealed or "") == token


def test_a_token_is_not_readable_in_the_database(shop: World) -> None:
    token = shop.services.sealer.open(shop.store().token_sealed or "")
    shop.services.database.close()
    path = Path(make_url(shop.settings.database).database or "")

    raw = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))

    assert shop.saleor.api_url.encode() in raw
    assert token.encode() not in raw


def test_installing_again_keeps_books_rules_and_slug(shop: World) -> None:
    order_id = shop.saleor.shop.place_paid_order("60")
    shop.deliver()
    before, account = shop.store(), shop.account()

    reinstall(shop)

    after = shop.store()
    assert (after.id, after.slug, after.awards_from) == (before.id, before.slug, before.awards_from)
    assert after.app_id != before.app_id
    assert shop.account().id == account.id
    assert shop.order(order_id).granted == 60
    with shop.services.database.reading() as session:
        assert len(session.exec(select(RuleRow)).all()) == 1


def test_installing_again_after_the_end_serves_the_store_again(shop: World) -> None:
    [app] = shop.saleor.apps.installed.values()
    shop.saleor.apps.uninstall(app.id)
    shop.saleor.deliveries.deliver()
    assert shop.store().state == "deleted"

    result = shop.saleor.install(f"{shop.url}/api/manifest")

    assert result.ok
    assert shop.store().state == "active"


def test_installing_again_ends_a_pause(shop: World) -> None:
    shop.change_store(paused_until=shop.clock(), failures=5, problem="The token was refused.")

    reinstall(shop)

    assert (shop.store().paused_until, shop.store().failures, shop.store().problem) == (None, 0, None)


def test_a_failed_installation_changes_nothing_of_an_installed_store(shop: World) -> None:
    before = shop.store()
    shop.saleor.faults.always(faults.status(500), on="jwks")
    [app] = shop.saleor.apps.installed.values()

    assert register(shop, shop.saleor.api_url, {"auth_token": app.token}).status_code == 503
    assert shop.store() == before


def test_two_stores_have_two_slugs_and_two_accounts(shop: World, clock: MovableClock) -> None:
    with StandInSaleor(clock, key=shop.saleor.key) as second:
        assert second.install(f"{shop.url}/api/manifest").ok

    slugs = [store.slug for store in stores(shop)]
    assert len(set(slugs)) == 2
    with shop.services.database.reading() as session:
        accounts = session.exec(select(AccountRow)).all()
    assert len({account.store_id for account in accounts}) == 2
    assert len({account.lane_mark for account in accounts}) == 2


def test_stores_whose_hosts_look_alike_have_different_slugs(new_site: NewSite, saleor: StandInSaleor) -> None:
    dashed, dotted = "http://a.b/graphql/", "http://a-b/graphql/"
    site = new_site(
        ALLOWED_SALEOR_URLS=f"{dashed},{dotted},{saleor.api_url}",
        SALEOR_URL_MAP=f"{dashed}={saleor.api_url},{dotted}={saleor.api_url}",
    )
    token = saleor.install(f"{site.url}/api/manifest").token

    for api_url in (dashed, dotted):
        assert register(site, api_url, {"auth_token": token}).status_code == 200

    assert {"a-b", "a-b-2"} < {store.slug for store in stores(site)}


def test_a_saleor_behind_another_address_is_known_by_the_one_it_says(new_site: NewSite, saleor: StandInSaleor) -> None:
    installed = "http://localhost:8000/graphql/"
    site = new_site(SALEOR_URL_MAP=f" {installed} = {saleor.api_url} ".replace(" = ", "="))
    token = saleor.install(f"{site.url}/api/manifest").token

    assert register(site, installed, {"auth_token": token}).status_code == 200
    assert installed in [store.saleor_api_url for store in stores(site)]
    assert saleor.counts["jwks"] == 2


def test_the_default_account_of_a_new_store_is_the_one_in_the_settings(new_site: NewSite, coggins: StandInCoggins) -> None:
    site = new_site(POINTS_API_URL=coggins.url, POINTS_API_KEY=coggins.key)

    site.install()

    account = site.account()
    assert (account.kind, account.url) == ("coggins", coggins.url)
    assert coggins.key not in (account.key_sealed or "")
    assert site.services.sealer.open(account.key_sealed or "") == coggins.key


def test_two_stores_with_the_same_default_account_share_its_lanes(
    new_site: NewSite, coggins: StandInCoggins, clock: MovableClock
) -> None:
    site = new_site(POINTS_API_URL=coggins.url, POINTS_API_KEY=coggins.key)
    site.install()
    with StandInSaleor(clock, key=site.saleor.key) as second:
        assert second.install(f"{site.url}/api/manifest").ok

    with site.services.database.reading() as session:
        assert len({account.lane_mark for account in session.exec(select(AccountRow))}) == 1
