"""Lots: points that came together and run out together, and which of them a change of the balance uses.

Points that are taken come from the lot that ends soonest, then from points without a lot; what takes an order's points back takes
from that order's own lots first. What is given back goes where it came from, the last taken first. Example: lot A ends in May
and has 60, lot B ends in June and has 60, and 130 of a balance of 150 are spent: all of A and B, and 10 without a lot. Of 50 that
come back, 10 have no lot, and 40 are B's.

A balance below zero has nothing in lots: points that come pay the debt first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Lot:
    """Points of one customer that run out at `ends`.

    `origin` is the entry that first brought them, to whichever customer: it stays when a customer is moved, or when they are
    spent and come back. `policy_id` is the policy that gave the day; None where an import said it. `is_by_activity`: `ends` moves
    whenever the customer earns or spends.
    """

    id: int
    origin: int
    left: int
    ends: datetime
    policy_id: int | None = None
    is_by_activity: bool = False


class Use(NamedTuple):
    """Points of one lot that an entry takes, or gives back."""

    lot_id: int
    points: int


class Part(NamedTuple):
    """Points that come back, to a lot or to none."""

    lot_id: int | None
    points: int


def in_order(lots: Iterable[Lot], own_origin: int | None = None) -> list[Lot]:
    """Sort lots in the order in which they are used: those of `own_origin` first, then by their ends, the older first."""
    return sorted(lots, key=lambda lot: (lot.origin != own_origin, lot.ends, lot.id))


def uses_of(lots: Iterable[Lot], points: int, *, own_origin: int | None = None) -> list[Use]:
    """Tell which lots so many points are taken from. What the lots do not hold has no lot, or is a debt."""
    uses = []
    for lot in in_order(lots, own_origin):
        used = min(points, lot.left)
        if used > 0:
            uses.append(Use(lot.id, used))
            points -= used
    return uses


def after(lots: Iterable[Lot], uses: Iterable[Use]) -> list[Lot]:
    """Give the lots with what was used taken off; empty ones are dropped."""
    used: dict[int, int] = {}
    for use in uses:
        used[use.lot_id] = used.get(use.lot_id, 0) + use.points
    left = [replace(lot, left=lot.left - used.get(lot.id, 0)) for lot in lots]
    return [lot for lot in left if lot.left > 0]


def not_owed(points: int, available_after: int) -> int:
    """Tell how many of the points that came are there after they paid a debt."""
    return min(points, max(0, available_after))


def parts_given_back(uses: Sequence[Use], taken: int, *, back_before: int, points: int) -> list[Part]:
    """Tell where points come back to of which `taken` were taken, and `back_before` came back before.

    `uses` are in the order in which they were made. The last taken comes back first: what had no lot, then what ends latest.
    """
    whole = [Part(None, taken - sum(use.points for use in uses)), *(Part(*use) for use in reversed(uses))]
    parts, skip = [], back_before
    for lot_id, amount in whole:
        skipped = min(skip, amount)
        part = min(points, amount - skipped)
        skip, points = skip - skipped, points - part
        if part > 0:
            parts.append(Part(lot_id, part))
    return parts


def kept(parts: Sequence[Part], points: int) -> list[Part]:
    """Give what stays of parts when only so many points do not pay a debt. Those that come first stay: they last longest."""
    stay = []
    for lot_id, amount in parts:
        part = min(points, amount)
        points -= part
        if part > 0:
            stay.append(Part(lot_id, part))
    return stay


class EndedTogether(NamedTuple):
    """Points that ran out at one moment, and the lots that they were in."""

    at: datetime
    uses: tuple[Use, ...]

    @property
    def points(self) -> int:
        return sum(use.points for use in self.uses)


def ended(lots: Iterable[Lot], now: datetime) -> list[EndedTogether]:
    """Tell what has run out by now, oldest first."""
    over: dict[datetime, list[Use]] = {}
    for lot in in_order(lots):
        if lot.ends <= now:
            over.setdefault(lot.ends, []).append(Use(lot.id, lot.left))
    return [EndedTogether(at, tuple(uses)) for at, uses in over.items()]


def ends_next(lots: Iterable[Lot]) -> datetime | None:
    """Give the moment at which points run out next."""
    return min((lot.ends for lot in lots if lot.left > 0), default=None)
