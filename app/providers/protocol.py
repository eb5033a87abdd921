"""What a points provider is asked, and what it can answer: one Protocol for Coggins and for the embedded ledger."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable
from uuid import UUID

from sqlmodel import Session

from app.domain.claim import NO_POINTS, Balance, ClaimState

# The code of a refusal: the balance holds fewer points than that, and may not fall below zero.
INSUFFICIENT = "INSUFFICIENT"


class AskKind(StrEnum):
    """What an array asks for. One array holds one kind."""

    CLAIM = "claim"
    INSTANT = "instant"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Ask:
    """One item of an array.

    `points` is the amount of a new claim, the signed change of a balance, or the new amount of a changed claim (0 voids it).
    `id` is the movement's: where the provider can tell, asking twice under one id is asking once.
    `token_mark` names the claim that a CHANGE is about, by the fingerprint of its token.
    `may_go_below_zero` lets a balance fall into debt.
    `undoes` is the id of the grant that an INSTANT takes back, or of the debit that it gives back.
    """

    id: UUID
    points: int
    email: str = field(default="", repr=False)
    customer_type: str | None = None
    expires_days: int | None = None
    token_mark: str | None = None
    may_go_below_zero: bool = False
    undoes: UUID | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """It happened. For a new claim: its link. `doubt` is something a merchant should see all the same."""

    claim_url: str | None = field(default=None, repr=False)
    claim_token: str | None = field(default=None, repr=False)
    expires_on: date | None = None
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """The provider said no to this item, for this reason; nothing happened."""

    reason: str
    code: str = "REJECTED"


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have happened or not: the call was cut, or its answer cannot be matched."""

    reason: str


@dataclass(frozen=True, slots=True)
class Overtaken:
    """The claim was taken while we wanted to change it; nothing happened."""

    reason: str = "The shopper took the claim first."


Outcome = Accepted | Rejected | Unknown | Overtaken


@dataclass(frozen=True, slots=True)
class NotSent:
    """Nothing of the array happened: no connection, a plea for patience, or an account that does not serve us.

    `is_accounts_fault`: key, address or server are wrong, and a merchant has to act.
    """

    reason: str
    is_accounts_fault: bool = False
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class RefusedWhole:
    """The provider refused the array as a whole; nothing happened. Asked in halves, the good items go through."""

    reason: str


Reply = tuple[Outcome, ...] | NotSent | RefusedWhole


@dataclass(frozen=True, slots=True)
class SeenClaim:
    """A claim as the provider shows it."""

    state: ClaimState
    points: int
    taken_by: str | None = field(default=None, repr=False)
    taken_at: datetime | None = None


class Absent(StrEnum):
    """Why an account has no balance for a customer.

    NOBODY    it knows no such customer
    DOUBTFUL  it says so of a customer whom it did know: whoever answers may be out of order, so nothing is decided by it
    """

    NOBODY = "nobody"
    DOUBTFUL = "doubtful"


# A balance as the account has it, judged: nobody but the provider asks itself whether to believe it.
Judged = Balance | Absent


def held(judged: Judged) -> Balance:
    """Give what a customer has: nothing, where the account has no balance."""
    return NO_POINTS if isinstance(judged, Absent) else judged


class PointsProvider(Protocol):
    """An account's provider."""

    @property
    def sees_claims(self) -> bool:
        """Tell whether claims can be looked at, changed and voided. Where not, withholding the link must do."""
        ...

    def array_max(self, kind: AskKind) -> int:
        """Give the most items of one array."""
        ...

    def ask(self, kind: AskKind, asks: Sequence[Ask], *, call_id: UUID, now: datetime) -> Reply:
        """Ask for all of them in one call. A tuple answers each item, in the same order."""
        ...

    def balances(self, emails: Sequence[str]) -> Mapping[str, Judged] | NotSent:
        """Look up customers by e-mail. Keys are the e-mails as given; each has an entry."""
        ...

    def seen_claims(self, token_marks: Collection[str], *, now: datetime) -> Mapping[str, SeenClaim]:
        """Look at claims by the fingerprints of their tokens; empty where claims cannot be seen."""
        ...


@runtime_checkable
class LocalProvider(PointsProvider, Protocol):
    """A provider that works inside the caller's transaction: no answer of it can be lost."""

    def move(self, session: Session, kind: AskKind, asks: Sequence[Ask], now: datetime) -> tuple[Outcome, ...]:
        """Do all of them. One that was done before, under the same id, is not done again and answers as it did."""
        ...

    def balances_in(self, session: Session, emails: Sequence[str]) -> Mapping[str, Judged]:
        """Look up customers by e-mail."""
        ...
