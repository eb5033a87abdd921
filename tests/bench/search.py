"""The search for orders by a part of the address, and the list of customers: beside a million of each."""

import time
from collections.abc import Callable
from datetime import date
from statistics import median

from app.usecases.merchants.list_customers import CustomerQuestion, CustomerSort, list_customers
from app.usecases.merchants.list_orders import Question, list_orders
from app.usecases.services import Services
from tests.bench.filling import fill_known_customers, fill_orders
from tests.bench.intake import add_stores
from tests.bench.store import STORE_ID, services_of
from tests.bench.table import Row
from tests.standins.saleor.keys import SigningKey

GOAL_MS = 100
_A_DAY = date(2026, 2, 1)
# They find one of a million shoppers, some thousand, all, and some hundred thousand.
SEARCHES = ("shopper4321@", "shopper99", "example.com", "example shopper5")
LISTS = (
    ("by activity", CustomerQuestion()),
    ("by balance, of a type that few have", CustomerQuestion(sort=CustomerSort.BALANCE, customer_type="nobody's")),
    ("by waiting, without activity since", CustomerQuestion(sort=CustomerSort.WAITING, idle_since=_A_DAY)),
)


def search(name: str, url: str, key: SigningKey, *, rows: int, turns: int) -> list[Row]:
    """Measure how long the first page of each search, and of each list, takes."""
    add_stores([url], key)
    services = services_of(url)
    fill_orders(services.database, rows)
    fill_known_customers(services.database)
    orders = [_milliseconds(_order_search(services, words), turns) for words in SEARCHES]
    lists = [_milliseconds(_customer_list(services, question), turns) for _, question in LISTS]
    services.database.close()
    return [
        _row(f"orders of {rows:,} found by a part of the address", name, orders, SEARCHES),
        _row(f"a page of {rows:,} customers", name, lists, [what for what, _ in LISTS]),
    ]


def _row(what: str, name: str, times: list[float], parts: list[str] | tuple[str, ...]) -> Row:
    figures = ", ".join(f"{part}: {ms:.1f}" for part, ms in zip(parts, times, strict=True))
    return Row(what, name, max(times), GOAL_MS, figures, at_most=True, unit=" ms")


def _milliseconds(look: Callable[[], None], turns: int) -> float:
    """Give the milliseconds of one look, the median of several after the first."""
    look()
    times = []
    for _ in range(turns):
        started = time.perf_counter()
        look()
        times.append((time.perf_counter() - started) * 1e3)
    return median(times)


def _order_search(services: Services, words: str) -> Callable[[], None]:
    def look() -> None:
        assert list_orders(services, STORE_ID, Question(search=words), time_zone="UTC").orders

    return look


def _customer_list(services: Services, question: CustomerQuestion) -> Callable[[], None]:
    def look() -> None:
        list_customers(services, STORE_ID, question, time_zone="UTC")

    return look
