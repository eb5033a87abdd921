"""What is gone of an order's points: what ran out with a claim, and what staff withdrew or took.

Each is counted once, at what it really removed: of the order's own points first, then of what staff gave. So a refund takes
nothing that is gone already, and one that fails later brings back only what it had taken. Withdrawing a link leaves what staff
gave. Example: of an order of 40, the link is withdrawn, 15 are refunded, and 10 are given, in any order: 10 are due.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Gone:
    """Points that are gone. `of_points` were earned by the order, `of_gifts` were given by staff."""

    of_points: int = 0
    of_gifts: int = 0

    def __add__(self, other: "Gone") -> "Gone":
        return Gone(self.of_points + other.of_points, self.of_gifts + other.of_gifts)

    @property
    def total(self) -> int:
        return self.of_points + self.of_gifts


NOTHING_GONE = Gone()


@dataclass(frozen=True, slots=True)
class ByStaff:
    """Points that staff gave to an order, or, with a minus, asked to take from it.

    `is_summed` is true of one that an older version of the app wrote: it counts with its sign, as it did then. `is_withdrawal`
    is true where a claim's link was withdrawn.
    """

    id: int
    points: int
    is_summed: bool = False
    is_withdrawal: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """What changes an order's points otherwise than its money.

    `staff` is in the order in which it was done. `ran_out` is gone with claims, `taken` by what staff took or withdrew.
    """

    staff: tuple[ByStaff, ...] = ()
    ran_out: Gone = NOTHING_GONE
    taken: Gone = NOTHING_GONE

    @property
    def gone(self) -> Gone:
        return self.ran_out + self.taken

    @property
    def sum(self) -> int:
        """Give the sum of what staff asked for, with signs: the first version of the arithmetic counts so."""
        return sum(change.points for change in self.staff)

    @property
    def by_staff(self) -> int:
        """Give what staff gave, less what their takings really removed."""
        return sum(change.points for change in self.staff if change.is_summed or change.points > 0) - self.taken.total

    def adding(self, new: "NewlyGone") -> "Changes":
        """Give the same, with what was found gone."""
        ran_out = sum(new.by_claim.values(), self.ran_out)
        return replace(self, ran_out=ran_out, taken=sum(new.by_staff.values(), self.taken))

    def due(self, points: int) -> int:
        """Give what an order is due that has earned these points."""
        return sum(self._left(points))

    @property
    def gifts_left(self) -> int:
        """Give what staff gave and is not gone."""
        summed = sum(change.points for change in self.staff if change.is_summed)
        gifts = sum(change.points for change in self.staff if not change.is_summed and change.points > 0)
        return max(gifts + max(summed, 0) - self.gone.of_gifts, 0)

    def taking(self, asked: int, points: int, *, is_withdrawal: bool = False) -> Gone:
        """Split what staff take: as much as is there. Of a link that held earned points, what staff gave stays."""
        gone = self._split(min(asked, self.due(points)), points)
        return Gone(gone.of_points) if is_withdrawal and gone.of_points else gone

    def running_out(self, amount: int, points: int) -> Gone:
        """Split what runs out with a claim: all that the claim holds."""
        return self._split(amount, points)

    def _split(self, amount: int, points: int) -> Gone:
        points_left, gifts_left = self._left(points)
        of_gifts = min(max(amount - points_left, 0), gifts_left)
        return Gone(amount - of_gifts, of_gifts)

    def _left(self, points: int) -> tuple[int, int]:
        summed = sum(change.points for change in self.staff if change.is_summed)
        return max(points + min(summed, 0) - self.gone.of_points, 0), self.gifts_left


NO_CHANGES = Changes()


def gifts_on_link(changes: Changes, *, on_link: int, elsewhere: int) -> int:
    """Give how many of a link's points stay when it is withdrawn, because staff gave them to the order.

    Points of the order that are `elsewhere`, in a balance or on another link, count as the gifts first; so do gifts that are on
    no link yet. Of a link that holds nothing but gifts, none stay.
    """
    gifts = min(max(changes.gifts_left - elsewhere, 0), on_link)
    return gifts if gifts < on_link else 0


@dataclass(frozen=True, slots=True)
class NewlyGone:
    """What is found gone by one look: by the claims that ran out, and by what staff took, each by its id."""

    by_claim: Mapping[UUID, Gone] = field(default_factory=dict)
    by_staff: Mapping[int, Gone] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.by_claim or self.by_staff)


NOTHING_NEW = NewlyGone()


def newly_gone(changes: Changes, points: int, *, ran_out: Mapping[UUID, int], counted: Collection[int] = ()) -> NewlyGone:
    """Find what is gone and was not counted before.

    `points` is what the order had earned at the last look, or earns now, whichever is more: points that were refunded since the
    last look were still on the claim when it ran out. `ran_out` is what claims held when they ran out, by their ids. `counted`
    are the ids of the changes by staff that are counted already. A taking cannot use what staff gave after it.
    """
    by_claim, by_staff = dict[UUID, Gone](), dict[int, Gone]()
    so_far = changes
    for claim_id, amount in ran_out.items():
        by_claim[claim_id] = so_far.running_out(amount, points)
        so_far = replace(so_far, ran_out=so_far.ran_out + by_claim[claim_id])
    for position, change in enumerate(changes.staff):
        if change.points < 0 and not change.is_summed and change.id not in counted:
            before = replace(so_far, staff=changes.staff[:position])
            by_staff[change.id] = before.taking(-change.points, points, is_withdrawal=change.is_withdrawal)
            so_far = replace(so_far, taken=so_far.taken + by_staff[change.id])
    return NewlyGone(by_claim, by_staff)
