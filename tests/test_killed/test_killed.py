"""Orders with their refunds, while all that can die dies: it ends exact, and nothing is doubled.

It takes minutes, so it is `make killed` that runs it, and prints what was done: KILLED_ORDERS says how many orders.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from sqlmodel import select

from app.db.tables import ClaimRow
from app.domain.claim import ClaimState
from tests.standins import faults
from tests.standins.saleor import Delivery, SigningKey
from tests.test_killed.ordeal import Ordeal, open_ordeal
from tests.test_killed.postgresql import server_of_its_own

ORDERS = int(os.environ.get("KILLED_ORDERS") or 2_000)
WAVES = 6
# Claim pages are asked for from one address, and limited.
CLAIMS_TAKEN = 20

pytestmark = pytest.mark.timeout(1800 + 5 * ORDERS)


@pytest.fixture
def on_postgresql(tmp_path: Path, signing_key: SigningKey) -> Iterator[Ordeal]:
    with server_of_its_own() as server:
        roles = ("web", "web", "worker", "worker", "worker")
        with open_ordeal(server.url, tmp_path, signing_key, roles, server) as opened:
            yield opened


@pytest.fixture
def on_sqlite(fresh_sqlite: Callable[[], str], tmp_path: Path, signing_key: SigningKey) -> Iterator[Ordeal]:
    with open_ordeal(fresh_sqlite(), tmp_path, signing_key, ("run",)) as opened:
        yield opened


def test_two_webs_and_three_workers_on_postgresql_end_exact(on_postgresql: Ordeal) -> None:
    _go_through(on_postgresql, lambda: on_postgresql.kill("worker"), lambda: on_postgresql.kill("web"))


def test_one_command_on_sqlite_ends_exact(on_sqlite: Ordeal) -> None:
    _go_through(on_sqlite, on_sqlite.kill_worker_of_run, lambda: on_sqlite.kill("run"))


def _go_through(ordeal: Ordeal, kill_worker: Callable[[], None], kill_web: Callable[[], None]) -> None:
    started = time.monotonic()
    waves = iter([range(start, min(start + -(-ORDERS // WAVES), ORDERS)) for start in range(0, ORDERS, -(-ORDERS // WAVES))])

    _pay(ordeal, next(waves))
    ordeal.deliver_during(kill_worker)
    _pay(ordeal, next(waves))
    ordeal.deliver_during(kill_web)
    _pay(ordeal, next(waves))
    ordeal.deliver_during(ordeal.database_away)
    _pay(ordeal, next(waves))
    _lose_a_third(ordeal)
    ordeal.deliver_during(kill_worker)
    _provider_is_away(ordeal, next(waves))
    ordeal.settle()

    _take_some_claims(ordeal)
    _refund_half(ordeal)
    _pay(ordeal, next(waves))
    ordeal.coggins.faults.once(faults.after_acting(faults.cut()), on="instant", times=2)
    ordeal.deliver_during(kill_worker)
    ordeal.database_away()
    kill_web()
    ordeal.settle()

    _ends_exact(ordeal)
    took = time.monotonic() - started
    print(f"\n{len(ordeal.orders)} orders, {len(ordeal.saleor.deliveries.sent)} deliveries in {took:.0f} s: {dict(ordeal.told)}")


def _pay(ordeal: Ordeal, numbers: range) -> None:
    for number in numbers:
        ordeal.pay(number)


def _lose_a_third(ordeal: Ordeal) -> None:
    """Lose all that is told of a third of the orders, as a Saleor does that gives up after five minutes."""
    unlucky = set(list(ordeal.orders)[::3])

    def is_lost(delivery: Delivery) -> bool:
        return delivery.order_id in unlucky

    ordeal.told["deliveries lost for good"] += len(ordeal.saleor.deliveries.lose(is_lost))


def _provider_is_away(ordeal: Ordeal, numbers: range) -> None:
    """Let it refuse connections while orders come in, and answer 503 to some calls once it is back."""
    _pay(ordeal, numbers)
    ordeal.deliver_during(ordeal.coggins.stop)
    ordeal.clock.advance(minutes=30)
    ordeal.coggins.faults.once(faults.status(503), on="instant")
    ordeal.coggins.start()
    ordeal.told["provider away"] += 1


def _take_some_claims(ordeal: Ordeal) -> None:
    for order_id in [order_id for order_id, (email, _) in ordeal.orders.items() if email.startswith("guest")][:CLAIMS_TAKEN]:
        ordeal.take(order_id)


def _refund_half(ordeal: Ordeal) -> None:
    """Refund every second order, some of them whole, some in two parts."""
    some = Random(1)
    for order_id, (_, points) in list(ordeal.orders.items())[::2]:
        ordeal.refund(order_id, 5)
        ordeal.refund(order_id, points - 5 if some.random() < 0.3 else 7)


def _ends_exact(ordeal: Ordeal) -> None:
    assert ordeal.unsettled() == []
    books = ordeal.coggins.books()
    # What the provider did at once is what our books say, each as often: nothing twice, nothing forgotten.
    assert Counter(books.instants) == ordeal.instants_accepted()
    expected: Counter[str] = Counter()
    for order_id, (email, points) in ordeal.orders.items():
        if email.startswith("member") or order_id in ordeal.taken:
            expected[email] += points
    held = {email: balance.available for email, balance in books.balances.items() if balance.available}
    assert held == {email: points for email, points in expected.items() if points}
    _links_keep_what_they_promise(ordeal)


def _links_keep_what_they_promise(ordeal: Ordeal) -> None:
    """Every open claim of ours is known to the provider, with just these points."""
    with ordeal.services.database.reading() as session:
        claims = list(session.exec(select(ClaimRow).where(ClaimRow.state == ClaimState.OPEN)))
    promised = {ordeal.services.sealer.open(claim.url_sealed).rsplit("/", 1)[1]: claim.points for claim in claims}
    given = {claim.token.replace("-", ""): claim.amount for claim in ordeal.coggins.books().open_claims}
    assert {token: given.get(token) for token in promised} == promised
