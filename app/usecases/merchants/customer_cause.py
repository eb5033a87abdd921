"""Customers as a cause of movements: points that staff give to a customer or take from one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from app.db.tables import MovementRow
from app.domain.settlement import CauseKind
from app.sealing import Sealer
from app.usecases.moving.accounts import Accounts
from app.usecases.moving.causes import Ended


@dataclass(frozen=True, slots=True)
class CustomerCause:
    """A change that staff made. Its row is the adjustment; what became of it stands in its movement only."""

    kind: str = CauseKind.CUSTOMER

    def hold(self, session: Session, movements: Sequence[MovementRow], now: datetime) -> set[UUID]:
        """Hold nothing: an adjustment never changes."""
        del session, now
        return {movement.id for movement in movements}

    def record(self, session: Session, sealer: Sealer, accounts: Accounts, ended: Sequence[Ended], now: datetime) -> None:
        """Write nothing more."""

    def name(self, session: Session, movement: MovementRow) -> str:
        """Name it without naming the customer: logs are read by all staff."""
        del session, movement
        return "A change of a customer's points"
