"""Who a Saleor said that a shopper's token belongs to, remembered for some minutes."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

# A shopper whose account is switched off meanwhile sees their own points for so much longer.
BELIEVED_FOR = timedelta(minutes=5)
REMEMBERED_MAX = 10_000


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A shopper who has shown who they are.

    Their Saleor says so of their token: confirmed, active, and no staff user. Or they signed in to the wallet with a mail to
    their address; then there is no `user_id`.
    """

    store_id: int
    store_slug: str
    user_id: str
    email: str = field(repr=False)


class ConfirmedShoppers:
    """Those of one process, by the mark of their token: a new token is asked about anew."""

    def __init__(self, *, remembered_max: int = REMEMBERED_MAX) -> None:
        self._max = remembered_max
        self._known: OrderedDict[str, tuple[SignedIn, datetime]] = OrderedDict()
        self._changing = threading.Lock()

    def get(self, token_mark: str, now: datetime) -> SignedIn | None:
        """Give whose token it is, if that was confirmed within the last minutes."""
        with self._changing:
            shopper, until = self._known.get(token_mark, (None, now))
            if shopper is None or not until - BELIEVED_FOR <= now < until:
                self._known.pop(token_mark, None)
                return None
            return shopper

    def add(self, token_mark: str, shopper: SignedIn, now: datetime, *, ends_at: datetime) -> None:
        """Remember whose token it is, for five minutes, and not beyond the token's own end."""
        with self._changing:
            self._known[token_mark] = (shopper, min(now + BELIEVED_FOR, ends_at))
            self._known.move_to_end(token_mark)
            while len(self._known) > self._max:
                self._known.popitem(last=False)
