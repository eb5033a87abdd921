"""Ways to break batches, limits and the list of customers on purpose: the simulation must notice each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from unittest.mock import patch

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from app.db import staff_days
from app.db.known_customers import take_in_changes
from app.db.staff_days import Counted
from app.db.tables import BatchChangeRow, ChangeBatchRow, CustomerChangeRow, StoreRow
from app.domain.change_batches import ChangeState
from app.domain.earning import Award
from app.domain.moved_customers import Holder
from app.domain.staff_limits import Limit
from app.usecases.merchants.batches import make_changes, run_batches, start_batch
from app.usecases.merchants.batches.make_changes import undo_changes
from app.usecases.operating import housekeeping
from app.usecases.services import Services
from tests.simulation.mutant import Mutant, all_of
from tests.simulation.rig import Rig
from tests.simulation.steps import Fate, Kind, RuleSetup, Step


def _undo_gifts_only(_rig: Rig) -> Any:
    """Undo what a batch gave, and leave what it took as it is."""

    def of_gifts(
        services: Services, session: Session, batch: ChangeBatchRow, rows: Sequence[BatchChangeRow], now: datetime
    ) -> None:
        for row in rows:
            if (row.moved or 0) < 0:
                row.state, row.refusal = ChangeState.UNDO_REFUSED, "It stays as it is."
                session.add(row)
        undo_changes(services, session, batch, [row for row in rows if (row.moved or 0) > 0], now)

    return patch.object(run_batches, "undo_changes", of_gifts)


def _undo_for_the_old_address(_rig: Rig) -> Any:
    """Undo a batch for the address that it was made for, wherever its customer was moved since."""
    return patch.object(make_changes, "holder_of", lambda _moves, _account_id, email, _since: Holder(email, is_in_transit=False))


def _count_each_change_alone(_rig: Rig) -> Any:
    """Hold each change within its limit, and add nothing up over the day."""

    def alone(session: Session, store: StoreRow, size: int, who: str, now: datetime, *, largest: int) -> Counted | Limit:
        del session, size, who
        if store.staff_change_max is not None and largest > store.staff_change_max:
            return Limit.CHANGE
        return Counted(now.date(), store.staff_change_max)

    return all_of(patch.object(staff_days, "count_changes", alone), patch.object(start_batch, "count_changes", alone))


def _run_batches_at_once(_rig: Rig) -> Any:
    """Run a batch whatever it comes to."""

    def start(session: Session, _store: StoreRow, batch: ChangeBatchRow, now: datetime) -> bool:
        start_batch.begin(session, batch, now, batch.made_by)
        return True

    return patch.object(start_batch, "_count_and_start", start)


def _forget_newer_customers(_rig: Rig) -> Any:
    """Take in what was noted of the first customers, and take all the rest for taken in."""

    def take_in(session: Session) -> int:
        newest = session.exec(select(func.max(CustomerChangeRow.id))).one() or 0
        taken_in = take_in_changes(session, limit=1)
        session.execute(delete(CustomerChangeRow).where(col(CustomerChangeRow.id) <= newest))
        return taken_in

    return patch.object(housekeeping, "take_in_changes", take_in)


_PLACE, _SETTLE = Step(Kind.PLACE, share=800, fates=(Fate(),)), Step(Kind.SETTLE)
_RUN = Step(Kind.RUN_BATCHES)
_INSTANT = RuleSetup(award=Award.INSTANT)

STAFF_MUTANTS = (
    Mutant(
        "an undo leaves what a batch took",
        "embedded",
        _undo_gifts_only,
        (_PLACE, _SETTLE, Step(Kind.BATCH, share=400, how=7), _RUN, Step(Kind.UNDO_BATCH), _RUN),
        None,
        _INSTANT,
    ),
    Mutant(
        "an undo forgets that the customer was moved",
        "embedded",
        _undo_for_the_old_address,
        (_PLACE, _SETTLE, Step(Kind.BATCH, share=400), _RUN, Step(Kind.MOVE), Step(Kind.UNDO_BATCH), _RUN),
        None,
        _INSTANT,
    ),
    Mutant(
        "a day's changes are not added up",
        "embedded",
        _count_each_change_alone,
        (_PLACE, _SETTLE, *(Step(Kind.ADJUST_CUSTOMER, share=800) for _ in range(3))),
        None,
        _INSTANT,
        change_max=60,
        day_max=100,
    ),
    Mutant(
        "a batch above a limit runs at once",
        "embedded",
        _run_batches_at_once,
        (_PLACE, _SETTLE, Step(Kind.BATCH, share=1000), _RUN),
        None,
        _INSTANT,
        change_max=20,
        day_max=100,
    ),
    Mutant(
        "the list of customers misses some changes",
        "embedded",
        _forget_newer_customers,
        (_PLACE, _SETTLE, Step(Kind.BATCH, share=400), _RUN),
        None,
        _INSTANT,
    ),
)
