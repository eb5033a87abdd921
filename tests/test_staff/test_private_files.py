"""What stands on the disk: only its owner reads it, and an erased customer is in no corner of it."""

import os
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from app.db.engine import Database
from app.usecases.operating.erase_customer import erase_customer
from app.usecases.operating.housekeeping import know_customers
from tests.clock import MovableClock
from tests.standins.saleor import StandInSaleor
from tests.world import open_world

JANE = "jane.doe.to.erase@shopper.example"

OPEN_AND_CLOSE = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM kept').fetchall(); c.close()"


def _files(path: Path) -> list[Path]:
    return [found for ending in ("", "-wal", "-shm") if (found := Path(f"{path}{ending}")).exists()]


def test_the_files_of_a_new_database_are_its_owners_alone(tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        database = Database(f"sqlite:///{tmp_path / 'new.sqlite3'}")
        with database.writing() as session:
            session.connection().exec_driver_sql("CREATE TABLE one (two)")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in _files(tmp_path / "new.sqlite3")}
    finally:
        os.umask(mask)
    database.close()

    assert modes == {"new.sqlite3": 0o600, "new.sqlite3-wal": 0o600, "new.sqlite3-shm": 0o600}


def test_a_database_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    path.touch(mode=0o644)
    path.chmod(0o644)

    database = Database(f"sqlite:///{path}")
    with database.reading() as session:
        session.connection().exec_driver_sql("SELECT 1")
    database.close()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_second_connection_leaves_the_locks_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "points.sqlite3"
    with closing(Database(f"sqlite:///{path}")) as database, database.engine.connect() as first:
        first.exec_driver_sql("CREATE TABLE kept (id INTEGER)")
        first.commit()
        with database.engine.connect() as second:
            second.exec_driver_sql("SELECT 1")
        # Whoever closes a file that nobody else has locked takes its WAL away.
        subprocess.run([sys.executable, "-c", OPEN_AND_CLOSE, path], check=True)

        assert Path(f"{path}-wal").exists()


def test_an_erased_address_stays_in_no_corner_of_the_files(
    fresh_sqlite_url: str, clock: MovableClock, saleor: StandInSaleor
) -> None:
    path = Path(make_url(fresh_sqlite_url).database or "")
    with open_world(fresh_sqlite_url, clock, saleor) as world:
        world.install()
        orders = [saleor.shop.place_paid_order("60", email=email) for email in [JANE, "other@shopper.example"] * 5]
        world.deliver()
        for order_id in orders[::2]:
            world.claim(order_id, JANE)
        world.deliver()
        clock.advance(minutes=5)
        assert not know_customers(world.services)
        before = b"".join(file.read_bytes() for file in _files(path))

        erase_customer(world.services, world.store().slug, JANE)
        after = b"".join(file.read_bytes() for file in _files(path))

    for part in (JANE, "doe.to.erase"):
        assert part.encode() in before
        assert part.encode() not in after
