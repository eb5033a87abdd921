"""Lots worked out anew, entry by entry, by `domain/lots.py`, and compared with what stands in the tables.

Where an entry differs, the replay says so once, and goes on from what stands there.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from app.db.tables.points_entry import EntryKind
from app.domain.bounds import POINTS_MAX
from app.domain.lots import EndedTogether, Lot, Use, after, ended, ends_next, kept, not_owed, parts_given_back, uses_of
from app.ledger.lot_activity import EARNS, ReplayedActivity
from app.ledger.lot_facts import Fact, LotSource, RecordedPolicy, StoredLot, Versions, Written


class _Made(NamedTuple):
    """A lot that an entry should make."""

    customer_id: int
    origin_id: int
    policy_id: int | None
    ends: datetime | None
    points: int


class _Effect(NamedTuple):
    """What an entry should do to lots: those that it makes, what it uses, and when its customer was active by then."""

    lots: list[_Made]
    uses: list[Use]
    earned_at: datetime | None
    active_at: datetime | None


class Replay:
    """The lots of one customer, after the entries so far."""

    def __init__(self, activity: ReplayedActivity, versions: Versions) -> None:
        self.activity = activity
        self._customer_id = activity.customer_id
        self._versions = versions
        self._lots: dict[int, StoredLot] = {}
        self._left: dict[int, int] = {}
        self._available = 0
        # Set if the entry before moved the customer's last activity back in time: its moment. What had run out by that was
        # written then.
        self._put_back_at: datetime | None = None

    def differences(self, fact: Fact, written: Written) -> Iterator[str]:
        """Do one more entry, and say what stands beside it that should not, or does not and should."""
        self._available += fact.amount
        if fact.kind == EntryKind.EXPIRE:
            yield from self._ran_out(fact, written)
            return
        over = ended(self._open(self.activity.active_at), fact.created_at)
        if over:
            held = sum(one.points for one in over)
            yield f"{_named(fact)}: {held} points had run out by {over[0].at:%Y-%m-%d %H:%M}, and that is not written before it"
        activity = self.activity.after(fact)
        effects = [self._effect(fact, written, version, *activity) for version in self._versions.possible_at(fact.created_at)]
        effect = next((one for one in effects if _is_written(one, written)), effects[0])
        if not _is_written(effect, written):
            yield f"{_named(fact)}: {_said(written)}; a replay of the entries {_said_of(effect)}"
        was_active_at = self.activity.active_at
        self._write(written)
        is_given = fact.source is not None and fact.source.giver_active_at is not None
        if was_active_at is not None or written.lots or is_given:
            self.activity.keep(effect.earned_at, effect.active_at or fact.created_at)
        is_put_back = was_active_at is not None and (self.activity.active_at or was_active_at) < was_active_at
        self._put_back_at = fact.created_at if is_put_back else None

    def ends_next(self) -> datetime | None:
        """Give the moment at which points run out next."""
        return ends_next(self._open(self.activity.active_at))

    def _effect(
        self, fact: Fact, written: Written, version: RecordedPolicy | None, earned_at: datetime | None, active_at: datetime | None
    ) -> _Effect:
        at = active_at or fact.created_at
        made, uses = list[_Made](), list[Use]()
        if fact.amount < 0:
            uses = [Use(lot_id, -points) for lot_id, points in self._used(fact, at)]
        elif fact.kind == EntryKind.MOVE:
            made = self._brought_along(fact)
        elif fact.source is not None:
            if self.activity.active_at is not None or version is not None:
                made, uses = self._given_back(fact, fact.source, at)
        elif fact.kind in EARNS and fact.undoes_id is None:
            made = self._brought(fact, written, version)
        return _Effect(made, uses, earned_at, active_at)

    def _used(self, fact: Fact, active_at: datetime) -> list[Use]:
        return uses_of(self._open(active_at), -fact.amount, own_origin=fact.undoes_id)

    def _brought(self, fact: Fact, written: Written, version: RecordedPolicy | None) -> list[_Made]:
        points = not_owed(fact.amount, self._available)
        if points <= 0:
            return []
        if fact.kind == EntryKind.IMPORT and any(lot.policy_id is None for lot in written.lots):
            # The day stood in the file that was imported: nothing else tells it.
            return [_Made(self._customer_id, fact.id, None, written.lots[0].ends, points)]
        if version is None:
            return []
        return [_Made(self._customer_id, fact.id, version.id, version.says.ends_of(fact.created_at), points)]

    def _brought_along(self, fact: Fact) -> list[_Made]:
        if fact.source is None:
            return []
        came = [use for use in fact.source.uses if use.points > 0]
        # They came in the order in which they would be used: their places stand for it.
        lots = [Lot(place, use.origin_id, use.points, fact.created_at) for place, use in enumerate(came)]
        owed = fact.amount - not_owed(fact.amount, self._available)
        left = {lot.id: lot.left for lot in after(lots, uses_of(lots, owed))}
        return [
            _Made(self._customer_id, use.origin_id, use.policy_id, use.ends, left[place])
            for place, use in enumerate(came)
            if place in left
        ]

    def _given_back(self, fact: Fact, source: LotSource, active_at: datetime) -> tuple[list[_Made], list[Use]]:
        took = [Use(use.lot_id, use.points) for use in source.uses]
        of = {use.lot_id: use for use in source.uses}
        parts = parts_given_back(took, source.taken, back_before=source.back_before, points=fact.amount)
        made, uses = list[_Made](), list[Use]()
        for lot_id, points in kept(parts, not_owed(fact.amount, self._available)):
            if lot_id is None:
                continue
            lot = of[lot_id]
            is_over = self._ends(lot.policy_id, lot.ends, active_at) <= fact.created_at
            if lot.customer_id == self._customer_id and not is_over:
                uses.append(Use(lot_id, points))
                continue
            ends = self._versions.grace_ends(lot.policy_id, fact.created_at) if is_over else lot.ends
            made.append(_Made(self._customer_id, lot.origin_id, lot.policy_id, ends, points))
        return made, uses

    def _ran_out(self, fact: Fact, written: Written) -> Iterator[str]:
        over = ended(self._open(self.activity.active_at), fact.created_at)
        put_back_at = self._put_back_at
        at = None if not over else max(over[0].at, put_back_at) if put_back_at is not None else over[0].at
        should = [] if not over else [Use(lot_id, -points) for lot_id, points in _part(over[0])]
        if at != fact.created_at or should != list(written.uses) or fact.amount != sum(points for _, points in should):
            when = "nothing ran out then" if at is None else f"at {at:%Y-%m-%d %H:%M} ran out {_listed(should)}"
            yield f"{_named(fact)} at {fact.created_at:%Y-%m-%d %H:%M}: {_said(written)}; by a replay of the entries {when}"
        self._write(written)

    def _write(self, written: Written) -> None:
        for lot in written.lots:
            self._lots[lot.id], self._left[lot.id] = lot, lot.points
        for lot_id, points in written.uses:
            if lot_id in self._left:
                self._left[lot_id] += points

    def _open(self, active_at: datetime | None) -> list[Lot]:
        return [
            Lot(lot.id, lot.origin_id, self._left[lot.id], self._ends(lot.policy_id, lot.ends, active_at), lot.policy_id)
            for lot in self._lots.values()
            if self._left[lot.id] > 0
        ]

    def _ends(self, policy_id: int | None, ends: datetime | None, active_at: datetime | None) -> datetime:
        """Give a lot's day; a very late one where the tables are so damaged that none follows: other sentences say so."""
        policy = None if policy_id is None else self._versions.says(policy_id)
        if ends is not None:
            return ends
        if policy is None or policy.months is None or active_at is None:
            return _SOME_DAY
        return policy.ends_when_inactive(active_at)


_SOME_DAY = datetime.max.replace(tzinfo=UTC)


def _part(one: EndedTogether) -> list[Use]:
    """Give as much of what ran out together as one entry can hold."""
    part, points = list[Use](), 0
    for use in one.uses:
        if points + use.points > POINTS_MAX:
            break
        part.append(use)
        points += use.points
    return part


def _is_written(effect: _Effect, written: Written) -> bool:
    # The lots of one entry are made together, so no order of theirs means anything.
    stored = sorted(map(str, (lot[1:] for lot in written.lots)))
    return stored == sorted(map(str, map(tuple, effect.lots))) and effect.uses == list(written.uses)


def _named(fact: Fact) -> str:
    return f"entry {fact.id}, {fact.kind}, {fact.amount} points"


def _said(written: Written) -> str:
    return f"it made {_lots(written.lots)} and used {_listed(written.uses)}"


def _said_of(effect: _Effect) -> str:
    return f"makes {_lots(effect.lots)} and uses {_listed(effect.uses)}"


def _lots(lots: Sequence[StoredLot | _Made]) -> str:
    if not lots:
        return "no lot"
    days = [f"until {lot.ends:%Y-%m-%d %H:%M}" if lot.ends else "until some time after the last activity" for lot in lots]
    return ", ".join(
        f"a lot of {lot.points} {day} (of customer {lot.customer_id}, from entry {lot.origin_id}, policy {lot.policy_id})"
        for lot, day in zip(lots, days, strict=True)
    )


def _listed(uses: Sequence[Use]) -> str:
    return ", ".join(f"{points:+} of lot {lot_id}" for lot_id, points in uses) or "no lot"
