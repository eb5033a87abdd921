"""The settings page: each form keeps what was typed where it cannot be taken, and what is secret is never shown."""

import re
from html import unescape
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
import requests
from PIL import Image
from sqlmodel import select

from app.db.tables import AccountRow, ApiKeyRow
from app.usecases.api.manage_keys import create_key, list_keys
from app.usecases.merchants.change_provider import check_connection
from tests.standins import faults
from tests.standins.coggins import StandInCoggins
from tests.test_merchant.calls import Desk, notified, seen
from tests.test_merchant.test_order_page import log_of, token_of
from tests.world import World

STORE: dict[str, Any] = {
    "claim_link": "direct",
    "debt_policy": "negative",
    "time_zone": "Europe/Berlin",
    "default_expires_days": "365",
    "customer_types": "gold\nsilver",
    "order_notes": "yes",
}


def accounts(world: World) -> list[AccountRow]:
    with world.services.database.reading() as session:
        return list(session.exec(select(AccountRow)))


def current(world: World) -> AccountRow:
    [account] = [account for account in accounts(world) if account.is_current]
    return account


def provider_form(coggins: StandInCoggins, **changes: str) -> dict[str, str]:
    return {"kind": "coggins", "url": coggins.url, "key": coggins.key} | changes


def picture(kind: str = "PNG") -> bytes:
    drawn = BytesIO()
    Image.new("RGB", (40, 20), "#3448c5").save(drawn, kind)
    return drawn.getvalue()


def save(desk: Desk, form: str, typed: dict[str, Any], **options: Any) -> requests.Response:
    """Send a form that was not sent before."""
    return desk.post(f"settings/{form}", {"once": uuid4().hex} | typed, **options)


def test_the_provider_is_changed_and_its_key_is_never_shown(desk: Desk, coggins: StandInCoggins) -> None:
    answer = save(desk, "provider", provider_form(coggins))

    assert notified(answer)["title"] == "Points are now kept at Coggins"
    account = current(desk.world)
    assert (account.kind, account.url) == ("coggins", coggins.url)
    assert desk.world.services.sealer.open(account.key_sealed or "") == coggins.key
    assert coggins.key not in answer.text
    assert coggins.key not in desk.get("settings").text
    assert "leave empty to keep the present key" in seen(answer)


def test_a_key_left_empty_is_kept(desk: Desk, coggins: StandInCoggins) -> None:
    save(desk, "provider", provider_form(coggins))
    save(desk, "provider", {"kind": "embedded"})
    assert current(desk.world).kind == "embedded"

    answer = save(desk, "provider", provider_form(coggins, key=""))

    assert answer.status_code == 200
    assert desk.world.services.sealer.open(current(desk.world).key_sealed or "") == coggins.key
    assert len(accounts(desk.world)) == 2


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"key": "wrong-key"}, "key", "API key"),
        ({"key": ""}, "key", "Write the API key"),
        ({"url": "nonsense"}, "url", "Write an address such as"),
        ({"url": "http://127.0.0.1:1"}, "url", "cannot be reached"),
        ({"url": "https://user@example.com"}, "url", "Write an address such as"),
        ({"kind": "bank"}, "kind", "Choose one of these"),
    ],
)
def test_a_provider_that_does_not_serve_us_is_said_beside_the_field_and_not_saved(
    desk: Desk, coggins: StandInCoggins, changes: dict[str, str], field: str, said: str
) -> None:
    sent = provider_form(coggins, **changes)
    answer = save(desk, "provider", sent)

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert said in seen(answer)
    assert f'value="{sent["url"]}"' in answer.text
    assert "wrong-key" not in answer.text
    assert current(desk.world).kind == "embedded"


def test_a_connection_is_tested_by_really_asking_and_nothing_is_saved(desk: Desk, coggins: StandInCoggins) -> None:
    coggins.adjust("ada@example.com", 42)

    known = desk.post("settings/provider/test", provider_form(coggins, test_email="ada@example.com"))
    unknown = desk.post("settings/provider/test", provider_form(coggins))

    assert "Connected. ada@example.com has 42 points" in seen(known)
    assert "Connected." in seen(unknown)
    assert coggins.counts["lookup"] == 2
    assert len(accounts(desk.world)) == 1


def test_points_that_are_kept_here_need_no_connection(desk: Desk) -> None:
    text = seen(desk.post("settings/provider/test", {"kind": "embedded", "url": "", "key": ""}))

    assert "need no connection" in text
    assert "Nothing was saved" not in text


def test_a_form_that_failed_leaves_the_boxes_of_the_others_as_they_are_kept(desk: Desk, coggins: StandInCoggins) -> None:
    save(desk, "store", STORE)

    elsewhere = save(desk, "provider", provider_form(coggins, url="nonsense"))
    itself = save(desk, "store", {**STORE, "order_notes": "", "default_expires_days": "soon"})

    assert elsewhere.status_code == itself.status_code == 422
    assert re.search(r'id="order_notes"[^>]* checked', elsewhere.text)
    assert not re.search(r'id="order_notes"[^>]* checked', itself.text)


def test_a_connection_that_fails_says_how(desk: Desk, coggins: StandInCoggins) -> None:
    coggins.faults.once(faults.status(401), on="lookup")

    text = seen(desk.post("settings/provider/test", provider_form(coggins)))

    assert "does not accept our API key" in text
    assert "Nothing was saved" in text


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://api.example.com", "must begin with https://"),
        ("https://127.0.0.1", "private network"),
        ("https://[::1]:8443", "private network"),
        ("https://10.0.0.8", "private network"),
        ("https://169.254.169.254", "private network"),
        ("https://localhost", "private network"),
        ("https://[", "Write an address"),
        ("https://example.com:x", "Write an address"),
    ],
)
def test_in_production_a_provider_stands_in_the_public_internet(desk: Desk, url: str, said: str) -> None:
    world = desk.world

    connection = check_connection(world.services, world.store().id or 0, url=url, key="k", public_only=True)

    assert said in connection.error


def test_the_stores_settings_are_saved_with_a_name_to_it(desk: Desk) -> None:
    answer = save(desk, "store", STORE)

    store = desk.world.store()
    assert notified(answer)["status"] == "success"
    assert (store.claim_link, store.debt_policy, store.time_zone) == ("direct", "negative", "Europe/Berlin")
    assert (store.default_expires_days, store.customer_types, store.order_notes) == (365, '["gold", "silver"]', True)
    assert log_of(desk.world) == [("settings_changed", "admin@example.com")]


def test_a_box_that_is_not_ticked_switches_off(desk: Desk) -> None:
    save(desk, "store", STORE)
    save(desk, "store", {name: value for name, value in STORE.items() if name != "order_notes"})

    assert desk.world.store().order_notes is False


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("time_zone", "Mars/Olympus", "time zone is unknown"),
        ("time_zone", "Europe", "time zone is unknown"),
        ("default_expires_days", "-1", "whole number"),
        ("default_expires_days", "soon", "whole number"),
        ("default_expires_days", "99999", "36500"),
        ("debt_policy", "sometimes", "either floor"),
        ("claim_link", "none", "either own"),
        ("customer_types", "x" * 200, "at most 128"),
    ],
)
def test_a_setting_that_will_not_do_is_said_beside_its_field_and_nothing_is_changed(
    desk: Desk, field: str, typed: str, said: str
) -> None:
    answer = save(desk, "store", STORE | {field: typed})

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert said in seen(answer)
    if field != "customer_types":
        assert "gold\nsilver</textarea>" in answer.text
    if field == "default_expires_days":
        assert f'value="{typed}"' in answer.text
    assert desk.world.store().debt_policy == "floor"


def test_the_look_is_saved_with_its_logo(desk: Desk) -> None:
    answer = save(
        desk,
        "brand",
        {"name": " Corner  Shop ", "accent": "#3448C5", "text": "Thank you!"},
        files={"logo": ("logo.png", picture(), "image/png")},
    )

    store = desk.world.store()
    assert notified(answer)["status"] == "success"
    assert (store.name, store.accent, store.page_text) == ("Corner Shop", "#3448c5", "Thank you!")
    assert store.logo_mark is not None
    kept = save(desk, "brand", {"name": "Corner Shop", "accent": "", "text": ""})
    assert kept.status_code == 200
    assert (desk.world.store().accent, desk.world.store().logo_mark) == (None, store.logo_mark)
    save(desk, "brand", {"name": "Corner Shop", "accent": "", "text": "", "remove_logo": "yes"})
    assert desk.world.store().logo_mark is None


def test_what_is_typed_is_seen_as_a_claim_page_and_not_saved(desk: Desk) -> None:
    typed = {"name": "<b>Corner</b> Shop", "accent": "#112233", "text": "{{7*7}} Thank you!"}
    answer = desk.post("settings/brand/preview", typed, files={"logo": ("logo.png", picture(), "image/png")})

    [page] = re.findall(r'srcdoc="([^"]*)"', answer.text)
    drawn = unescape(page)
    assert 'alt="&lt;b&gt;Corner&lt;/b&gt; Shop"' in drawn
    assert "data:image/png;base64," in drawn
    assert "{{7*7}} Thank you!" in drawn
    assert "brand/112233.css" in drawn
    assert " inert" in drawn
    assert " sandbox " in answer.text
    assert desk.world.store().accent is None


def test_what_cannot_be_shown_is_said_and_the_rest_is_seen(desk: Desk) -> None:
    answer = desk.post("settings/brand/preview", {"name": "Corner Shop", "accent": "blue", "text": ""})

    assert "#rrggbb" in seen(answer)
    assert "Corner Shop" in answer.text


@pytest.mark.parametrize(
    ("field", "typed", "logo", "said"),
    [
        ("logo", "", b"this is no picture", "cannot be read"),
        ("logo", "", b"GIF89a" + b"\0" * 40, "cannot be read"),
        ("logo", "", b"\x89PNG\r\n\x1a\n" + b"\0" * 600_000, "too large"),
        ("name", " ", None, "needs a name"),
        ("accent", "blue", None, "#rrggbb"),
        ("text", "x" * 301, None, "at most 300"),
    ],
)
def test_a_look_that_cannot_be_shown_is_said_beside_its_field_and_nothing_typed_is_lost(
    desk: Desk, field: str, typed: str, logo: bytes | None, said: str
) -> None:
    sent = {"name": "Corner Shop", "accent": "#112233", "text": "Thank you!"} | ({field: typed} if field != "logo" else {})
    answer = save(desk, "brand", sent, files={"logo": ("logo.png", logo, "image/png")} if logo else None)

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert said in seen(answer)
    if field != "name":
        assert 'value="Corner Shop"' in answer.text
    if field != "text":
        assert "Thank you!</textarea>" in answer.text
    assert desk.world.store().accent is None


def test_a_key_is_shown_once_listed_and_revoked(desk: Desk) -> None:
    page = desk.get("settings")
    sent = {"once": token_of(page, "keys"), "label": "the till"}

    first = desk.post("settings/keys", sent)
    second = desk.post("settings/keys", sent)

    [key] = re.findall(r'<pre id="new-key"[^>]*>([0-9a-f-]{36})</pre>', first.text)
    assert key not in second.text
    assert "the till" in seen(second)
    [known] = list_keys(desk.world.services, desk.world.store().slug)
    for _ in range(2):
        revoked = desk.post("settings/keys/revoke", {"key_id": str(known.id)})
    assert "could be revoked" in seen(revoked)
    assert list_keys(desk.world.services, desk.world.store().slug)[0].revoked_at is not None


def test_a_key_of_another_store_is_not_revoked(desk: Desk) -> None:
    world = desk.world
    other = world.store().model_copy(
        update={"id": None, "slug": "other", "saleor_api_url": "https://other.example/graphql/", "app_id": "x"}
    )
    with world.services.database.writing() as session:
        session.add(type(world.store())(**other.model_dump()))
    create_key(world.services, "other", "theirs")
    [theirs] = list_keys(world.services, "other")

    answer = desk_of(world, "127").post("settings/keys/revoke", {"key_id": str(theirs.id)})

    assert answer.status_code == 422
    assert list_keys(world.services, "other")[0].revoked_at is None


def desk_of(world: World, slug_begins: str) -> Desk:
    """Give a staff user of one of several stores."""

    class OfOne(World):
        def store(self) -> Any:
            from app.db.tables import StoreRow  # noqa: PLC0415

            with self.services.database.reading() as session:
                return next(store for store in session.exec(select(StoreRow)) if store.slug.startswith(slug_begins))

    return Desk(OfOne(world.clock, world.settings, world.services, world.url, world.saleor, world.coggins))


def test_where_points_are_kept_at_coggins_no_keys_are_made_here(coggins_desk: Desk) -> None:
    page = coggins_desk.get("settings")
    answer = coggins_desk.post("settings/keys", {"once": "0" * 32, "label": "x"})

    assert "Create keys there" in seen(page)
    assert answer.status_code == 422
    assert "kept at Coggins" in seen(answer)
    with coggins_desk.world.services.database.reading() as session:
        assert list(session.exec(select(ApiKeyRow))) == []


SPENT = (
    '{{#each order.metadata}}{{#eq key "points_spent"}}{{#if value}}'
    "<mj-text>You paid with {{value}} points.</mj-text>{{/if}}{{/eq}}{{/each}}"
)


def test_the_mail_snippets_hold_this_stores_own_link(desk: Desk) -> None:
    world = desk.world
    link = f"{world.url}/orders/{world.store().slug}?o="
    shown = re.findall(r'(?s)<pre id="snippet-[^"]*"[^>]*>(.*?)</pre>', desk.get("settings").text)

    texts = [text.replace("&lt;", "<").replace("&gt;", ">").replace("&#34;", '"') for text in shown]
    assert texts == [
        link,
        f'<mj-button href="{link}{{{{url_encode order.id}}}}">Your points for this order</mj-button>',
        '{{#each order.metadata}}{{#eq key "points_claim_url"}}{{#startsWith "'
        + world.url
        + '/" value}}<mj-button href="{{value}}">Your points</mj-button>{{/startsWith}}{{/eq}}{{/each}}',
        SPENT,
        f'<a href="{link}{{{{order.id}}}}">Your points for this order</a>',
        '{{#if order.metadata.points_claim_url}}<a href="{{order.metadata.points_claim_url}}">Your points</a>{{/if}}',
        "{{#if order.metadata.points_spent}}You paid with {{order.metadata.points_spent}} points.{{/if}}",
    ]


@pytest.mark.parametrize(
    "path",
    ["settings", "provider", "provider/test", "store", "brand", "brand/preview", "keys", "keys/revoke", "erasing"],
)
def test_settings_are_for_manage_apps_alone(desk: Desk, path: str) -> None:
    stranger = Desk(desk.world, permissions=("MANAGE_ORDERS",))

    answer: requests.Response = (
        stranger.get("settings") if path == "settings" else stranger.post(f"settings/{path}", STORE | {"once": "0" * 32})
    )

    assert answer.status_code == 403
    assert "MANAGE_APPS" in seen(answer)
    assert desk.world.store().debt_policy == "floor"
