"""What movements are for, and what becomes of them.

A *cause* is what a movement is for: an order, a customer. The engine plans, sends and records movements; it knows accounts and
outcomes, and leaves what an outcome means to the cause. A new kind of cause is one class that keeps `Cause`, named in
`bootstrap.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlmodel import Session

from app.db.tables import MovementRow
from app.providers.protocol import Outcome
from app.sealing import Sealer
from app.usecases.moving.accounts import Accounts


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something is not done: a code for lists, a sentence for the merchant."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The movement has its outcome, and it is recorded."""

    movement: MovementRow
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Waits:
    """The movement is still open. The engine goes on with it at `until`; without that, staff decide."""

    movement: MovementRow
    until: datetime | None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Busy:
    """Another INSTANT of the same customer is under way at that account. It ends with its call, unless its outcome is unknown."""

    movement: MovementRow


@dataclass(frozen=True, slots=True)
class Lost:
    """Nothing was written: another worker holds the cause by now, or a person has decided."""

    movement: MovementRow


Result = Ended | Waits | Busy | Lost


class Cause(Protocol):
    """One kind of what movements are for."""

    @property
    def kind(self) -> str:
        """Give the word in `movement.cause_kind`."""
        ...

    def hold(self, session: Session, movements: Sequence[MovementRow], now: datetime) -> set[UUID]:
        """Lock the causes of these movements, by id. Gives the movements whose causes are still ours."""
        ...

    def record(self, session: Session, sealer: Sealer, accounts: Accounts, ended: Sequence[Ended], now: datetime) -> None:
        """Write what these outcomes mean for their causes, in the transaction that records the outcomes."""
        ...

    def name(self, session: Session, movement: MovementRow) -> str:
        """Name what the movement is for, as the merchant knows it: `Order 12`."""
        ...


Causes = Mapping[str, Cause]


CLAIM_LOST = Problem(
    "claim_unknown",
    "The points provider was asked for a claim link, but its answer was lost. "
    "The app sends the same request again in a few minutes.",
)
DISBELIEVED = Problem(
    "account",
    "The points provider says that it does not know this customer, although it did before. The app asks again in a few minutes. "
    "If this stays, check its URL and API key.",
)
UNKNOWN_INSTANT = Problem(
    "unknown",
    "The points provider was asked to change a balance, but its answer was lost. The app is checking whether it happened.",
)
FOR_STAFF = Problem(
    "for_staff",
    "The points provider was asked to change a balance, but its answer was lost, and the balance does not tell whether it "
    "happened. Please look at the provider, and say what happened.",
)
