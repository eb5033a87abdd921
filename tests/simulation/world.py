"""One history being played: a shop, a provider and the app, on one clock, and what is known of them by looking inside."""

import heapq
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import requests
from sqlalchemy import bindparam, exists, or_, text, update
from sqlmodel import col, select

from app.db.columns import UtcTime
from app.db.tables import (
    ChangeBatchRow,
    CustomerMoveRow,
    MovementRow,
    OrderRow,
    RedemptionRow,
    RedemptionUseRow,
    RuleRow,
    SpendRow,
    SpendRuleRow,
    StoreRow,
)
from app.db.tables.customer_move import UNDER_WAY
from app.domain.settlement import MovementState
from app.sealing import fingerprint
from app.usecases.services import Services
from tests.clock import START
from tests.simulation.effects import CALL_SECONDS, Died
from tests.simulation.purses import Purses
from tests.simulation.rig import API_KEY, API_KEYS, APP_URL, OTHER_KEY, PROVIDER_PORT, STAFF, WEBS, WORKERS, Rig, repeatable
from tests.simulation.shops import Installed, Shop
from tests.simulation.staff_book import StaffBook
from tests.simulation.steps import Fate, Mishap, RuleSetup, Setup, SpendSetup, Step
from tests.standins.coggins import StandInCoggins
from tests.standins.coggins.api import parsed
from tests.standins.coggins.standin import INSTANT_PATH
from tests.standins.saleor import Delivery
from tests.standins.saleor.gift_cards import GiftCard
from tests.standins.saleor.orders import Order
from tests.standins.serving import Answer, Request, json_answer

DELIVERY_RETRIES = 5

_LEASES = select(col(OrderRow.id), col(OrderRow.lease_token)).where(col(OrderRow.lease_token).is_not(None))
_MOVEMENTS_OF_CALL = (
    select(col(MovementRow.id)).where(col(MovementRow.call_id) == bindparam("call_id")).order_by(col(MovementRow.position))
)
_BATCHES_AT_WORK = exists().where(col(ChangeBatchRow.look_at) <= bindparam("now", type_=UtcTime()))
_WORK = select(
    or_(exists().where(col(OrderRow.look_at) <= bindparam("now", type_=UtcTime())), _BATCHES_AT_WORK),
    exists().where(
        col(MovementRow.order_id).is_(None),
        col(MovementRow.state).in_((MovementState.PLANNED, MovementState.SENDING, MovementState.UNKNOWN)),
    ),
    exists().where(col(CustomerMoveRow.state).in_(UNDER_WAY)),
    exists().where(col(SpendRow.look_at) <= bindparam("now", type_=UtcTime()))
    | exists().where(col(RedemptionRow.look_at) <= bindparam("now", type_=UtcTime()), col(RedemptionRow.stage) != "asked")
    | exists().where(col(RedemptionUseRow.look_at) <= bindparam("now", type_=UtcTime())),
)
_PAID = select(col(RedemptionRow.stage)).where(col(RedemptionRow.code_mark) == bindparam("mark"))
PROMPT = (Fate(),)
Play = Callable[["World", Step], None]


class Violation(BaseException):
    """What must never be, and is. No handler of the app may see it."""


@dataclass
class TillSpend:
    """What a customer paid at a till, and who holds that customer's points by now."""

    id: UUID
    purse: str
    holder: str
    points: int
    given_back: int = 0

    @property
    def left(self) -> int:
        return self.points - self.given_back


@dataclass
class PointsPayment:
    """A payment by points that a storefront asked for: of whose checkout or order, and who called."""

    shop: Shop
    # A checkout, or an order that was not paid.
    source_id: str
    key: str
    user: str
    payer: str | None
    asked: Decimal | None
    transaction_id: str = ""


@dataclass
class RewardTaken:
    """A reward that a storefront asked for, for whom, and the code that it was shown."""

    shop: Shop
    reward_id: int
    email: str
    key: str
    reference: UUID | None = None
    code: str = ""
    # The carts into which the code was typed.
    carts: list[str] = field(default_factory=list)


@dataclass
class Truth:
    """What really happened, whatever the app knows of it."""

    # How often the provider did each INSTANT of ours, by the movement's id.
    done: Counter[UUID] = field(default_factory=Counter)
    # What others did to balances, by ledger and folded e-mail.
    by_others: Counter[tuple[str, str]] = field(default_factory=Counter)
    # Balances that another client changed, while a balance was all that told of a shown claim.
    disturbed: set[tuple[str, str]] = field(default_factory=set)
    # What staff gave to each order, or asked to take, in order.
    staff: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    # Addresses of claims that shoppers have seen, by order.
    links: dict[str, list[str]] = field(default_factory=dict)
    left_for_staff: set[UUID] = field(default_factory=set)
    # Orders that the app had read before an edit forgot what gift cards paid.
    cards_read: set[str] = field(default_factory=set)
    at_tills: list[TillSpend] = field(default_factory=list)
    payments: list[PointsPayment] = field(default_factory=list)
    rewards: list[RewardTaken] = field(default_factory=list)
    # Gift cards that staff deleted, as they were then, by code.
    deleted_cards: dict[str, GiftCard] = field(default_factory=dict)


class World:
    """Play a history's steps; `kinds.py` says how each is played."""

    def __init__(self, rig: Rig, setup: Setup, act_on: Callable[["World", Step], None]) -> None:
        self.rig, self.setup, self._act_on = rig, setup, act_on
        self.clock = rig.clock
        self.clock.now = START
        rig.begin(setup.shops)
        self.shops = [Shop.opened(rig, number) for number in range(setup.shops)]
        for shop in self.shops:
            shop.saleor.apps.call = self._call_as_saleor
        self.coggins = StandInCoggins(
            self.clock,
            below_zero=setup.below_zero,  # type: ignore[arg-type]  # one of the three
            unknown_email=setup.unknown_email,  # type: ignore[arg-type]  # one of the two
            instant_answer=setup.instant_answer,  # type: ignore[arg-type]  # one of the four
            honours_idempotency=setup.honours_idempotency,
            key=API_KEY,
        )
        self.coggins.server.port = PROVIDER_PORT
        self.coggins.add_key(OTHER_KEY)
        self.purses = Purses(self)
        self.truth = Truth()
        self.staff = StaffBook()
        self.orders: list[str] = []
        # Those that staff began and have not placed: the oldest first.
        self.drafts: list[str] = []
        self.homes: dict[str, Shop] = {}
        self.sent: list[Delivery] = []
        self.played: list[Step] = []
        self.counts: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.away_until: dict[str, datetime] = {}
        self.secrets = 0
        self._agenda: list[tuple[datetime, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
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
        self.go_on_until(self.clock.now)
        if held and self.clock.now - began <= timedelta(seconds=CALL_SECONDS):
            still_held = self.leases()
            taken = [order for order, lease in held.items() if still_held.get(order) != lease]
            if taken:
                raise Violation("an order was taken by another worker while the first one's call was still in its time")

    def leases(self) -> dict[int, str]:
        """Give the orders that are in hand, each with the token of its lease."""
        return dict(self.rig.ground.look(_LEASES))

    # The outside.

    def mend_keys(self) -> None:
        """Let the provider take all keys again."""
        for key in API_KEYS:
            self.coggins.restore_key(key)

    def is_away(self, service: str) -> bool:
        until = self.away_until.get(service)
        return until is not None and until > self.clock.now

    def shop_at(self, port: int | None) -> Shop | None:
        """Find the shop that listens on a port."""
        return next((shop for shop in self.shops if shop.saleor.server.port == port), None)

    def act(self, shop: Shop | None, request: Request) -> Answer:
        """Let a shop's Saleor, or else the provider, do what it is asked, and note which INSTANTs really happened."""
        if shop is not None:
            if shop.lag is not None:
                shop.restore_lag(self.clock.now)
            answer = shop.saleor._handle(request)
            self._watch_codes(shop)
            return answer
        instant = INSTANT_PATH.fullmatch(request.path)
        if instant is None or instant[1] not in API_KEYS:
            return self.coggins._handle(request)
        asked = self._movements_of_call(request)
        before = len(self.coggins.books(instant[1]).instants)
        answer = self.coggins._handle(request)
        done = list(self.coggins.books(instant[1]).instants[before:])
        for movement_id, item in zip(asked, parsed(request.body), strict=True):
            if done and (done[0].email, done[0].amount) == (item["email"].strip().casefold(), item["amount"]):
                done.pop(0)
                self.truth.done[movement_id] += 1
                self.counts["INSTANTs done"] += 1
        return answer

    def _watch_codes(self, shop: Shop) -> None:
        """See that no code comes into the world before its points were taken, nor after they went back."""
        for code in shop.new_codes():
            found = self.rig.ground.look(_PAID, mark=fingerprint(code))
            if not found or found[0][0] not in {"taken", "withdrawing", "given"}:
                raise Violation(f"a code was made whose points are not taken: {found}")
            self.counts["codes made"] += 1

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
        """Decide what becomes of each delivery that the last change in a shop queued."""
        queued = [delivery for shop in self.shops for delivery in shop.saleor.deliveries.hold()]
        for number, delivery in enumerate(queued):
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

    # The stores.

    def shop(self, number: int) -> Shop:
        """Choose one of the shops."""
        return self.shops[number % len(self.shops)]

    def order(self, order_id: str) -> Order:
        """Give an order as its shop has it now."""
        return self.homes[order_id].saleor.book[order_id]

    def _install(self) -> None:
        installed = self.rig.installed.get(len(self.shops))
        if installed is None:
            with repeatable(0):
                installed = self.rig.installed[len(self.shops)] = Installed.by_handshake(self.rig, self.shops)
        installed.put_back(self.shops, self.clock)
        with self.rig.database.writing() as session:
            setup = self.setup
            limits = {"staff_change_max": setup.change_max, "staff_day_max": setup.day_max}
            session.execute(update(StoreRow).values(debt_policy=setup.debt_policy, claim_link=setup.claim_link, **limits))
            for rule in session.exec(select(RuleRow)):
                _write_rule(rule, self.setup.rule)
                session.add(rule)
                self.shops[rule.store_id - 1].rules.append((rule.in_force_from, self.setup.rule))

        if self.setup.spend_rule is not None:
            for shop in self.shops:
                self.add_spend_rule(shop, self.setup.spend_rule)
                shop.open_payments(APP_URL)
        if self.setup.rewards is not None:
            for shop in self.shops:
                shop.offer_rewards(self.rig.database, self.setup.rewards, self.clock())
                shop.permit_codes()

    def add_spend_rule(self, shop: Shop, setup: SpendSetup) -> None:
        """Edit how points pay in a shop: a new version, in force from now on."""
        row = SpendRuleRow(store_id=shop.store_id, in_force_from=self.clock(), created_by="Ann", **asdict(setup))
        with self.rig.database.writing() as session:
            session.add(row)

    def add_rule(self, shop: Shop, setup: RuleSetup) -> None:
        """Edit a store's rule: a new version, in force from now on."""
        now = self.clock()
        with self.rig.database.writing() as session:
            rule = RuleRow(store_id=shop.store_id, in_force_from=now)
            _write_rule(rule, setup)
            session.add(rule)
        shop.rules.append((now, setup))

    def reinstall(self, shop: Shop) -> None:
        """Remove the app, if it is there, and install it again."""
        for app in shop.saleor.apps.installed.values():
            if not app.is_removed:
                shop.saleor.apps.uninstall(app.id)
        self.send_events(PROMPT)
        self.go_on_until(self.clock.now)
        shop.saleor.install(f"{APP_URL}/api/manifest")
        if self.setup.spend_rule is not None:
            shop.open_payments(APP_URL)
        if self.setup.rewards is not None:
            shop.permit_codes()

    def order_row(self, order_id: str) -> OrderRow | None:
        with self.rig.database.reading() as session:
            return session.exec(select(OrderRow).where(OrderRow.saleor_order_id == order_id)).first()

    def has_read(self, order_id: str) -> bool:
        """Tell whether the app has read an order, and written down what it read."""
        row = self.order_row(order_id)
        return row is not None and row.read_at is not None

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
    row.include_tax, row.exclude_gift_cards, row.count_returned = (
        setup.include_tax,
        setup.exclude_gift_cards,
        setup.count_returned,
    )
