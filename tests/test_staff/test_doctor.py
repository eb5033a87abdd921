"""`saleor-points doctor`: says what is wrong and what to do, and changes nothing."""

from datetime import timedelta

import pytest
from click.testing import CliRunner, Result

from app.__main__ import cli
from app.bootstrap import build_services, utc_now
from app.domain.signs_of_life import ProcessKind
from app.settings import load_settings
from app.usecases.operating.examine import examine
from app.usecases.operating.finding import Finding, Health
from app.usecases.operating.show_life import new_process, show_life
from tests.standins import faults
from tests.world import SECRET_KEY, World


def findings(world: World, **environ: str) -> dict[str, Finding]:
    settings = world.settings.model_copy(update=environ)
    slug = world.store().slug
    return {one.subject.removeprefix(f"{slug}: "): one for one in examine(world.services, settings)}


def typed(world: World, monkeypatch: pytest.MonkeyPatch, **environ: str) -> Result:
    given = {"DATABASE_URL": world.settings.database_url, "SECRET_KEY": SECRET_KEY, "PUBLIC_URL": world.url, **environ}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return CliRunner().invoke(cli, ["doctor"])


def let_run(world: World, *kinds: ProcessKind) -> None:
    for kind in kinds:
        show_life(world.services, new_process(kind))


def test_a_healthy_installation_has_nothing_wrong(world: World) -> None:
    world.clock.now = utc_now()
    let_run(world, *ProcessKind)

    found = findings(world)

    assert {one.health for one in found.values()} == {Health.OK}, found
    assert {"settings", "database", "tables", "secret", "Saleor", "webhooks", "orders", "points"} <= found.keys()


def test_it_says_so_and_ends_well(embedded_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded_world.clock.now = utc_now()
    let_run(embedded_world, *ProcessKind)

    said = typed(embedded_world, monkeypatch)

    assert said.exit_code == 0, said.output
    assert "SECRET_KEY opens what the database holds" in said.output


def test_another_secret_is_named_and_nothing_is_asked_of_any_store(
    embedded_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = typed(embedded_world, monkeypatch, SECRET_KEY="another")

    assert said.exit_code == 1
    assert "SECRET_KEY does not open" in said.output
    assert "webhooks" not in said.output


def test_a_saleor_that_is_away_is_named(embedded_world: World) -> None:
    embedded_world.saleor.faults.always(faults.status(502))

    found = findings(embedded_world)

    assert found["Saleor"].health is Health.BAD
    assert "502" in found["Saleor"].sentence or "cannot be reached" in found["Saleor"].sentence


def test_a_permission_that_was_taken_away_is_named(embedded_world: World) -> None:
    embedded_world.saleor.apps.permit(embedded_world.store().app_id or "")

    found = findings(embedded_world)["Saleor"]

    assert found.health is Health.BAD
    assert "MANAGE_ORDERS" in found.sentence
    assert "Grant it" in found.advice


@pytest.mark.parametrize(("seconds", "said"), [(90, "seconds behind"), (-90, "seconds ahead of"), (20, None), (-20, None)])
def test_a_clock_that_differs_from_saleors_is_named(embedded_world: World, seconds: int, said: str | None) -> None:
    own = embedded_world.clock
    embedded_world.saleor.clock = lambda: own() + timedelta(seconds=seconds)

    found = {one.subject.split(": ")[-1]: one for one in examine(embedded_world.services, embedded_world.settings)}

    if said is None:
        assert "seconds" not in found.get("clock", found["Saleor"]).sentence or "PostgreSQL" in found["clock"].sentence
    else:
        assert found["clock"].health is Health.WARNING
        assert said in found["clock"].sentence


def test_webhooks_that_lead_elsewhere_are_named_with_their_cure(embedded_world: World) -> None:
    moved = load_settings(
        {
            "DATABASE_URL": embedded_world.settings.database_url,
            "SECRET_KEY": SECRET_KEY,
            "PUBLIC_URL": "http://127.0.0.1:9",
        }
    )
    services = build_services(moved, clock=embedded_world.clock)

    found = {one.subject.split(": ")[-1]: one for one in examine(services, moved)}
    services.database.close()

    assert found["webhooks"].health is Health.BAD
    assert "webhooks sync" in found["webhooks"].advice


def test_a_key_that_the_provider_refuses_is_named(coggins_world: World) -> None:
    assert coggins_world.coggins is not None
    coggins_world.coggins.faults.always(faults.status(401))

    assert findings(coggins_world)["points"].health is Health.BAD


def test_orders_that_nobody_takes_point_at_a_missing_worker(embedded_world: World) -> None:
    embedded_world.saleor.shop.place_paid_order("10.00")
    embedded_world.saleor.deliveries.deliver()
    embedded_world.clock.advance(minutes=20)

    found = findings(embedded_world)["orders"]

    assert found.health is Health.BAD
    assert "worker" in found.advice


def test_a_sweep_that_came_to_rest_is_named(embedded_world: World) -> None:
    embedded_world.change_store(sweep_ended_at=embedded_world.clock() - timedelta(hours=3))

    assert findings(embedded_world)["sweep"].health is Health.BAD


def test_clocks_that_disagree_are_named(embedded_world: World) -> None:
    embedded_world.clock.now = utc_now() + timedelta(hours=1)

    if embedded_world.services.database.is_sqlite:
        assert "clock" not in findings(embedded_world)
    else:
        assert findings(embedded_world)["clock"].health is Health.BAD


def test_production_without_https_is_wrong(embedded_world: World) -> None:
    found = findings(embedded_world, app_env="production")["settings"]

    assert found.health is Health.BAD
    assert "HTTPS" in found.sentence


@pytest.mark.parametrize(
    ("running", "said", "advice"),
    [
        ((), "Neither web nor worker runs", "saleor-points run"),
        ((ProcessKind.WEB,), "No worker runs (last seen ", "saleor-points worker"),
        ((ProcessKind.WORKER,), "No web process runs (last seen ", "saleor-points web"),
    ],
)
def test_a_process_that_does_not_run_is_named(
    embedded_world: World, running: tuple[ProcessKind, ...], said: str, advice: str
) -> None:
    let_run(embedded_world, *ProcessKind)
    embedded_world.clock.advance(minutes=3)
    let_run(embedded_world, *running)

    found = findings(embedded_world)["processes"]

    assert found.health is Health.BAD
    assert found.sentence.startswith(said)
    assert found.advice == advice


def test_a_worker_that_never_ran_is_named_without_a_time(embedded_world: World) -> None:
    let_run(embedded_world, ProcessKind.WEB)

    assert findings(embedded_world)["processes"].sentence.startswith("No worker runs: ")


def test_a_sign_that_a_wrong_clock_dated_ahead_does_not_pass_for_a_running_worker(embedded_world: World) -> None:
    embedded_world.clock.advance(days=1)
    let_run(embedded_world, ProcessKind.WORKER)
    embedded_world.clock.advance(days=-1)
    let_run(embedded_world, ProcessKind.WEB)

    assert findings(embedded_world)["processes"].sentence.startswith("No worker runs: ")
