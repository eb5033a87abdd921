"""`saleor-points run`: starts everything, says where, and stops everything."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests
from sqlmodel import select

from app.bootstrap import utc_now
from app.db.engine import Database
from app.db.tables import ProcessRow
from tests.demo.app_process import AppProcess
from tests.demo.scene import Scene
from tests.standins.faults import drip
from tests.standins.saleor import InstallResult, SigningKey, StandInSaleor
from tests.test_processes.conftest import Run, Start
from tests.test_processes.process_table import child_running, children_of, descendants_of, is_alive
from tests.waiting import PATIENCE_SECONDS, wait_until
from tests.world import serve_app

# Long enough that the signal comes in the middle.
SLOW_SECONDS = 2


@pytest.fixture
def another_saleor(signing_key: SigningKey) -> Iterator[StandInSaleor]:
    with StandInSaleor(utc_now, key=signing_key) as saleor:
        yield saleor


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _installed(app: AppProcess, saleor: StandInSaleor) -> Scene:
    result = saleor.install(f"{app.url}/api/manifest")
    assert result.ok, result.message
    return Scene(saleor, app, Database(f"sqlite:///{app.folder / 'saleor-points.sqlite3'}"))


def _nothing_is_left(app: AppProcess, descendants: list[int]) -> None:
    assert len(descendants) >= 3
    wait_until(lambda: not any(is_alive(pid) for pid in descendants), what="all processes end")
    assert _is_free(app.port)


def test_it_says_where_it_listens_and_what_to_do_next_tells_no_token_and_ends_whole_by_ctrl_c(start: Start) -> None:
    app = start(LOG_LEVEL="debug").wait_until_ready()
    wait_until(lambda: "What to do next" in app.log(), what="the greeting")
    descendants = descendants_of(app.pid)

    assert f"http://127.0.0.1:{app.port}" in app.log()
    assert f"http://localhost:{app.port}/api/manifest" in app.log()
    assert f"/extensions/app/install?manifestUrl=http%3A%2F%2Flocalhost%3A{app.port}%2Fapi%2Fmanifest" in app.log()

    token = "0123456789abcdef" * 2
    for path in (f"claim/points/{token}", f"api/v1/points?csapikey={token}", f"no/such/page?csapikey={token}"):
        requests.get(f"{app.url}/{path}", timeout=PATIENCE_SECONDS)
    # SIGTERM is how the other tests end theirs.
    assert app.stop(signal.SIGINT) == 0

    _nothing_is_left(app, descendants)
    assert token not in app.log()
    assert "Traceback" not in app.log()


def _figures(app: AppProcess) -> str:
    return requests.get(f"{app.url}/metrics", timeout=PATIENCE_SECONDS).text


def test_batch_and_request_in_hand_are_finished_before_the_end_and_one_address_tells_the_figures(
    start: Start, live_saleor: StandInSaleor, another_saleor: StandInSaleor
) -> None:
    app = start().wait_until_ready()
    scene = _installed(app, live_saleor)
    live_saleor.shop.place_paid_order("60.00")
    scene.settle()

    # Counted by the worker, told by the web process. A batch is counted when all else of it is done.
    wait_until(lambda: "saleor_points_settle_batch_seconds_count" in _figures(app), what="the worker counts the batch")
    assert 'saleor_points_movements_total{kind="claim",outcome="accepted"} 1.0' in _figures(app)

    asked = live_saleor.counts["Orders"]
    live_saleor.faults.once(drip(2 * SLOW_SECONDS), on="Orders")
    another_saleor.faults.once(drip(SLOW_SECONDS), on="OwnApp")
    order = live_saleor.shop.place_paid_order("60.00")
    wait_until(lambda: live_saleor.counts["Orders"] > asked, what="the worker reads the order")
    results: list[InstallResult] = []
    installing = threading.Thread(target=lambda: results.append(another_saleor.install(f"{app.url}/api/manifest")))
    installing.start()
    wait_until(lambda: another_saleor.counts["OwnApp"] > 0, what="the app asks another Saleor about its token")

    assert app.stop() == 0

    settled = scene.order(order)
    assert (settled.due, settled.granted, settled.lease_token) == (60, 60, None)
    assert scene.metadata(order)["points_status"] == "ready"
    installing.join()
    assert results[0].ok, results[0].message


def test_web_and_worker_show_that_they_live_and_end_as_quietly_as_before(start: Start, live_saleor: StandInSaleor) -> None:
    app = start().wait_until_ready()
    scene = _installed(app, live_saleor)

    def kinds() -> list[str]:
        with scene.database.reading() as session:
            return sorted(session.exec(select(ProcessRow.kind)))

    wait_until(lambda: kinds() == ["web", "worker"], what="a sign of each process")
    assert app.stop() == 0
    assert "sign of life" not in app.log()
    assert "Traceback" not in app.log()


def test_all_of_it_ends_with_a_sentence_when_the_worker_is_killed(start: Start) -> None:
    app = start().wait_until_ready()

    _all_ends_when_killed(app, "worker")


def test_a_killed_web_process_is_replaced_and_all_ends_with_a_sentence_when_their_parent_is(start: Start) -> None:
    app = start().wait_until_ready()
    web = child_running(app.pid, "web")
    (serving,) = children_of(web)

    os.kill(serving, signal.SIGKILL)

    wait_until(lambda: children_of(web) not in ([], [serving]), what="another web process")
    app.wait_until_ready()

    _all_ends_when_killed(app, "web")


def _all_ends_when_killed(app: AppProcess, command: str) -> None:
    descendants = descendants_of(app.pid)

    os.kill(child_running(app.pid, command), signal.SIGKILL)

    assert app.wait() == 1
    assert f"{command} ended by itself" in app.log()
    _nothing_is_left(app, descendants)


def test_nothing_outlives_it_when_it_is_killed_itself(start: Start) -> None:
    app = start().wait_until_ready()
    descendants = descendants_of(app.pid)

    os.kill(app.pid, signal.SIGKILL)

    app.wait()
    _nothing_is_left(app, descendants)


def test_the_web_processes_end_when_their_parent_is_killed(start: Start, run_here: Run) -> None:
    run_here("migrate")
    app = start("web").wait_until_ready()
    (serving,) = children_of(app.pid)

    os.kill(app.pid, signal.SIGKILL)

    app.wait()
    wait_until(lambda: not psutil.pid_exists(serving), what="the web process ends with its parent")


def test_two_web_processes_and_a_worker_share_one_sqlite_file(start: Start, run_here: Run, live_saleor: StandInSaleor) -> None:
    run_here("migrate")
    app = start("web", "--processes", "2").wait_until_ready()
    worker = start("worker")
    scene = _installed(app, live_saleor)
    wait_until(lambda: len(children_of(app.pid)) == 2, what="both web processes are there")

    orders = [live_saleor.shop.place_paid_order("10.00") for _ in range(30)]
    scene.settle()

    assert {scene.metadata(order).get("points_amount") for order in orders} == {"10"}
    assert worker.stop() == 0
    assert app.stop() == 0


def test_another_secret_than_the_databases_stops_the_start_and_changes_nothing(
    start: Start, run_here: Run, live_saleor: StandInSaleor, tmp_path: Path
) -> None:
    run_here("migrate")
    database_url = f"sqlite:///{tmp_path / 'saleor-points.sqlite3'}"
    with serve_app(database_url, utc_now, SECRET_KEY="the first") as (_, _, url):
        assert live_saleor.install(f"{url}/api/manifest").ok

    for command in ("run", "web", "worker"):
        refused = run_here(command, SECRET_KEY="the second")

        assert refused.returncode == 2
        assert "SECRET_KEY does not open what the database holds" in refused.stderr
        assert "Traceback" not in refused.stderr
    assert start(SECRET_KEY="the first").wait_until_ready().stop() == 0
