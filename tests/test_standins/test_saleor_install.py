"""Installing an app goes as a real Saleor was seen to do it."""

import json
from typing import Any

import pytest

from tests.standins.saleor import StandInSaleor
from tests.standins.serving import Answer, json_answer
from tests.test_standins.recording import RecordingApp


def test_the_token_is_posted_with_saleors_headers_and_nothing_else(saleor: StandInSaleor, app: RecordingApp) -> None:
    result = saleor.install(app.manifest_url, schema_version="3.22")

    manifest, register = app.requests
    assert result.ok
    assert result.token is not None
    assert (manifest.headers["Saleor-Schema-Version"], manifest.headers["User-Agent"]) == ("3.22", "Saleor/3.22")
    assert register.body == f'{{"auth_token": "{result.token}"}}'.encode()
    assert len(register.body) == 48
    assert set(register.headers) == {
        "Host", "User-Agent", "Accept-Encoding", "Accept", "Connection", "Content-Type", "Content-Length",
        "X-Saleor-Domain", "Saleor-Domain", "Saleor-Api-Url", "Saleor-Schema-Version",
    }  # fmt: skip
    assert register.headers["Saleor-Api-Url"] == saleor.api_url


def test_the_merchant_reads_the_apps_own_sentence_and_the_app_is_gone(saleor: StandInSaleor, app: RecordingApp) -> None:
    app.answers = [json_answer({"error": {"code": "X", "message": "Not for this shop."}}, 403)]

    result = saleor.install(app.manifest_url)

    assert (result.ok, result.message) == (False, "Not for this shop.")
    assert saleor.apps.installed == {}


@pytest.mark.parametrize(
    ("answer", "is_ok", "message"),
    [
        (Answer(302, headers=(("Location", "/"),)), True, ""),
        (Answer(500), False, "App internal error (500). Try later or contact with app support."),
        (Answer(400, b"[]"), False, "App internal error (400). Try later or contact with app support."),
    ],
)
def test_anything_below_400_is_success(
    saleor: StandInSaleor, app: RecordingApp, answer: Answer, is_ok: bool, message: str
) -> None:
    app.answers = [answer]

    result = saleor.install(app.manifest_url)

    assert (result.ok, result.message) == (is_ok, message)


def test_an_app_that_is_not_there_is_told_so(saleor: StandInSaleor, app: RecordingApp) -> None:
    app.server.stop()

    result = saleor.install(app.manifest_url)

    assert result.message == "Failed to connect to app. Try later or contact with app support."


def test_an_app_is_installed_once_and_again_after_it_was_removed(saleor: StandInSaleor, app: RecordingApp) -> None:
    first = saleor.install(app.manifest_url)
    second = saleor.install(app.manifest_url)
    assert first.app_id is not None
    assert second.message == "identifier: App with the same identifier is already installed."

    saleor.apps.uninstall(first.app_id)
    third = saleor.install(app.manifest_url)

    assert third.ok
    assert third.app_id != first.app_id


@pytest.mark.parametrize(
    ("changes", "version", "reason"),
    [
        ({"name": ""}, "3.24", "name: Field required."),
        ({"permissions": ["MANAGE_APPS"]}, "3.24", "permissions: MANAGE_APPS"),
        ({"permissions": ["MANAGE_POINTS"]}, "3.24", "permissions: Given permission"),
        ({"tokenTargetUrl": "/api/register"}, "3.24", "tokenTargetUrl: Incorrect format."),
        ({"requiredSaleorVersion": ">=3.20 <4"}, "3.19", "requiredSaleorVersion: Saleor version 3.19"),
        ({"extensions": [{"label": "x", "url": "/x", "mount": "ORDER_DETAILS_WIDGETS"}]}, "3.21", "extensions: Incorrect value"),
        (
            {"extensions": [{"label": "x", "url": "/x", "mount": "NAVIGATION_ORDERS", "permissions": ["MANAGE_USERS"]}]},
            "3.24",
            "extensions: Extension permission",
        ),
        (
            {"webhooks": [{"name": "w", "targetUrl": "http://x/", "query": "subscription { event { nothing } }"}]},
            "3.24",
            "webhooks:",
        ),
        ({"webhooks": [{"name": "w", "targetUrl": "http://x/", "query": "query { shop { version } }"}]}, "3.24", "webhooks:"),
        ({"webhooks": [{"name": "w", "targetUrl": "http://x/"}]}, "3.24", "webhooks: query is required."),
    ],
)
def test_a_manifest_is_refused(
    saleor: StandInSaleor, app: RecordingApp, changes: dict[str, Any], version: str, reason: str
) -> None:
    app.changes = changes

    result = saleor.install(app.manifest_url, version)

    assert not result.ok
    assert result.message.startswith(reason)


def test_a_widget_is_taken_from_the_version_that_knows_it(saleor: StandInSaleor, app: RecordingApp) -> None:
    app.changes = {"extensions": [{"label": "x", "url": "/x", "mount": "ORDER_DETAILS_WIDGETS", "target": "WIDGET"}]}

    assert saleor.install(app.manifest_url, "3.22").ok


def test_the_dashboards_token_names_the_app_and_what_the_user_may(saleor: StandInSaleor) -> None:
    token = saleor.dashboard_token("QXBwOjE=", user_permissions=["MANAGE_ORDERS"], exp=1)

    claims = json.loads(_payload(token))

    assert (claims["app"], claims["type"], claims["iss"]) == ("QXBwOjE=", "thirdparty", saleor.api_url)
    assert (claims["user_permissions"], claims["exp"]) == (["MANAGE_ORDERS"], 1)


def _payload(token: str) -> bytes:
    from jwt.utils import base64url_decode  # noqa: PLC0415

    return base64url_decode(token.split(".")[1])
