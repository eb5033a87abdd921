"""Two installations of the app in one Saleor, such as staging beside production: each has its own identifier and name."""

import pytest

from tests.standins.saleor.apps import App
from tests.test_merchant.calls import Desk
from tests.test_web.calls import error_of, get
from tests.test_web.conftest import NewSite
from tests.test_web.test_another_app import register
from tests.world import World

STAGING = {"MANIFEST_APP_ID": "saleor.points.staging", "APP_NAME": "Points & staging"}


@pytest.fixture
def production(new_site: NewSite) -> World:
    site = new_site()
    site.install()
    return site


@pytest.fixture
def staging(production: World, new_site: NewSite) -> World:
    site = new_site(**STAGING)
    site.install()
    return site


def app_of(world: World) -> App:
    app_id = world.store().app_id
    assert app_id is not None
    return world.saleor.apps.installed[app_id]


def test_both_are_installed_under_their_own_names(production: World, staging: World) -> None:
    named = [(app.identifier, app.name) for app in (app_of(production), app_of(staging))]

    assert named == [("saleor.points", "Saleor Points"), ("saleor.points.staging", "Points & staging")]


def test_under_one_identifier_saleor_takes_only_one(production: World, new_site: NewSite) -> None:
    second = new_site()

    result = second.saleor.install(f"{second.url}/api/manifest")

    assert result.message == "identifier: App with the same identifier is already installed."


def test_neither_registers_the_token_of_the_other(production: World, staging: World) -> None:
    before = [production.store(), staging.store()]

    answers = [register(production, app_of(staging).token), register(staging, app_of(production).token)]

    assert [error_of(answer) for answer in answers] == [(403, "ANOTHER_APP")] * 2
    assert [production.store(), staging.store()] == before


def test_an_identifier_that_was_changed_after_the_installation_is_refused(production: World, new_site: NewSite) -> None:
    renamed = new_site(MANIFEST_APP_ID="saleor.points.staging", PUBLIC_URL=production.url)

    assert error_of(register(renamed, app_of(production).token)) == (403, "ANOTHER_APP")


def test_neither_shows_its_pages_to_the_staff_of_the_other(production: World, staging: World) -> None:
    desk, other = Desk(production), app_of(staging)

    assert desk.get("overview").status_code == 200
    assert desk.get("overview", token=desk.token(app=other.id)).status_code == 401


@pytest.mark.parametrize("path", ["/", "/app", "/support"])
def test_the_pages_have_the_name_in_their_title(staging: World, path: str) -> None:
    assert "<title>Points &amp; staging" in get(staging, path).text
