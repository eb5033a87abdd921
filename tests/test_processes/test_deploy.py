"""A deploy, with real processes: this version serves and works while the next one migrates, and hands its work over to it."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import requests
from sqlalchemy import inspect

from app.db.engine import Database
from app.db.migrations import head, is_migrated, migrate
from tests.demo.app_process import AppProcess, environment
from tests.demo.scene import Scene
from tests.standins.faults import drip
from tests.standins.saleor import StandInSaleor
from tests.test_processes.conftest import Start
from tests.waiting import PATIENCE_SECONDS, wait_until
from tests.world import SECRET_KEY

ROOT = Path(__file__).parents[2]
MIGRATION = """
import sqlalchemy as sa
from alembic import op

from app.db.indexing import add_index

revision = "next"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("order", sa.Column("of_the_next", sa.Text(), nullable=True))
    add_index("ix_order_of_the_next", "order", ["of_the_next"])
"""
SLOW_SECONDS = 2


@pytest.fixture
def next_version(tmp_path: Path) -> dict[str, str]:
    """The next version, with one migration more; gives what makes Python take it instead of this one."""
    folder = tmp_path / "next"
    for name in ("app", "migrations", "manifest"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "migrations" / "versions" / "next.py").write_text(MIGRATION.format(head=head()))
    return {"PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    fresh: Callable[[], str] = request.getfixturevalue(f"fresh_{request.param}")
    return fresh()


def _migrate(settings: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app", "migrate"],
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "The database is at next."), done.stderr


def test_a_deploy_loses_nothing(start: Start, live_saleor: StandInSaleor, next_version: dict[str, str], url: str) -> None:
    settings = {"DATABASE_URL": url, "SECRET_KEY": SECRET_KEY}
    web = start("web", **settings).wait_until_ready()
    worker = start("worker", **settings)
    result = live_saleor.install(f"{web.url}/api/manifest")
    assert result.ok, result.message
    with closing(Database(url)) as database:
        scene = Scene(live_saleor, web, database)
        orders = [live_saleor.shop.place_paid_order("60.00") for _ in range(3)]
        scene.settle()

        # The next version's tables come, and this one serves and works on.
        _migrate({**settings, **next_version})
        assert requests.get(f"{web.url}/readyz", timeout=PATIENCE_SECONDS).status_code == 200
        orders.append(live_saleor.shop.place_paid_order("60.00"))
        wait_until(lambda: scene.metadata(orders[-1]).get("points_status") == "ready", what="this version settles")

        # It is told to stop with a batch in hand, and the next one takes over.
        read = live_saleor.counts["Orders"]
        live_saleor.faults.once(drip(SLOW_SECONDS), on="Orders")
        orders.append(live_saleor.shop.place_paid_order("60.00"))
        wait_until(lambda: live_saleor.counts["Orders"] > read, what="the worker reads the order")
        assert (worker.stop(), web.stop()) == (0, 0)
        # While nobody is there: Saleor's delivery fails, and is repeated by it or found by the sweep.
        live_saleor.till.refund(orders[0], "20.00")
        new_web = AppProcess(web.folder, ("web",), {**settings, **next_version}, port=web.port).start()
        new_worker = AppProcess(web.folder, ("worker",), {**settings, **next_version}).start()
        try:
            new_web.wait_until_ready()
            live_saleor.deliveries.retry_failed()
            orders.append(live_saleor.shop.place_paid_order("60.00"))
            wait_until(
                lambda: [_granted(scene, order) for order in orders] == [40, *[60] * (len(orders) - 1)],
                what="all orders come right",
            )
        finally:
            new_web.end()
            new_worker.end()
        # One movement each, and the refund's.
        assert scene.count_movements() == len(orders) + 1
        assert "ix_order_of_the_next" in {index["name"] for index in inspect(database.engine).get_indexes("order")}


def _granted(scene: Scene, order_id: str) -> int | None:
    try:
        return scene.order(order_id).granted
    except LookupError:
        return None


def test_this_version_starts_again_on_the_next_ones_tables(next_version: dict[str, str], url: str) -> None:
    _migrate({"DATABASE_URL": url, "SECRET_KEY": SECRET_KEY, **next_version})

    with closing(Database(url)) as database:
        assert is_migrated(database)
        assert migrate(database) == "next"
        assert migrate(database) == "next"
