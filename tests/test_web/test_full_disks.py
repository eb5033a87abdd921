"""A database that cannot be written: everybody is told to come again, and afterwards nothing is missing."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import event, make_url
from structlog.testing import capture_logs

from app.usecases.operating.examine import examine
from app.usecases.operating.finding import Health
from app.usecases.settling.settle_orders import settle_orders
from app.worker.loop import FAULT_SECONDS, run_once
from tests.clock import MovableClock
from tests.standins.saleor import StandInSaleor, State
from tests.test_web.calls import ask, claim_path, deliver, error_of, ready_order, text_of, told
from tests.world import TIMEOUT, World, open_shop

# What SQLite says on a full disk, and on a disk that was mounted read-only.
FULL = "PRAGMA max_page_count=1"
READ_ONLY = "PRAGMA query_only=ON"


@contextmanager
def _unwritable(world: World, pragma: str) -> Iterator[None]:
    """Let every connection be one to a database that cannot grow, or not be written at all."""
    engine = world.services.database.engine

    def spoil(connection: Any, _record: Any) -> None:
        connection.execute(pragma).fetchall()

    engine.dispose()
    event.listen(engine, "connect", spoil)
    try:
        yield
    finally:
        event.remove(engine, "connect", spoil)
        engine.dispose()


@pytest.mark.parametrize("pragma", [FULL, READ_ONLY], ids=["full", "read-only"])
def test_a_delivery_is_told_to_come_again_and_then_taken(shop: World, pragma: str) -> None:
    orders = [shop.saleor.shop.place_paid_order("60", email=f"shopper{n}@example.com") for n in range(40)]

    with _unwritable(shop, pragma):
        states = {delivery.state for delivery in shop.saleor.deliveries.deliver()}
        answer = deliver(shop, told(shop))
    assert State.WAITING in states
    assert states <= {State.WAITING, State.DELIVERED}
    assert answer.status_code in {200, 503}

    shop.saleor.deliveries.retry_failed()
    shop.settle()
    assert {shop.order(order_id).granted for order_id in orders} == {60}


@pytest.mark.parametrize("pragma", [READ_ONLY], ids=["read-only"])
def test_every_answer_is_a_sentence(shop: World, pragma: str) -> None:
    with _unwritable(shop, pragma):
        answer = deliver(shop, told(shop))

    assert error_of(answer) == (503, "UNAVAILABLE")
    assert answer.headers["Retry-After"]
    assert "sqlite" not in answer.text.lower()
    assert deliver(shop, told(shop)).status_code == 200


def test_a_claim_is_shown_while_its_opening_cannot_be_noted(shop: World) -> None:
    path = claim_path(shop, ready_order(shop))

    with _unwritable(shop, READ_ONLY), capture_logs() as logged:
        page = ask(shop, "GET", path)

    assert page.status_code == 200
    assert "60 points are waiting for you" in text_of(page)
    assert "opening of a claim not noted" in {line["event"] for line in logged}


@pytest.mark.parametrize("pragma", [FULL, READ_ONLY], ids=["full", "read-only"])
def test_a_worker_waits_and_goes_on(shop: World, pragma: str) -> None:
    orders = [shop.saleor.shop.place_paid_order("60", email=f"shopper{n}@example.com") for n in range(40)]
    shop.saleor.deliveries.deliver()

    with _unwritable(shop, pragma):
        assert run_once(lambda: settle_orders(shop.services)) == FAULT_SECONDS

    shop.clock.advance(minutes=10)
    shop.settle()
    assert {shop.order(order_id).granted for order_id in orders} == {60}
    assert all(len(shop.movements(order_id)) == 1 for order_id in orders)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, which a test can fill."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = [shutil.which("mount") or "false", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("A disk that is really full takes the right to mount one, which only root has, and not in every container.")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@contextmanager
def _filled(disk: Path) -> Iterator[None]:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        while free := shutil.disk_usage(disk).free:
            file.write(bytes(free))
    try:
        yield
    finally:
        filler.unlink()


def test_on_a_disk_that_is_really_full_nothing_is_lost_and_operators_are_told(
    small_disk: Path, fresh_sqlite: Callable[[], str], clock: MovableClock, saleor: StandInSaleor
) -> None:
    file = shutil.copy(make_url(fresh_sqlite()).database or "", small_disk / "points.sqlite3")
    with open_shop(f"sqlite:///{file}", clock, saleor) as shop:
        claim = claim_path(shop, ready_order(shop))
        waiting = shop.saleor.shop.place_paid_order("60", email="waits@example.com")
        shop.saleor.deliveries.deliver()
        late = [shop.saleor.shop.place_paid_order("60", email=f"shopper{n}@example.com") for n in range(40)]

        with _filled(small_disk), capture_logs() as logged:
            states = {delivery.state for delivery in shop.saleor.deliveries.deliver()}
            refused = [deliver(shop, told(shop)), ask(shop, "GET", "/readyz"), ask(shop, "GET", "/api/manifest")]
            taken = ask(shop, "POST", claim)
            assert run_once(lambda: settle_orders(shop.services)) == FAULT_SECONDS
            doctor = {one.subject: one for one in examine(shop.services, shop.settings)}
        assert State.WAITING in states
        assert State.FAILED not in states
        assert [answer.status_code for answer in (*refused, taken)] == [503, 503, 200, 503]
        assert "disk of the database is full" in refused[1].json()["error"]["message"]
        assert (doctor["database"].health, "0 MB are free" in doctor["database"].sentence) == (Health.BAD, True)
        assert {line["kind"] for line in logged if "kind" in line} == {"SQLITE_FULL"}

        shop.saleor.deliveries.retry_failed()
        clock.advance(minutes=10)
        shop.settle()
        assert ask(shop, "GET", "/readyz").status_code == 200
        assert ask(shop, "POST", claim).status_code == 303
        assert {shop.order(order_id).granted for order_id in (waiting, *late)} == {60}
        assert all(len(shop.movements(order_id)) == 1 for order_id in (waiting, *late))
        assert shop.points_in_all_balances() == 60


@pytest.fixture
def postgresql_shop(fresh_postgresql: Callable[[], str], clock: MovableClock, saleor: StandInSaleor) -> Iterator[World]:
    with open_shop(fresh_postgresql(), clock, saleor) as world:
        yield world


def _let_postgresql_write(world: World, *, is_allowed: bool) -> None:
    """Let it refuse writes as one does that is a standby, or whose operator has switched them off; and take them again."""
    engine = world.services.database.engine
    with engine.connect() as connection:
        connection.exec_driver_sql("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")
        connection.commit()
        setting = "off" if is_allowed else "on"
        connection.exec_driver_sql(f'ALTER DATABASE "{engine.url.database}" SET default_transaction_read_only = {setting}')
        connection.commit()
    world.services.database.close()


def test_a_postgresql_that_takes_no_writes_loses_nothing(postgresql_shop: World) -> None:
    shop = postgresql_shop
    orders = [shop.saleor.shop.place_paid_order("60", email=f"shopper{n}@example.com") for n in range(3)]
    late = shop.saleor.shop.place_paid_order("60", email="late@example.com")
    held = shop.saleor.deliveries.hold(lambda delivery: delivery.order_id == late)
    shop.saleor.deliveries.deliver()

    _let_postgresql_write(shop, is_allowed=False)
    answer = deliver(shop, told(shop))
    states = {shop.saleor.deliveries.resend(delivery) for delivery in held}
    assert run_once(lambda: settle_orders(shop.services)) == FAULT_SECONDS
    # Pages that only read are served all the same.
    assert requests.get(f"{shop.url}/readyz", timeout=TIMEOUT).status_code == 200
    assert error_of(answer) == (503, "UNAVAILABLE")
    assert "read-only" not in answer.text.lower()
    assert State.WAITING in states
    assert State.FAILED not in states
    assert {shop.order(order_id).granted for order_id in orders} == {0}

    _let_postgresql_write(shop, is_allowed=True)
    shop.saleor.deliveries.retry_failed()
    shop.clock.advance(minutes=10)
    shop.settle()
    assert {shop.order(order_id).granted for order_id in (*orders, late)} == {60}
    assert all(len(shop.movements(order_id)) == 1 for order_id in (*orders, late))
