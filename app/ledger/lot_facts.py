"""What a replay of lots reads: entries, the lots and uses that stand beside them, and the versions of the policy."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from app.domain.days import end_of_nth_day
from app.domain.expiry_policy import GRACE_DAYS, ExpiryPolicy, PolicyKind
from app.domain.lots import Use
from app.domain.moments import CLOCKS_AGREE_WITHIN

# An entry has the moment at which its request began. It may have waited for locks while staff changed the policy, and the clocks
# of two machines differ.
_POLICY_MAY_BE_READ_WITHIN = timedelta(minutes=5) + CLOCKS_AGREE_WITHIN


class SourceUse(NamedTuple):
    """What an entry that took points used of a lot, what that lot was, and how much the entry took in all."""

    lot_id: int
    customer_id: int
    origin_id: int
    policy_id: int | None
    ends: datetime | None
    points: int
    taken: int = 0


@dataclass(frozen=True, slots=True)
class LotSource:
    """What an entry gives back, or brings along: the uses of the entry that took it, in their order, and what came before.

    `giver_active_at` is for a moved customer: when the old address was last active.
    """

    uses: tuple[SourceUse, ...] = ()
    taken: int = 0
    back_before: int = 0
    giver_active_at: datetime | None = None


class Spend(NamedTuple):
    """The payment of which an entry is a part."""

    id: int
    customer_id: int
    points: int
    created_at: datetime


class Fact(NamedTuple):
    """One entry. Lots follow from entries and the policy's versions; only an imported last day is taken from the stored lot."""

    id: int
    kind: str
    amount: int
    created_at: datetime
    spend: Spend | None
    undoes_id: int | None
    source: LotSource | None


class StoredLot(NamedTuple):
    """A lot as the table has it."""

    id: int
    customer_id: int
    origin_id: int
    policy_id: int | None
    ends: datetime | None
    points: int


class Written(NamedTuple):
    """What stands in the tables beside an entry: the lots that it made, and what it used of lots or gave back to them."""

    lots: Sequence[StoredLot]
    uses: Sequence[Use]


class RecordedPolicy(NamedTuple):
    """A version of a store's policy."""

    id: int
    says: ExpiryPolicy
    in_force_from: datetime


@dataclass(frozen=True, slots=True)
class Versions:
    """All versions of a store's policy, oldest first."""

    all: tuple[RecordedPolicy, ...]
    time_zone: str

    def says(self, policy_id: int) -> ExpiryPolicy | None:
        return next((one.says for one in self.all if one.id == policy_id), None)

    def grace_ends(self, policy_id: int | None, now: datetime) -> datetime:
        policy = None if policy_id is None else self.says(policy_id)
        return end_of_nth_day(now, GRACE_DAYS, self.time_zone) if policy is None else policy.grace_ends(now)

    def possible_at(self, moment: datetime) -> list[RecordedPolicy | None]:
        """Give the versions by which an entry of a moment may have been written, the likeliest first. None: points stay."""
        at = self._newest(moment)
        others = {self._newest(moment - _POLICY_MAY_BE_READ_WITHIN)}
        others |= {one for one in self.all if abs(one.in_force_from - moment) <= _POLICY_MAY_BE_READ_WITHIN}
        return [_by_which_points_end(one) for one in (at, *(others - {at}))]

    def _newest(self, moment: datetime) -> RecordedPolicy | None:
        return next((one for one in reversed(self.all) if one.in_force_from <= moment), None)


def _by_which_points_end(version: RecordedPolicy | None) -> RecordedPolicy | None:
    return None if version is None or version.says.kind is PolicyKind.NEVER else version
