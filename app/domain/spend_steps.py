"""What is to be done next with a spend, by what Saleor has booked of it. One step at a time, until nothing is left to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.domain.booked_payment import BookedPayment, EventKind, PaymentEvent
from app.domain.spending import ReturnReason, SpendStage, as_amount, minor_units

# A charge that Saleor did not book so long after our last answer, it never will: it waits 18 seconds for an answer.
CONFIRM_AFTER = timedelta(minutes=2)
# A return that Saleor asked for is compared with its books so long after our answer.
COMPARE_AFTER = timedelta(minutes=2)
# What is paid above the total is given back after so long: a card's refund, or an edit, may be under way.
OVERCHARGED_FOR = timedelta(hours=1)
# A payment that needs a person is looked at again so often.
STUCK_LOOK = timedelta(days=1)

_NOT_CONFIRMED = frozenset({SpendStage.TAKEN, SpendStage.CHECKING})


@dataclass(frozen=True, slots=True)
class KnownReturn:
    """A return of a spend, as our books have it.

    `reversed_units` is more than 0 where Saleor reversed so much of a refund, and this return is what is left of it: Saleor has
    both under one reference.
    """

    id: int
    reference: UUID
    why: ReturnReason
    amount_units: int
    is_reported: bool = False
    is_credited: bool = False
    is_cancelled: bool = False
    reversed_units: int = 0

    @property
    def is_open(self) -> bool:
        """True while Saleor has to be told of it, or its customer has to get the points."""
        return not self.is_cancelled and not (self.is_reported and self.is_credited)


@dataclass(frozen=True, slots=True)
class OpenSpend:
    """A spend as our books have it. `overcharged_since` is set while its order is seen to be paid above its total."""

    reference: UUID
    currency: str
    stage: SpendStage
    amount_units: int
    left_units: int
    taken_at: datetime
    hold_hours: int
    return_on_cancel: bool
    returns: Sequence[KnownReturn] = ()
    overcharged_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tell:
    """Report this to Saleor, and look at what it answers. `told` is the return that it is about; None: only look."""

    kind: EventKind
    told: KnownReturn | None = None


@dataclass(frozen=True, slots=True)
class NotBooked:
    """Saleor did not book the charge: all of it goes back, and Saleor is not told."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Saleor had booked the charge, and has it no more. Only a person can tell what that means."""


@dataclass(frozen=True, slots=True)
class OtherAmount:
    """Saleor has another amount than the books. Only a person can find out why."""


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Write a return of so much."""

    why: ReturnReason
    units: int


@dataclass(frozen=True, slots=True)
class Credit:
    """Saleor has this return: the customer gets the points, if not yet."""

    told: KnownReturn


@dataclass(frozen=True, slots=True)
class Cancel:
    """Saleor has it that this return did not happen: it does not count any more. Points that it gave are taken again.

    `keeps_units` are those that went back all the same, where only a part did not happen.
    """

    told: KnownReturn
    keeps_units: int = 0


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing is to be done before `until`; None: before somebody says that something changed."""

    stage: SpendStage
    until: datetime | None
    overcharged_since: datetime | None = None


Step = Tell | NotBooked | Missing | OtherAmount | GiveBack | Credit | Cancel | Rest


def first_step(spend: OpenSpend) -> Tell:
    """Tell Saleor of the oldest return that it may not know of, or else only look."""
    for known in spend.returns:
        if known.is_open and not known.is_reported:
            return Tell(EventKind.REFUND_SUCCESS, known)
    return Tell(EventKind.INFO)


def next_step(spend: OpenSpend, booked: BookedPayment, now: datetime) -> Step:
    """Decide by what Saleor's own database answered a moment ago: never by a query, which a replica may answer."""
    if not booked.holds(EventKind.CHARGE_SUCCESS, str(spend.reference)):
        return _not_booked(spend)
    for known in spend.returns:
        if not known.is_cancelled and (step := _of_return(known, booked, spend.currency)) is not None:
            return step
    stage = SpendStage.ON_ORDER if booked.order is not None else SpendStage.CONFIRMED
    if spend.left_units == 0:
        return Rest(SpendStage.RETURNED, None)
    if booked.order is None:
        return _on_checkout(spend, now)
    if booked.order.is_over and spend.return_on_cancel:
        return GiveBack(ReturnReason.CANCELLED, spend.left_units)
    above = min(minor_units(booked.order.overcharged, spend.currency), spend.left_units)
    if above <= 0 or booked.order.is_over:
        return Rest(stage, None)
    since = spend.overcharged_since or now
    if now - since >= OVERCHARGED_FOR:
        return GiveBack(ReturnReason.OVERCHARGED, above)
    return Rest(stage, since + OVERCHARGED_FOR, overcharged_since=since)


def _not_booked(spend: OpenSpend) -> Step:
    """Decide about a charge that Saleor does not have. What was to be given back for that may still be under way.

    A refund that Saleor asked for was answered, so it goes on. A return of our own that Saleor was not told of yet does not count
    any more: a person decides about the whole.
    """
    for known in spend.returns:
        if known.is_open and (known.is_reported or known.why is ReturnReason.REFUND):
            return Credit(known)
        if known.is_open and not known.is_credited and spend.stage not in _NOT_CONFIRMED:
            return Cancel(known)
    if spend.left_units == 0:
        return Rest(SpendStage.RETURNED, None)
    return NotBooked() if spend.stage in _NOT_CONFIRMED else Missing()


def _of_return(known: KnownReturn, booked: BookedPayment, currency: str) -> Step | None:
    """Decide about one return. An abandoned checkout that became an order meanwhile keeps its payment."""
    reference = str(known.reference)
    if known.why is ReturnReason.NOT_BOOKED:
        return None if known.is_credited else Credit(known)
    undoing = booked.undoing(reference)
    if undoing is not None:
        return _undone(known, undoing, currency)
    if known.reversed_units > 0:
        return OtherAmount()
    is_booked = booked.holds(EventKind.REFUND_SUCCESS, reference)
    if is_booked and known.why is ReturnReason.ABANDONED and booked.order is not None and not known.is_credited:
        return Tell(EventKind.REFUND_REVERSE, known)
    if is_booked and known.is_open:
        return Credit(known)
    if is_booked:
        return None
    return Tell(EventKind.REFUND_SUCCESS, known)


def _undone(known: KnownReturn, undoing: PaymentEvent, currency: str) -> Step | None:
    """Decide about a return that Saleor has undone, whole or in part. Saleor takes one reversal of a refund."""
    if undoing.kind != EventKind.REFUND_REVERSE:
        return Cancel(known)
    if known.reversed_units > 0:
        if undoing.amount != as_amount(known.reversed_units, currency):
            return OtherAmount()
        return None if known.is_credited else Credit(known)
    keeps = as_amount(known.amount_units, currency) - undoing.amount
    if keeps < 0 or undoing.amount <= 0:
        return OtherAmount()
    return Cancel(known, keeps_units=minor_units(keeps, currency))


def _on_checkout(spend: OpenSpend, now: datetime) -> Step:
    ends = spend.taken_at + timedelta(hours=spend.hold_hours)
    if now >= ends:
        return GiveBack(ReturnReason.ABANDONED, spend.left_units)
    return Rest(SpendStage.CONFIRMED, ends)
