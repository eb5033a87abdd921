"""What Saleors told this process of the prices of variants, remembered for a minute: many shoppers look at the same page."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from app.saleor.basket_reads import VariantPrice

REMEMBERED_FOR = timedelta(minutes=1)
REMEMBERED_MAX = 10_000
# A store and a channel.
Place = tuple[int, str]


class KnownPrices:
    """Those of one process, by store, channel and variant. What is not sold is remembered, too: it is as easy to ask for."""

    def __init__(self, *, remembered_max: int = REMEMBERED_MAX) -> None:
        self._max = remembered_max
        self._known: OrderedDict[tuple[Place, str], tuple[VariantPrice | None, datetime]] = OrderedDict()
        self._changing = threading.Lock()

    def get(self, place: Place, variant_ids: Collection[str], now: datetime) -> dict[str, VariantPrice | None]:
        """Give what is known of variants. None: it is not sold there."""
        with self._changing:
            found = {variant_id: self._known.get((place, variant_id)) for variant_id in variant_ids}
        return {
            variant_id: one[0]
            for variant_id, one in found.items()
            if one is not None and timedelta(0) <= now - one[1] < REMEMBERED_FOR
        }

    def add(self, place: Place, prices: Mapping[str, VariantPrice | None], now: datetime) -> None:
        """Remember prices. The oldest are forgotten where there are too many."""
        with self._changing:
            for variant_id, price in prices.items():
                self._known[place, variant_id] = (price, now)
                self._known.move_to_end((place, variant_id))
            while len(self._known) > self._max:
                self._known.popitem(last=False)

    def __len__(self) -> int:
        return len(self._known)
