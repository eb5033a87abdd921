"""Write a movement that happened in the caller's own transaction: at embedded points nothing waits, and nothing can be lost."""

from datetime import datetime

from sqlmodel import Session

from app.db.rows import change
from app.db.tables import MovementRow
from app.providers.protocol import Accepted
from app.usecases.moving.causes import Ended
from app.usecases.moving.engine_run import Run
from app.usecases.moving.planning import plan


def move_now(session: Session, run: Run, movement: MovementRow, now: datetime) -> None:
    """Write it as accepted. Its entry is in the ledger already, in this transaction, and its cause is told at once."""
    change(movement, sent_at=now, asks=1)
    plan(session, run, (), now, done=[Ended(movement, Accepted())])
