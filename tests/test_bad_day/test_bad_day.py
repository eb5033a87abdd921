"""One bad day, with real processes over real HTTP: it ends exact, and says what was left for staff.

Run it with `-s` for the table of faults and what became of them.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import requests
from sqlalchemy import func, text
from sqlmodel import select

from app.bootstrap import build_services
from app.db.tables import MovementRow, OrderRow, StoreRow
from app.domain.settlement import MovementState
from app.settings import load_settings
from app.usecases.moving.resolve_movement import resolve_movement, unknown_movements
from app.usecases.services import Services
from tests.standins import faults
from tests.standins.coggins import StandInCoggins
from tests.standins.coggins.misanswers import fewer_items
from tests.standins.saleor import SigningKey, StandInSaleor
from tests.test_bad_day.process import SharedClock
from tests.waiting import PATIENCE_SECONDS, wait_until

STEPS_MAX = 20
KILLED = 9


@dataclass
class Day:
    """The whole installation, and a list of what went wrong and what became of it."""

    environ: dict[str, str]
    services: Services
    saleor: StandInSaleor
    coggins: StandInCoggins
    clock: SharedClock
    orders: dict[str, tuple[str, int]] = field(default_factory=dict)
    told: list[tuple[str, str]] = field(default_factory=list)
    worker: "subprocess.Popen[bytes] | None" = None

    def start(self, role: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-m", "tests.test_bad_day.process", role], env=os.environ | self.environ)

    def start_worker(self) -> None:
        self.worker = self.start("worker")

    def kill_worker(self) -> None:
        assert self.worker is not None
        self.worker.send_signal(KILLED)
        self.worker.wait()

    def pay(self, email: str, amount: int, *, is_registered: bool = False) -> str:
        order_id = self.saleor.shop.place_order(str(amount), email=email, is_registered=is_registered)
        self.saleor.till.charge(order_id, str(amount))
        self.orders[order_id] = (email, amount)
        return order_id

    def refund(self, order_id: str, amount: int) -> None:
        email, points = self.orders[order_id]
        self.saleor.till.refund(order_id, str(amount))
        self.orders[order_id] = (email, points - amount)

    def wait_for(self, what: str, is_so: Callable[[], bool]) -> None:
        """Wait, on the machine's clock, for what the processes do on theirs."""
        wait_until(is_so, what=what)

    def waiting(self) -> int:
        with self.services.database.reading() as session:
            count = session.exec(select(func.count()).select_from(OrderRow).where(OrderRow.look_at <= self.clock())).one()  # type: ignore[operator]  # a column
            leased = session.exec(select(func.count()).select_from(OrderRow).where(OrderRow.lease_token != None)).one()  # noqa: E711 - SQL
            return count + leased

    def quiet(self) -> None:
        """Wait until nothing is to be done now."""
        self.wait_for("quiet", lambda: self.waiting() == 0)

    def settled(self, order_id: str) -> bool:
        with self.services.database.reading() as session:
            order = session.exec(select(OrderRow).where(OrderRow.saleor_order_id == order_id)).first()
        return order is not None and order.granted == self.orders[order_id][1]

    def move(self, **units: int) -> None:
        """Let time pass, more than between two sweeps, and wait until one has begun or Saleor is left in peace for now."""
        moved_to = self.clock() + timedelta(**units)  # read before: a sweep may begin as soon as the clock has moved
        self.clock.advance(**units)
        self.wait_for("a sweep", lambda: self._has_swept(moved_to))

    def move_until(self, what: str, is_so: Callable[[], bool], **units: int) -> None:
        """Let time pass in steps until it is so; what is due in between is done in between."""
        for _ in range(STEPS_MAX):
            if is_so():
                return
            self.move(**units)
            self.quiet()
        raise AssertionError(f"{what}: it did not come so")

    def _has_swept(self, since: datetime) -> bool:
        with self.services.database.reading() as session:
            store = session.exec(select(StoreRow)).one()
        return (store.swept_at or since) > since or (store.paused_until or since) > since

    def count(self, state: MovementState) -> int:
        with self.services.database.reading() as session:
            return session.exec(select(func.count()).select_from(MovementRow).where(MovementRow.state == state)).one()


@pytest.fixture
def day(database_url: str, tmp_path: Path, signing_key: SigningKey) -> Iterator[Day]:
    clock_file = tmp_path / "clock"
    clock_file.write_text("0")
    clock = SharedClock(clock_file)
    with StandInSaleor(clock, key=signing_key) as saleor, StandInCoggins(clock, unknown_email="zeros") as coggins:
        environ = {
            "DATABASE_URL": database_url,
            "SECRET_KEY": "a secret of one day",
            "PORT": str(_free_port()),
            "POINTS_API_URL": coggins.url,
            "POINTS_API_KEY": coggins.key,
            "CLOCK_FILE": str(clock_file),
        }
        services = build_services(
            load_settings({name: value for name, value in environ.items() if name != "CLOCK_FILE"}), clock=clock
        )
        opened = Day(environ, services, saleor, coggins, clock)
        with _running(opened):
            yield opened
        services.database.close()


@contextmanager
def _running(day: Day) -> Iterator[None]:
    web = day.start("web")
    day.start_worker()
    try:
        url = f"http://127.0.0.1:{day.environ['PORT']}"
        day.wait_for("web answers", lambda: _answers(f"{url}/healthz"))
        # A machine with too much to do answers the app's own question too late: who installs presses the button again.
        day.wait_for("the app is installed", lambda: day.saleor.install(f"{url}/api/manifest").ok)
        with day.services.database.writing() as session:
            session.execute(text("UPDATE rule SET award = 'auto'"))
        yield
    finally:
        for process in (web, day.worker):
            if process is not None and process.poll() is None:
                process.terminate()
                process.wait(PATIENCE_SECONDS)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=PATIENCE_SECONDS).ok
    except requests.RequestException:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_bad_day_ends_exact(day: Day) -> None:
    _an_ordinary_morning(day)
    _the_provider_is_cut_off_after_it_acted(day)
    _the_provider_is_cut_off_before_it_acted(day)
    _the_provider_talks_garbage(day)
    _deliveries_are_lost(day)
    _the_worker_is_killed_in_mid_call(day)
    _saleor_is_away_for_an_hour(day)
    _refunds_come_in_the_evening(day)

    unknown = unknown_movements(day.services)
    for movement in unknown:
        resolve_movement(day.services, movement.id, happened=True, who="test")
    for place, (fault, outcome) in enumerate(day.told, start=1):
        print(f"{place}. {fault:<44} {outcome}")
    print(f"left for staff: {len(unknown)}")

    assert unknown == []
    with day.services.database.reading() as session:
        books = {order.saleor_order_id: (order.granted, order.due) for order in session.exec(select(OrderRow))}
    assert books == {order_id: (points, points) for order_id, (_, points) in day.orders.items()}
    expected: dict[str, int] = {}
    for email, points in day.orders.values():
        expected[email] = expected.get(email, 0) + points
    assert {email: day.coggins.books().balance(email).available for email in expected} == _taken(day, expected)


def _taken(day: Day, expected: dict[str, int]) -> dict[str, int]:
    """What each balance must hold: all points but those of guests' claims, which nobody has taken."""
    guests = {email for email in expected if email.startswith("guest")}
    return {email: 0 if email in guests else points for email, points in expected.items()}


def _an_ordinary_morning(day: Day) -> None:
    for number in range(10):
        day.pay(f"guest{number}@example.com", 20)
        day.pay(f"member{number}@example.com", 30, is_registered=True)
    day.saleor.deliveries.deliver()
    day.wait_for("the morning's orders", lambda: all(day.settled(order_id) for order_id in day.orders))
    day.told.append(("an ordinary morning: 20 orders", "granted = due"))


def _the_provider_is_cut_off_after_it_acted(day: Day) -> None:
    day.coggins.faults.once(faults.after_acting(faults.cut()), on="instant")
    order_id = day.pay("member1@example.com", 41, is_registered=True)
    _found_out(day, order_id, "provider cut off after it acted", asks=1)


def _the_provider_is_cut_off_before_it_acted(day: Day) -> None:
    day.coggins.faults.once(faults.cut(), on="instant")
    order_id = day.pay("member2@example.com", 42, is_registered=True)
    _found_out(day, order_id, "provider cut off before it acted", asks=2)


def _found_out(day: Day, order_id: str, fault: str, *, asks: int) -> None:
    before = day.coggins.counts["instant"]
    day.saleor.deliveries.deliver()
    day.wait_for("an unknown movement", lambda: day.count(MovementState.UNKNOWN) == 1)
    day.move_until(fault, lambda: day.settled(order_id), minutes=10)
    assert day.coggins.counts["instant"] - before == asks
    day.told.append((fault, f"two looks at the balance; asked {'once' if asks == 1 else 'twice'}; credited once"))


def _the_provider_talks_garbage(day: Day) -> None:
    day.coggins.faults.once(fewer_items(), on="claims")
    day.coggins.faults.once(faults.html(200), on="claims")
    order_id = day.pay("guest1@example.com", 43)
    day.pay("guest2@example.com", 44)
    day.saleor.deliveries.deliver()
    day.wait_for("a pause", lambda: day.waiting() == 0)
    day.move_until("the claims", lambda: all(day.settled(order_id) for order_id in day.orders), minutes=6)
    assert day.settled(order_id)
    day.told.append(
        ("provider answers half an array, then HTML", "asked again for links that nobody saw; account paused, resumed")
    )


def _deliveries_are_lost(day: Day) -> None:
    order_id = day.pay("member3@example.com", 45, is_registered=True)
    day.saleor.deliveries.lose()
    day.move_until("the sweep", lambda: day.settled(order_id), minutes=5)
    day.told.append(("deliveries lost for good", "found by the sweep"))


def _the_worker_is_killed_in_mid_call(day: Day) -> None:
    day.coggins.faults.once(faults.after_acting(faults.hang()), on="instant")
    order_id = day.pay("member4@example.com", 46, is_registered=True)
    day.saleor.deliveries.deliver()
    day.wait_for("the call", lambda: day.count(MovementState.SENDING) == 1 and _acted(day, 46))
    day.kill_worker()
    day.coggins.server.release()
    day.start_worker()
    day.clock.advance(minutes=2)
    day.move_until("the takeover", lambda: day.settled(order_id), minutes=6)
    day.told.append(
        ("worker killed (-9) in the middle of a call", "taken over after 5 min; found done by two looks; credited once")
    )


def _acted(day: Day, amount: int) -> bool:
    return any(instant.amount == amount for instant in day.coggins.books().instants)


def _saleor_is_away_for_an_hour(day: Day) -> None:
    order_id = day.pay("member5@example.com", 47, is_registered=True)
    day.saleor.deliveries.lose()
    day.saleor.stop()
    for _ in range(6):
        day.move(minutes=10)
    day.saleor.start()
    day.move_until("Saleor's orders", lambda: day.settled(order_id), minutes=20)
    day.told.append(("Saleor away for an hour, its deliveries lost", "store paused and resumed by itself; found by the sweep"))


def _refunds_come_in_the_evening(day: Day) -> None:
    for order_id, (_, points) in list(day.orders.items())[::2]:
        day.refund(order_id, points // 2)
    day.saleor.deliveries.duplicate()
    day.saleor.deliveries.deliver()
    day.wait_for("the refunds", lambda: all(day.settled(order_id) for order_id in day.orders))
    day.told.append(("refunds of half of the orders, told twice", "taken back once"))
