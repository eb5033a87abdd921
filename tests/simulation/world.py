"""One history being played: a shop, a provider and the app, on one clock, and what is known of them by looking inside."""

import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import requests
from sqlalchemy import bindparam, exists, text
from sqlmodel import Session, col, select

from app.store.columns import UtcTime
from app.store.models import MovementRow, MovementState, OrderRow, RuleRow, StoreRow
from app.usecases.services import Services
from tests.clock import START
from tests.simulation.effects import CALL_SECONDS, Died
from tests.simulation.rig import API_KEY, APP_URL, PROVIDER_PORT, SALEOR_PORT, STAFF, WEBS, WORKERS, Installed, Rig, repeatable
from tests.simulation.steps import Fate, Mishap, RuleSetup, Setup, Step
from tests.standins.coggins import StandInCoggins
from tests.standins.coggins.api import parsed
from tests.standins.coggins.standin import INSTANT_PATH
from tests.standins.saleor import Delivery, StandInSaleor
from tests.standins.serving import Answer, Request, json_answer

DELIVERY_RETRIES = 5

_LEASES = select(col(OrderRow.id), col(OrderRow.lease_token)).where(col(OrderRow.lease_token).is_not(None))
_MOVEMENTS_OF_CALL = (
    select(col(MovementRow.id)).where(col(MovementRow.call_id) == bindparam("call_id")).order_by(col(MovementRow.position))
)
_WORK = select(
    exists().where(col(OrderRow.look_at) <= bindparam("now", type_=UtcTime())),
    exists().where(
        col(MovementRow.order_id).is_(None),
        col(MovementRow.state).in_((MovementState.PLANNED, MovementState.SENDING, MovementState.UNKNOWN)),
    ),
)
PROMPT = (Fate(),)


class Violation(BaseException):
    """What must never be, and is. No handler of the app may see it."""


@dataclass
class Truth:
    """What really happened, whatever the app knows of it."""

    # How often the provider did each INSTANT of ours, by the movement's id.
    done: Counter[UUID] = field(default_factory=Counter)
    # What others did to balances, by folded e-mail.
    by_others: Counter[str] = field(default_factory=Counter)
    # E-mails that another client gave points, while a balance was all that told of a shown claim.
    disturbed: set[str] = field(default_factory=set)
    adjusted: Counter[str] = field(default_factory=Counter)
    rules: list[tuple[datetime, RuleSetup]] = field(default_factory=list)
    # Claim tokens that shoppers have seen, by order.
    links: dict[str, list[str]] = field(default_factory=dict)
    # Orders whose metadata staff wiped: nothing tells us of that.
    wiped: set[str] = field(default_factory=set)
    left_for_staff: set[UUID] = field(default_factory=set)


class World:
    """Play a history's steps; `kinds.py` says how each is played."""

    def __init__(self, rig: Rig, setup: Setup, act_on: Callable[["World", Step], None]) -> None:
        self.rig, self.setup, self._act_on = rig, setup, act_on
        self.clock = rig.clock
        self.clock.now = START
        rig.begin()
        self.saleor = StandInSaleor(self.clock, key=rig.signing_key)
        self.saleor.server.port = SALEOR_PORT
        self.saleor.apps.call = self._call_as_saleor
        self.coggins = StandInCoggins(
            self.clock,
            below_zero=setup.below_zero,  # type: ignore[arg-type]  # one of the three
            unknown_email=setup.unknown_email,  # type: ignore[arg-type]  # one of the two
            instant_answer=setup.instant_answer,  # type: ignore[arg-type]  # one of the four
            honours_idempotency=setup.honours_idempotency,
            key=API_KEY,
        )
        self.coggins.server.port = PROVIDER_PORT
        self.is_embedded = rig.provider == "embedded"
        self.truth = Truth()
        self.orders: list[str] = []
        self.sent: list[Delivery] = []
        self.played: list[Step] = []
        self.counts: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.away_until: dict[str, datetime] = {}
        self.lag: datetime | None = None
        self.lag_until: datetime | None = None
        self._agenda: list[tuple[datetime, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._deadline_of_call: datetime | None = None
        rig.effects.world = self
        self._install()

    # Time.

    def later(self, seconds: int, act: Callable[[], object]) -> None:
        """Let something happen in a while."""
        heapq.heappush(self._agenda, (self.clock.now + timedelta(seconds=seconds), next(self._numbers), act))

    @property
    def next_event(self) -> datetime | None:
        return self._agenda[0][0] if self._agenda else None

    def go_on_until(self, moment: datetime) -> None:
        """Move the clock, and let happen on the way what was to happen by then."""
        while self._agenda and self._agenda[0][0] <= moment:
            due_at, _, act = heapq.heappop(self._agenda)
            self.clock.now = max(self.clock.now, due_at)
            act()
        self.clock.now = max(self.clock.now, moment)

    def play(self, step: Step) -> None:
        """Do one step."""
        self.go_on_until(self.clock.now)
        self._act_on(self, step)

    def meanwhile(self, steps: Sequence[Step], seconds: int) -> None:
        """Let others work while a process is in the middle of something.

        As long as nothing else has held it up, and this is no longer than a call may take, nobody may take its orders.
        """
        run = self.rig.effects.running[-1]
        began = self.clock.now
        is_in_time = seconds < CALL_SECONDS and run.mishaps_played == 1
        held = {order: lease for order, lease in self.leases().items() if lease not in run.others_leases} if is_in_time else {}
        self.clock.now += timedelta(seconds=seconds)
        for step in steps:
            self.play(step)
        if held and self.clock.now - began <= timedelta(seconds=CALL_SECONDS):
            still_held = self.leases()
            taken = [order for order, lease in held.items() if still_held.get(order) != lease]
            if taken:
                raise Violation("an order was taken by another worker while the first one's call was still in its time")

    def leases(self) -> dict[int, str]:
        """Give the orders that are in hand, each with the token of its lease."""
        return dict(self.rig.ground.look(_LEASES))

    # The outside.

    def is_away(self, service: str) -> bool:
        until = self.away_until.get(service)
        return until is not None and until > self.clock.now

    def restore_lag(self) -> None:
        is_over = self.lag_until is None or self.lag_until <= self.clock.now
        self.saleor.serve_orders_as_of(None if is_over else self.lag)

    def act(self, service: str, request: Request) -> Answer:
        """Let a stand-in do what it is asked, and note which INSTANTs really happened."""
        if service == "saleor":
            self.restore_lag() if self.lag is not None else None
            return self.saleor._handle(request)
        if INSTANT_PATH.fullmatch(request.path) is None:
            return self.coggins._handle(request)
        asked = self._movements_of_call(request)
        before = len(self.coggins.books().instants)
        answer = self.coggins._handle(request)
        done = list(self.coggins.books().instants[before:])
        for movement_id, item in zip(asked, parsed(request.body), strict=True):
            if done and (done[0].email, done[0].amount) == (item["email"].strip().casefold(), item["amount"]):
                done.pop(0)
                self.truth.done[movement_id] += 1
                self.counts["INSTANTs done"] += 1
        return answer

    def _movements_of_call(self, request: Request) -> list[UUID]:
        found = self.rig.ground.look(_MOVEMENTS_OF_CALL, call_id=UUID(request.headers["Idempotency-Key"]))
        return [movement_id for (movement_id,) in found]

    def half(self, answer: Answer) -> Answer:
        """Give half of an answer: half of an array, or text broken off."""
        body = parsed(answer.body)
        if isinstance(body, list) and len(body) > 1:
            return json_answer(body[: len(body) // 2], answer.status)
        return replace(answer, body=answer.body[: len(answer.body) // 2])

    def count_fault(self, how: str) -> None:
        self.faults[str(how)] += 1

    # Processes.

    def free(self, processes: Sequence[str]) -> str | None:
        """Choose a process that is not in the middle of something."""
        busy = {run.process for run in self.rig.effects.running}
        return next((process for process in processes if process not in busy), None)

    def work(self, processes: Sequence[str], mishaps: Sequence[Mishap], job: Callable[[Services], object]) -> object:
        """Let a free process do a job; None if none is free, or if it dies of it."""
        process = self.free(processes)
        if process is None:
            return None
        with self.rig.effects.run(process, mishaps):
            try:
                return job(self.rig.services[process])
            except Died:
                self.counts["deaths"] += 1
                return None

    def as_staff(self, job: Callable[[Services], object]) -> object:
        return self.work((STAFF,), (), job)

    @property
    def workers(self) -> tuple[str, ...]:
        return WORKERS

    def call_web(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, mishaps: Sequence[Mishap] = ()
    ) -> requests.Response | None:
        """Let a free web process answer; None if none is free, or if it dies."""
        process = self.free(WEBS)
        if process is None:
            return None
        with self.rig.effects.run(process, mishaps):
            try:
                answer = self.rig.call_web(process, method, url, headers, body)
            except Died:
                self.counts["deaths"] += 1
                return None
        if answer.status_code == 500:
            raise Violation(f"the web answered 500: {answer.text}")
        return answer

    def _call_as_saleor(
        self, method: str, url: str, *, headers: dict[str, str], body: bytes | None = None, **_: Any
    ) -> requests.Response:
        answer = self.call_web(method, url, headers, body)
        if answer is None:
            raise requests.ConnectionError("no web process is free")
        return answer

    # Deliveries.

    def send_events(self, fates: Sequence[Fate]) -> None:
        """Decide what becomes of each delivery that the last change of an order queued."""
        for number, delivery in enumerate(self.saleor.deliveries.hold()):
            fate = fates[number % len(fates)] if fates else PROMPT[0]
            self.counts["deliveries"] += 1
            if fate.is_lost:
                self.faults["a delivery is lost"] += 1
                continue
            if fate.is_stale and delivery.is_for_active_app():
                delivery.parcel = delivery.build(delivery)
            for copy in range(fate.copies):
                self.later(fate.delay_seconds * (copy + 1), lambda delivery=delivery: self.deliver(delivery))  # type: ignore[misc]  # bound now

    def deliver(self, delivery: Delivery, attempt: int = 0) -> None:
        """Send a delivery; after a fault of ours, again, as Saleor does."""
        if not delivery.is_for_active_app():
            return
        if delivery.parcel is None:
            delivery.parcel = delivery.build(delivery)
        if delivery not in self.sent:
            self.sent.append(delivery)
        parcel = delivery.parcel
        answer = self.call_web("POST", delivery.webhook.target_url, parcel.headers, parcel.body)
        if (answer is None or answer.status_code >= 500) and attempt < DELIVERY_RETRIES:
            self.later(10 * 2**attempt, lambda: self.deliver(delivery, attempt + 1))

    # The store.

    def _install(self) -> None:
        installed = self.rig.installed or self._install_once()
        installed.put_back(self.saleor, self.clock)
        with self.rig.database.writing() as session:
            store = session.exec(select(StoreRow)).one()
            store.debt_policy, store.claim_link = self.setup.debt_policy, self.setup.claim_link
            session.add(store)
            rule = session.exec(select(RuleRow)).one()
            _write_rule(rule, self.setup.rule)
            session.add(rule)
            self.truth.rules.append((rule.in_force_from, self.setup.rule))

    def _install_once(self) -> Installed:
        """Install by the real handshake, and let every history begin with that."""
        with repeatable(0):
            result = self.saleor.install(f"{APP_URL}/api/manifest")
        if not result.ok:
            raise Violation(f"not installed: {result.message}")
        return self.rig.keep(self.saleor.apps.installed)

    def add_rule(self, setup: RuleSetup) -> None:
        """Edit the rule: a new version, in force from now on."""
        now = self.clock()
        with self.rig.database.writing() as session:
            rule = RuleRow(store_id=self.store(session).id or 0, in_force_from=now)
            _write_rule(rule, setup)
            session.add(rule)
        self.truth.rules.append((now, setup))

    def reinstall(self) -> None:
        """Remove the app, if it is there, and install it again."""
        for app in self.saleor.apps.installed.values():
            if not app.is_removed:
                self.saleor.apps.uninstall(app.id)
        self.send_events(PROMPT)
        self.go_on_until(self.clock.now)
        self.saleor.install(f"{APP_URL}/api/manifest")

    @property
    def app_id(self) -> str:
        return next(app.id for app in reversed(self.saleor.apps.installed.values()) if not app.is_removed)

    def store(self, session: Session) -> StoreRow:
        return session.exec(select(StoreRow)).one()

    def order_row(self, order_id: str) -> OrderRow | None:
        with self.rig.database.reading() as session:
            return session.exec(select(OrderRow).where(OrderRow.saleor_order_id == order_id)).first()

    def rows(self, query: str) -> Sequence[Any]:
        return self.rig.ground.look(text(query))

    def has_work(self) -> bool:
        """Tell whether an order's time to be looked at has come, or staff asked something for a customer."""
        return any(self.rig.ground.look(_WORK, now=self.clock.now)[0])


def _write_rule(row: RuleRow, setup: RuleSetup) -> None:
    row.points_per_unit, row.award, row.award_when = setup.points_per_unit, setup.award, setup.award_when
    row.hold_days, row.expires_days, row.bind_email = setup.hold_days, setup.expires_days, setup.bind_email
    row.include_shipping, row.minimum_total = setup.include_shipping, setup.minimum_total
    row.maximum_points, row.is_active = setup.maximum_points, setup.is_active
