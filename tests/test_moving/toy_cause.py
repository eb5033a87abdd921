"""A kind of cause made for the tests: all that a new one takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from app.db.logbook import write_log
from app.db.tables import MovementRow
from app.sealing import Sealer
from app.usecases.moving.accounts import Accounts
from app.usecases.moving.causes import Ended

TOY = "toy"


@dataclass(frozen=True)
class ToyCause:
    """Writes what became of its movements into the merchant's log."""

    kind: str = TOY

    def hold(self, session: Session, movements: Sequence[MovementRow], now: datetime) -> set[UUID]:
        return {movement.id for movement in movements}

    def record(self, session: Session, sealer: Sealer, accounts: Accounts, ended: Sequence[Ended], now: datetime) -> None:
        for one in ended:
            message = f"Toy {one.movement.cause_id}: {one.movement.points:+} {type(one.outcome).__name__}"
            write_log(session, one.movement.store_id, TOY, message, now=now)

    def name(self, session: Session, movement: MovementRow) -> str:
        return f"Toy {movement.cause_id}"
