"""An entry that was just written, and the lots that it makes."""

from datetime import datetime
from typing import NamedTuple

from app.db.tables.points_entry import EntryKind
from app.domain.lots import Lot


class Posted(NamedTuple):
    """An entry that stands in the ledger, as far as lots need it.

    `undoes_id` is the entry whose points it takes back or gives again. `ends` is the day that an import said. `moved` are the
    lots that a moved customer brings along.
    """

    id: int
    customer_id: int
    kind: EntryKind
    amount: int
    available_after: int
    spend_id: int | None = None
    undoes_id: int | None = None
    ends: datetime | None = None
    moved: tuple[Lot, ...] = ()


class NewLot(NamedTuple):
    """A lot that is to be made. The fields are the table's."""

    customer_id: int
    entry_id: int
    origin_id: int
    policy_id: int | None
    ends: datetime | None
    points: int
