"""The token of another app of the same Saleor: it is refused, and the installation stays as it was."""

import pytest
import requests

from tests.standins import faults
from tests.standins.faults import Fault
from tests.standins.saleor import StandInSaleor
from tests.standins.saleor.apps import App
from tests.standins.serving import LocalServer, json_answer
from tests.test_merchant.calls import Desk
from tests.test_web.calls import ask, deliver, error_of, told
from tests.test_web.conftest import NewSite
from tests.world import World

OURS = "saleor.points"


def register(world: World, token: str) -> requests.Response:
    return ask(world, "POST", "/api/register", headers={"Saleor-Api-Url": world.saleor.api_url}, json={"auth_token": token})


def message_of(answer: requests.Response) -> str:
    return str(answer.json()["error"]["message"])


def installed_app(saleor: StandInSaleor) -> App:
    [app] = [app for app in saleor.apps.installed.values() if not app.is_removed]
    return app


def another_app(saleor: StandInSaleor, identifier: str = "another.app") -> App:
    """Let the Saleor install an app of somebody else, with the same permission."""
    manifest = {"id": identifier, "name": "Another", "version": "1", "permissions": ["MANAGE_ORDERS"]}
    server = LocalServer(lambda _request: json_answer(manifest)).start()
    result = saleor.install(f"{server.url}/api/manifest")
    server.stop()
    assert result.app_id is not None, result.message
    return saleor.apps.installed[result.app_id]


def test_another_app_does_not_take_an_installation_over(shop: World) -> None:
    other = another_app(shop.saleor)
    before = shop.store()

    answer = register(shop, other.token)

    assert error_of(answer) == (403, "ANOTHER_APP")
    assert "another app of this Saleor" in message_of(answer)
    assert f"{shop.url}/api/manifest" in message_of(answer)
    assert shop.store() == before
    assert deliver(shop, told(shop)).status_code == 200
    desk = Desk(shop)
    assert desk.get("overview").status_code == 200
    assert desk.get("overview", token=desk.token(app=other.id)).status_code == 401


def test_another_app_does_not_install_a_store(site: World) -> None:
    assert error_of(register(site, another_app(site.saleor).token)) == (403, "ANOTHER_APP")


def test_our_identifier_in_another_manifest_is_not_enough(site: World) -> None:
    other = another_app(site.saleor, OURS)

    answer = register(site, other.token)

    assert error_of(answer) == (403, "ANOTHER_APP")
    assert f"Saleor read the manifest at {other.manifest_url}" in message_of(answer)
    assert "APP_API_BASE_URL" in message_of(answer)


@pytest.mark.parametrize("identifier", [None, OURS])
def test_an_app_that_was_made_by_hand_is_refused_whatever_it_calls_itself(site: World, identifier: str | None) -> None:
    by_hand = site.saleor.apps.create("By hand", "MANAGE_ORDERS", identifier=identifier)

    answer = register(site, by_hand.token)

    assert error_of(answer) == (403, "ANOTHER_APP")
    assert "made by hand" in message_of(answer)


def test_without_its_permission_the_app_is_not_installed(site: World) -> None:
    result = site.saleor.apps.install(f"{site.url}/api/manifest", permissions=())

    assert not result.ok
    assert "needs the permission MANAGE_ORDERS" in result.message


def test_a_second_app_is_refused_while_the_token_of_the_first_is_in_use(shop: World) -> None:
    first = installed_app(shop.saleor)
    first.identifier = "a Saleor that lets an app be installed twice"
    before = shop.store()

    second = shop.saleor.install(f"{shop.url}/api/manifest")

    assert not second.ok
    assert second.message == "Saleor Points is installed in this Saleor already. Remove that app first, then install it again."
    assert shop.store() == before


def test_a_second_app_takes_the_place_of_one_whose_token_was_revoked(shop: World) -> None:
    first = installed_app(shop.saleor)
    first.identifier = "a Saleor that lets an app be installed twice"
    shop.saleor.apps.revoke_token(first.id)

    second = shop.saleor.install(f"{shop.url}/api/manifest")

    assert second.ok, second.message
    assert shop.store().app_id == second.app_id


@pytest.mark.parametrize(
    "fault",
    [faults.cut(), faults.status(502), faults.html(), faults.too_many_requests(), faults.graphql_errors()],
    ids=["cut", "502", "html", "429", "error"],
)
def test_nothing_is_taken_over_while_it_is_open_whether_the_token_is_in_use(shop: World, fault: Fault) -> None:
    shop.saleor.apps.uninstall(installed_app(shop.saleor).id)
    before = shop.store()
    shop.saleor.faults.once(lambda act: act(), on="OwnApp")
    shop.saleor.faults.once(fault, on="OwnApp")

    result = shop.saleor.install(f"{shop.url}/api/manifest")

    assert not result.ok
    assert "cannot reach this Saleor" in result.message
    assert shop.store() == before


def test_the_same_app_may_bring_another_token_while_the_first_is_in_use(shop: World) -> None:
    app = installed_app(shop.saleor)
    app.token = "another token of the same app"

    assert register(shop, app.token).status_code == 200
    assert shop.services.sealer.open(shop.store().token_sealed or "") == app.token


@pytest.mark.parametrize("address", ["{url}/api/manifest/", "{url}/api/manifest?v=2", "{local}/api/manifest"])
def test_the_manifests_address_may_be_written_in_other_ways(site: World, address: str) -> None:
    local = site.url.replace("127.0.0.1", "localhost")

    result = site.saleor.install(address.format(url=site.url, local=local))

    assert result.ok, result.message


@pytest.mark.parametrize("setting", ["PUBLIC_URL", "APP_API_BASE_URL", "APP_IFRAME_BASE_URL"])
def test_every_address_of_the_whole_app_is_one_to_install_from(new_site: NewSite, setting: str) -> None:
    site = new_site(**{setting: "https://points.example.com"})
    app = site.saleor.apps.create("Saleor Points", "MANAGE_ORDERS", identifier=OURS)
    app.manifest_url = "https://points.example.com/api/manifest"

    assert register(site, app.token).status_code == 200


def test_the_address_of_the_shoppers_pages_alone_is_none(new_site: NewSite) -> None:
    site = new_site(CLAIM_BASE_URL="https://shop.example.com")
    app = site.saleor.apps.create("Saleor Points", "MANAGE_ORDERS", identifier=OURS)
    app.manifest_url = "https://shop.example.com/api/manifest"

    assert error_of(register(site, app.token)) == (403, "ANOTHER_APP")
