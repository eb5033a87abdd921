"""A backup as the README says, put back: the app goes on from it, and reads from Saleor what changed since."""

import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from app.errors import BadSetting
from app.store.database import Database
from app.store.migrate import migrate
from app.usecases.sweep_orders import sweep_orders
from tests.clock import MovableClock
from tests.standins.saleor import StandInSaleor
from tests.test_upgrade.open_claim import take_open_claim
from tests.world import open_world

NAME = "saleor-points.sqlite3"


def _back_up(folder: Path, to: Path) -> None:
    """Do what `sqlite3 … ".backup copy.sqlite3"` does, while the app runs."""
    with closing(sqlite3.connect(folder / NAME)) as source, closing(sqlite3.connect(to / NAME)) as copy:
        source.backup(copy)
    shutil.copy(folder / "secret_key", to / "secret_key")


def test_a_backup_put_back_goes_on_and_finds_what_changed_since(
    tmp_path: Path, clock: MovableClock, saleor: StandInSaleor
) -> None:
    lost, kept = tmp_path / "lost", tmp_path / "kept"
    lost.mkdir()
    kept.mkdir()
    with closing(Database(f"sqlite:///{lost / NAME}")) as database:
        migrate(database)
    with open_world("", clock, saleor, SECRET_KEY="", DATA_DIR=str(lost)) as world:
        world.install()
        before = saleor.shop.place_paid_order("60", email="ann@example.com")
        world.deliver()
        with world.services.database.writing():
            _back_up(lost, kept)
        world.claim(before)
        clock.advance(minutes=1)
        since = saleor.shop.place_paid_order("40", email="ben@example.com")
        world.deliver()
        assert world.order(since).granted == 40
    shutil.rmtree(lost)

    with open_world("", clock, saleor, SECRET_KEY="", DATA_DIR=str(kept)) as restored:
        clock.advance(minutes=10)
        list(sweep_orders(restored.services, timedelta(minutes=5)))
        restored.settle()

        assert {restored.order(order_id).granted for order_id in (before, since)} == {60, 40}
        # As old as the books: the claim that was taken since waits again, behind the link of the mail.
        take_open_claim(restored, of="ann@example.com")
        assert restored.balance("ann@example.com").available == 60


def test_a_backup_without_its_secret_stays_closed(tmp_path: Path, clock: MovableClock, saleor: StandInSaleor) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    with closing(Database(f"sqlite:///{tmp_path / NAME}")) as database:
        migrate(database)
    with open_world("", clock, saleor, SECRET_KEY="", DATA_DIR=str(tmp_path)) as world:
        world.install()
        _back_up(tmp_path, kept)
    (kept / "secret_key").unlink()

    with (
        open_world("", clock, saleor, SECRET_KEY="", DATA_DIR=str(kept)) as restored,
        pytest.raises(BadSetting, match="SECRET_KEY"),
    ):
        restored.services.sealer.open(restored.store().token_sealed or "")
