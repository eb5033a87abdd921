"""The merchant's overview, and the home widget, which reads the same: beside a thousand customers and claims, and a million."""

import time
from statistics import median

from app.usecases.merchants.see_overview import see_overview
from app.usecases.operating.housekeeping import fold_totals
from app.usecases.services import Services
from tests.bench.filling import fill_customers, fill_open_claims
from tests.bench.intake import add_stores
from tests.bench.store import STORE_ID, services_of
from tests.bench.table import Row
from tests.standins.saleor.keys import SigningKey

LOOKS = 20


def overview(name: str, urls: tuple[str, str], key: SigningKey, *, counts: tuple[int, int], turns: int) -> Row:
    """See the overview of a store with few customers and open claims, and of one with many."""
    add_stores(urls, key)
    small, big = (_filled(url, count) for url, count in zip(urls, counts, strict=True))
    ratios, times = [], []
    for turn in range(turns + 1):
        few, many = _seconds(small), _seconds(big)
        # The first turn warms both.
        if turn:
            ratios.append(few / many)
            times.append((many * 1e3, few * 1e3))
    many, few = (median(side) for side in zip(*times, strict=True))
    for services in (small, big):
        services.database.close()
    few_of, many_of = counts
    what = f"overview with {many_of:,} customers and {many_of:,} open claims, to {few_of:,}"
    return Row(what, name, median(ratios), 0.8, f"{many:.2f} to {few:.2f} ms", spread=(min(ratios), max(ratios)))


def _filled(url: str, count: int) -> Services:
    services = services_of(url)
    fill_customers(services.database, count)
    fill_open_claims(services.database, count)
    while fold_totals(services):
        pass
    return services


def _seconds(services: Services) -> float:
    """Give the seconds of one look, of several."""
    started = time.perf_counter()
    for _ in range(LOOKS):
        see_overview(services, STORE_ID)
    return (time.perf_counter() - started) / LOOKS
