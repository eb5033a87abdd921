"""A whole installation, real processes over real HTTP, and all that is done to it."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import requests
from sqlalchemy import func, text
from sqlmodel import col, select

from app.bootstrap import build_services
from app.db.tables import MovementRow, OrderRow, StoreRow
from app.domain.settlement import MovementState
from app.settings import load_settings
from app.usecases.moving.resolve_movement import resolve_movement
from app.usecases.services import Services
from tests.demo.app_process import environment, free_port
from tests.standins.coggins import StandInCoggins
from tests.standins.coggins.ledger import Instant
from tests.standins.saleor import SigningKey, StandInSaleor
from tests.test_bad_day.process import SharedClock
from tests.test_killed.postgresql import Server
from tests.test_processes.process_table import child_running
from tests.waiting import PATIENCE_SECONDS, wait_until

# After the last incident everything must have been found out: two looks at a balance, pauses, a sweep or two.
STEPS_MAX = 40
INSTANTS = ("credit", "debit")


@dataclass
class Part:
    """A command of the app, in a session of its own, so that it can be killed with all its children."""

    role: str
    process: "subprocess.Popen[bytes]"

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE_SECONDS)


@dataclass
class Ordeal:
    """What each order must end on stands in `orders`: e-mail and points."""

    environ: dict[str, str]
    services: Services
    saleor: StandInSaleor
    coggins: StandInCoggins
    clock: SharedClock
    log: Path
    server: Server | None
    orders: dict[str, tuple[str, int]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    parts: list[Part] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environ['PORT']}"

    def start(self, role: str) -> Part:
        command = [sys.executable, "-m", "tests.test_bad_day.process", role]
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, env=environment(**self.environ), stdout=log, stderr=log, start_new_session=True)
        part = Part(role, process)
        self.parts.append(part)
        return part

    def kill(self, role: str) -> None:
        """Kill (-9) the oldest part of a role and start another in its place."""
        part = next(part for part in self.parts if part.role == role)
        part.kill()
        self.parts.remove(part)
        self.told[f"killed: {role}"] += 1
        self.start(role)

    def kill_worker_of_run(self) -> None:
        """Kill (-9) the worker under `run`, which then ends all, as it should; start it again, as an operator's system would."""
        [run] = self.parts
        os.kill(child_running(run.process.pid, "worker"), signal.SIGKILL)
        assert run.process.wait(PATIENCE_SECONDS) == 1
        self.parts.remove(run)
        self.told["killed: worker under run"] += 1
        self.start("run")

    def pay(self, number: int) -> None:
        """Place and pay an order: a guest's, who gets a claim, or a member's, who is credited at once."""
        is_member = number % 2 == 0
        # Members come back, and so their credits wait in line; each guest is another.
        email = f"member{number % 60}@example.com" if is_member else f"guest{number}@example.com"
        points = 20 + number % 50
        order_id = self.saleor.shop.place_order(str(points), email=email, is_registered=is_member)
        self.saleor.till.charge(order_id, str(points))
        self.orders[order_id] = (email, points)

    def refund(self, order_id: str, points: int) -> None:
        email, before = self.orders[order_id]
        self.saleor.till.refund(order_id, str(points))
        self.orders[order_id] = (email, before - points)

    def deliver_during(self, incident: Callable[[], None]) -> None:
        """Deliver all that is queued, and let the incident happen in the middle of it. Saleor tries again, once."""
        before, half = len(self.saleor.deliveries.sent), len(self.saleor.deliveries.queued) // 2
        delivering = threading.Thread(target=lambda: self.saleor.deliveries.deliver(workers=4))
        delivering.start()
        self.wait_for("half of the deliveries", lambda: len(self.saleor.deliveries.sent) - before >= half)
        incident()
        delivering.join()
        self.wait_for("web answers", self._web_answers)
        retried = self.saleor.deliveries.retry_failed()
        self.told["deliveries tried again"] += len(retried)

    def database_away(self) -> None:
        """Stop the server under everything that runs, and start it again once somebody has been told."""
        if self.server is None:
            return
        self.server.stop()
        self.wait_for("an answer 503", lambda: self._status("/readyz") == 503)
        self.server.start()
        self.told["PostgreSQL stopped and started"] += 1

    def take(self, order_id: str) -> None:
        """Open the order's link, press its button, and take the claim that the link leads to from then on."""
        link = f"{self.url}/orders/{self.store().slug}"
        pressed = requests.post(link, params={"o": order_id}, timeout=PATIENCE_SECONDS)
        assert pressed.status_code == 200, pressed.status_code
        leads_to = requests.get(link, params={"o": order_id}, allow_redirects=False, timeout=PATIENCE_SECONDS)
        assert leads_to.status_code == 303, leads_to.status_code
        self.coggins.take(leads_to.headers["Location"].rsplit("/", 1)[1])
        self.taken.add(order_id)

    def wait_for(self, what: str, is_so: Callable[[], bool]) -> None:
        """Wait, on the machine's clock, for what the processes do on theirs."""
        wait_until(is_so, what=what)

    def store(self) -> StoreRow:
        with self.services.database.reading() as session:
            return session.exec(select(StoreRow)).one()

    def unsettled(self) -> list[OrderRow | str]:
        """Give the orders that are not where they must end; of those that the app has not heard of, the id."""
        with self.services.database.reading() as session:
            rows = {row.saleor_order_id: row for row in session.exec(select(OrderRow))}
        return [
            rows.get(order_id, order_id)
            for order_id, (_, points) in self.orders.items()
            if order_id not in rows or rows[order_id].granted != points or rows[order_id].due != points
        ]

    def settle(self) -> None:
        """Move the time, step by step, until all is found out with no one's help but what is for staff."""
        for _ in range(STEPS_MAX):
            if not self.unsettled() and not self._open_movements():
                return
            self.clock.advance(minutes=6)
            moment = self.clock()
            self.wait_for("a sweep", lambda at=moment: (self.store().swept_at or at) > at)  # type: ignore[misc]  # bound as it is now
            self.wait_for("quiet", lambda: self._waiting() == 0)
            self._be_staff()
        raise AssertionError(f"not settled: {self.unsettled()}; open: {self._open_movements()}")

    def instants_accepted(self) -> Counter[Instant]:
        """Count the INSTANTs that our books say have happened."""
        with self.services.database.reading() as session:
            query = select(MovementRow).where(col(MovementRow.kind).in_(INSTANTS), MovementRow.state == MovementState.ACCEPTED)
            return Counter(Instant(movement.email.casefold(), movement.points) for movement in session.exec(query))

    def _be_staff(self) -> None:
        """Say of each INSTANT that was left for staff what the provider's books say of it."""
        with self.services.database.reading() as session:
            left = list(session.exec(select(MovementRow).where(col(MovementRow.is_for_staff), MovementRow.ended_at == None)))  # noqa: E711 - SQL
        for movement in left:
            known = self.instants_accepted()
            one = Instant(movement.email.casefold(), movement.points)
            happened = Counter(self.coggins.books().instants)[one] > known[one]
            resolve_movement(self.services, UUID(str(movement.id)), happened=happened, who="test")
            self.told["left for staff"] += 1

    def _open_movements(self) -> list[MovementRow]:
        states = (MovementState.PLANNED, MovementState.SENDING, MovementState.UNKNOWN)
        with self.services.database.reading() as session:
            query = select(MovementRow).where(col(MovementRow.state).in_(states), col(MovementRow.kind).in_(INSTANTS))
            return list(session.exec(query))

    def _waiting(self) -> int:
        with self.services.database.reading() as session:
            waiting = select(func.count()).select_from(OrderRow).where(col(OrderRow.look_at) <= self.clock())
            return session.exec(waiting).one()

    def _web_answers(self) -> bool:
        return self._status("/readyz") == 200

    def _status(self, path: str) -> int:
        try:
            return requests.get(f"{self.url}{path}", timeout=PATIENCE_SECONDS).status_code
        except requests.RequestException:
            return 0


@contextmanager
def open_ordeal(
    url: str, folder: Path, key: SigningKey, roles: tuple[str, ...], server: Server | None = None
) -> Iterator[Ordeal]:
    """Start the app's parts beside a Saleor and a Coggins, and install it."""
    clock_file = folder / "clock"
    clock_file.write_text("0")
    clock = SharedClock(clock_file)
    with StandInSaleor(clock, key=key) as saleor, StandInCoggins(clock, unknown_email="zeros") as coggins:
        environ = {
            "DATABASE_URL": url,
            "SECRET_KEY": "a secret of an ordeal",
            "PORT": str(free_port()),
            "POINTS_API_URL": coggins.url,
            "POINTS_API_KEY": coggins.key,
        }
        services = build_services(load_settings(environ), clock=clock)
        ordeal = Ordeal(environ | {"CLOCK_FILE": str(clock_file)}, services, saleor, coggins, clock, folder / "log", server)
        try:
            for role in roles:
                ordeal.start(role)
            ordeal.wait_for("web answers", ordeal._web_answers)
            # A machine with too much to do answers the app's own question too late: who installs presses the button again.
            ordeal.wait_for("the app is installed", lambda: saleor.install(f"{ordeal.url}/api/manifest").ok)
            with services.database.writing() as session:
                session.execute(text("UPDATE rule SET award = 'auto'"))
            yield ordeal
        finally:
            for part in ordeal.parts:
                part.end()
            services.database.close()
