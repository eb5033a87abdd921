"""What to ask of an account so that points granted become points due: a pure decision, one step at a time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.domain.claim import ClaimState
from app.domain.earning import Award
from app.domain.email import email_key


class MovementKind(StrEnum):
    """One change of points.

    CLAIM      a new claim link, or more points on an open one
    CREDIT     points added to a balance at once
    DEBIT      points taken from a balance at once
    VOID       points withdrawn from a claim that nobody has taken; no balance moves
    WRITE_OFF  a shortfall closed by staff, or that closing undone; no balance moves
    """

    CLAIM = "claim"
    CREDIT = "credit"
    DEBIT = "debit"
    VOID = "void"
    WRITE_OFF = "write_off"


class MovementState(StrEnum):
    """PLANNED and SENDING are open; so is an INSTANT whose outcome is UNKNOWN. The others are ends.

    An UNKNOWN claim is an end: nobody ever saw its link, so it is worth nothing, and another may be asked for.
    """

    PLANNED = "planned"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    OVERTAKEN = "overtaken"


class CauseKind(StrEnum):
    """What a movement is for: an order, a change by staff, a customer's move, a payment by points, or a reward taken."""

    ORDER = "order"
    CUSTOMER = "customer"
    MOVE = "move"
    SPEND = "spend"
    REWARD = "reward"


INSTANT_KINDS = frozenset({MovementKind.CREDIT, MovementKind.DEBIT})


class Stuck(StrEnum):
    """Why nothing can be asked although granted differs from due."""

    NO_EMAIL = "no_email"
    NOTHING_THERE = "nothing_there"
    SHOWN_NOT_TAKEN = "shown_not_taken"
    TAKER_UNKNOWN = "taker_unknown"


@dataclass(frozen=True, slots=True)
class Grant:
    """Points that accepted movements brought, and that can be undone.

    `claim` is the state of the claim that carries them, or None for a credit. `points` is what it stands for now, `undone`
    what debits have taken back of it. `email` is who has, or may take, the points; None when nobody can tell.
    `can_change` tells whether the account lets an open claim be changed in place. `since` is when the points came into the
    balance of `email`. `is_gone` is true if the claim ran out: its points are no longer due.
    """

    id: UUID
    points: int
    account_id: int
    email: str | None
    at: datetime
    claim: ClaimState | None = None
    undone: int = 0
    can_change: bool = False
    since: datetime | None = None
    is_gone: bool = False

    @property
    def is_in_balance(self) -> bool:
        return self.claim in {None, ClaimState.TAKEN}


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Points that a debit took, or that staff wrote off, less what was given back since. `since` is when they were taken.

    `ran_out_before` is what had run out of the order's points by then: the refund took so much less.
    """

    id: UUID
    points: int
    account_id: int
    email: str
    at: datetime
    is_write_off: bool = False
    since: datetime | None = None
    ran_out_before: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """All that was ever granted to and taken back from one order, by accepted movements.

    `ran_out` is what ran out of it in balances: a refund counts that as taken. Example: 100 were granted, 60 ran out, and the
    order is due 50. Then nothing is taken. If it is due 0, the other 40 are.
    """

    grants: tuple[Grant, ...] = ()
    taken_back: tuple[TakenBack, ...] = ()
    ran_out: int = 0

    @property
    def granted(self) -> int:
        return sum(grant.points for grant in self.grants) - sum(taken.points for taken in self.taken_back)

    @property
    def to_compare(self) -> int:
        """Give what is compared with points due: what was granted, less what ran out and is due no more."""
        return self.granted - sum(grant.points for grant in self.grants if grant.is_gone)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets new points, where and how. `account_id` is the store's account of today."""

    account_id: int
    email: str
    is_registered: bool
    award: Award
    bind_email: bool

    @property
    def gets_instant(self) -> bool:
        return self.award is Award.INSTANT or (self.award is Award.AUTO and self.is_registered)


@dataclass(frozen=True, slots=True)
class Step:
    """One movement to ask for. `points` is its effect on granted; `target` is the claim, grant or debit that it changes."""

    kind: MovementKind
    points: int
    account_id: int
    email: str
    target: UUID | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The next step, or none; and the points that cannot be taken back now, with the reason."""

    step: Step | None = None
    shortfall: int = 0
    stuck: Stuck | None = None


NOTHING = Decision()


def next_step(
    due: int, position: Position, recipient: Recipient, *, empty_lanes: Collection[tuple[int, str]] = frozenset()
) -> Decision:
    """Decide the one movement that brings granted nearer to due.

    `empty_lanes` are the (account, e-mail key) pairs whose balance was just found to hold nothing more to take.
    """
    misbound = _misbound_claim(position.grants, recipient)
    if misbound is not None:
        return Decision(_void(misbound, misbound.points))
    for grant in position.grants:
        # Of what ran out, nothing is left to be granted or taken back.
        if grant.is_gone and grant.points > 0:
            return Decision(_void(grant, grant.points))
    to_give = due + _counted_as_taken(position) - position.granted
    if to_give > 0:
        return _give(to_give, position, recipient)
    to_take = position.granted - position.ran_out - due
    if to_take > 0:
        return _take(to_take, position, empty_lanes)
    return NOTHING


def _counted_as_taken(position: Position) -> int:
    """Give what the newest refund did not take, because it had run out: if the refund fails, so much less comes back.

    Example: 100 were granted, 60 ran out, and a full refund took 40. If it fails for 70, all 40 come back: a refund of 30 would
    have taken nothing.
    """
    standing = [taken for taken in position.taken_back if taken.points > 0]
    return max(standing, key=lambda taken: (taken.at, str(taken.id))).ran_out_before if standing else 0


def _give(points: int, position: Position, recipient: Recipient) -> Decision:
    # What staff wrote off is still in the customer's balance: it counts again before anything is sent.
    newest_first = sorted(position.taken_back, key=lambda taken: (taken.at, str(taken.id)), reverse=True)
    for taken in sorted(newest_first, key=lambda taken: not taken.is_write_off):
        if taken.points > 0:
            kind = MovementKind.WRITE_OFF if taken.is_write_off else MovementKind.CREDIT
            return Decision(Step(kind, min(points, taken.points), taken.account_id, taken.email, taken.id))
    if recipient.gets_instant:
        if not recipient.email.strip():
            return Decision(stuck=Stuck.NO_EMAIL)
        return Decision(Step(MovementKind.CREDIT, points, recipient.account_id, recipient.email))
    if recipient.bind_email and not recipient.email.strip():
        return Decision(stuck=Stuck.NO_EMAIL)
    for claim in _newest_first(position.grants):
        if claim.claim is ClaimState.OPEN:
            if claim.can_change and claim.account_id == recipient.account_id:
                return Decision(Step(MovementKind.CLAIM, points, claim.account_id, claim.email or "", claim.id))
            # One link with the whole amount: withdrawn now, asked for anew in the next round.
            return Decision(_void(claim, claim.points))
    return Decision(Step(MovementKind.CLAIM, points, recipient.account_id, recipient.email if recipient.bind_email else ""))


def _take(points: int, position: Position, empty_lanes: Collection[tuple[int, str]]) -> Decision:
    newest_first = _newest_first(position.grants)
    for grant in newest_first:
        if grant.claim in {ClaimState.OPEN, ClaimState.EXPIRED} and grant.points > 0:
            in_part = grant.can_change or grant.claim is ClaimState.EXPIRED
            return Decision(_void(grant, min(points, grant.points) if in_part else grant.points))
    stuck = Stuck.NOTHING_THERE
    for grant in newest_first:
        left = grant.points - grant.undone
        if grant.is_in_balance and left > 0:
            if grant.email is None:
                stuck = Stuck.TAKER_UNKNOWN
            elif (grant.account_id, email_key(grant.email)) not in empty_lanes:
                return Decision(Step(MovementKind.DEBIT, -min(points, left), grant.account_id, grant.email, grant.id))
    if any(grant.claim is ClaimState.SHOWN and grant.points > 0 for grant in position.grants):
        stuck = Stuck.SHOWN_NOT_TAKEN
    return Decision(shortfall=points, stuck=stuck)


def _misbound_claim(grants: Sequence[Grant], recipient: Recipient) -> Grant | None:
    """Find an open claim tied to an address that the order no longer has: its points would go to somebody else."""
    if not recipient.email.strip():
        return None
    for grant in grants:
        if (
            grant.claim is ClaimState.OPEN
            and grant.points > 0
            and grant.email
            and email_key(grant.email) != email_key(recipient.email)
        ):
            return grant
    return None


def _newest_first(grants: Sequence[Grant]) -> list[Grant]:
    return sorted(grants, key=lambda grant: (grant.at, str(grant.id)), reverse=True)


def _void(claim: Grant, points: int) -> Step:
    return Step(MovementKind.VOID, -points, claim.account_id, claim.email or "", claim.id)
