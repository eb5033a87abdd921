"""This app as the client of itself: with the echoed Idempotency-Key, no lost answer leaves anything unknown."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
import requests

from app.domain.claim import Balance
from app.domain.settlement import MovementState
from app.domain.store import AccountKind
from app.providers.coggins.http import CogginsProvider
from app.providers.protocol import Accepted, Ask, AskKind, Unknown
from app.usecases.operating.change_account import change_account
from tests.clock import MovableClock
from tests.served_points import TIMEOUT, ServedPoints
from tests.standins import faults
from tests.standins.faults import Fault, FaultPlan
from tests.standins.saleor import StandInSaleor
from tests.standins.serving import Answer, LocalServer, Request
from tests.test_settling.test_provider_faults import make_instant
from tests.test_settling.test_refunds import ADA, paid_order, refund
from tests.world import World, open_world

LOST = {
    "cut": faults.after_acting(faults.cut()),
    "cut in the middle": faults.cut_in_the_middle(),
    "a proxy's 502": faults.after_acting(faults.html(502)),
    "no JSON": faults.after_acting(faults.not_json()),
}


class Line:
    """What lies between client and server: it passes requests on, and loses answers on demand."""

    def __init__(self, served: ServedPoints) -> None:
        self.faults = FaultPlan()
        self.passed = 0
        self._served = served
        self.server = LocalServer(lambda request: self.faults.play(request.method, lambda: self._pass_on(request)))

    def _pass_on(self, request: Request) -> Answer:
        self.passed += 1
        sent = {name: value for name, value in request.headers.items() if name in {"Idempotency-Key", "Content-Type"}}
        answer = requests.request(
            request.method,
            f"{self._served.url}{request.path}",
            params=request.query,
            data=request.body,
            headers=sent,
            timeout=TIMEOUT,
        )
        kept = tuple((name, answer.headers[name]) for name in ("Idempotency-Key",) if name in answer.headers)
        return Answer(answer.status_code, answer.content, answer.headers["Content-Type"], kept)


@pytest.fixture
def line(api: ServedPoints) -> Iterator[Line]:
    opened = Line(api)
    opened.server.start()
    yield opened
    opened.server.stop()


@pytest.fixture
def world(
    fresh_sqlite: Callable[[], str], clock: MovableClock, saleor: StandInSaleor, api: ServedPoints, line: Line
) -> Iterator[World]:
    """A shop whose app keeps its points at the served API. It has learned that the API echoes its keys."""
    with open_world(fresh_sqlite(), clock, saleor) as opened:
        opened.install()
        change_account(opened.services, opened.store().slug, kind=AccountKind.COGGINS, url=line.server.url, key=api.key)
        paid_order(opened)
        yield opened


@pytest.mark.parametrize("kind", [AskKind.CLAIM, AskKind.INSTANT])
@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
def test_the_same_call_again_is_answered_as_the_lost_one_was(
    api: ServedPoints, line: Line, clock: MovableClock, kind: AskKind, fault: Fault
) -> None:
    provider, call_id, asks = CogginsProvider(line.server.url, api.key), uuid4(), [Ask(uuid4(), 5, ADA), Ask(uuid4(), 6, ADA)]
    line.faults.once(fault, on="POST")

    lost = provider.ask(kind, asks, call_id=call_id, now=clock())
    again = [provider.ask(kind, asks, call_id=call_id, now=clock()) for _ in range(2)]

    # Any 2xx to an INSTANT means that it was done, as its answer is not documented.
    if not (kind is AskKind.INSTANT and fault is LOST["no JSON"]):
        assert isinstance(lost, tuple)
        assert all(isinstance(outcome, Unknown) for outcome in lost)
    assert again[0] == again[1]
    assert all(isinstance(outcome, Accepted) for outcome in again[0])  # type: ignore[union-attr]  # a tuple, or this fails
    assert len(api.stored_claims()) == (2 if kind is AskKind.CLAIM else 0)
    assert api.stored_balance(ADA) == Balance(0 if kind is AskKind.CLAIM else 11, 0)


def lose(world: World, line: Line) -> None:
    """Lose the next answer after the server acted."""
    line.faults.once(LOST["cut"], on="POST")


def test_a_lost_credit_is_settled_without_staff_and_given_once(world: World, line: Line, api: ServedPoints) -> None:
    make_instant(world)
    lose(world, line)
    order_id = paid_order(world)

    world.clock.advance(minutes=30)
    world.settle()

    assert [movement.state for movement in world.movements(order_id)] == [MovementState.ACCEPTED]
    assert world.order(order_id).granted == 100
    assert api.stored_balance(ADA).available == 100


def test_a_lost_debit_is_settled_without_staff_and_taken_once(world: World, line: Line, api: ServedPoints) -> None:
    make_instant(world)
    order_id = paid_order(world)
    lose(world, line)
    refund(world, order_id, "40")

    world.clock.advance(minutes=30)
    world.settle()

    assert {movement.state for movement in world.movements(order_id)} == {MovementState.ACCEPTED}
    assert world.order(order_id).granted == 60
    assert api.stored_balance(ADA).available == 60


def test_a_lost_claim_is_settled_without_staff_and_has_one_link(world: World, line: Line, api: ServedPoints) -> None:
    lose(world, line)
    order_id = paid_order(world)

    world.clock.advance(minutes=30)
    world.settle()

    # The same call brings the lost one's link, so no second claim is left over beside the first order's and this one's.
    assert [movement.state for movement in world.movements(order_id)] == [MovementState.ACCEPTED]
    assert len(api.stored_claims()) == 2
    assert not any(movement.is_for_staff for movement in world.movements(order_id))
    assert world.order(order_id).granted == 100
    link = world.follow(order_id).headers["Location"]
    assert requests.post(f"{api.url}/claim/points/{link.rsplit('/', 1)[1]}", timeout=TIMEOUT).status_code == 200
    assert api.stored_balance(ADA).available == 100
