"""Keep the lease of a whole batch while it waits for the outside."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from app.db.queue import PROLONGED_AFTER, keep_lease
from app.usecases.services import Services


@dataclass
class LeaseKeeper:
    """Prolongs the lease of a batch before each call to the outside, so that it holds until the call's deadline.

    A call takes 20 seconds at most, and a lease 60. So it is enough to prolong it every ten seconds. Threads share this.
    """

    services: Services
    token: str
    order_ids: Collection[int]
    kept_at: datetime
    _keeping: Lock = field(default_factory=Lock)

    def __call__(self) -> None:
        with self._keeping:
            now = self.services.clock()
            if timedelta(0) <= now - self.kept_at < PROLONGED_AFTER:
                return
            # That a lease was prolonged may be lost with the machine's power.
            with self.services.database.writing(durable=False) as session:
                keep_lease(session, self.token, self.order_ids, now)
            self.kept_at = now
