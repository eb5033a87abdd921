"""Move balances at once: the INSTANTs of one request, all in one transaction and a few statements."""

from collections.abc import Sequence

import structlog
from sqlmodel import Session

from app.db.tables.points_entry import EntryKind
from app.ledger import entries as ledger
from app.usecases.api.find_caller import Caller
from app.usecases.api.idempotency import IdempotentRequest, Outcome, done_before, keep
from app.usecases.api.items import INSUFFICIENT, BalanceMoved, Move, RefusedItem
from app.usecases.services import Services

log = structlog.get_logger()

# A request of no more items shares its transaction with others that wait.
TOGETHER_MAX = 10


def move_balances(
    services: Services, caller: Caller, items: Sequence[Move | RefusedItem], *, once: IdempotentRequest | None = None
) -> list[Outcome]:
    """Give and take points, in the order of the items, and give for each whether it was done.

    Raises KeyReused when another request was made under the same Idempotency-Key.
    """
    now = services.clock()
    entries = [
        ledger.Entry(
            item.email,
            item.amount,
            EntryKind.INSTANT,
            may_go_below_zero=caller.may_go_below_zero,
            api_key_id=caller.key_id,
        )
        for item in items
        if isinstance(item, Move)
    ]

    def move(session: Session) -> tuple[list[Outcome], bool]:
        before = done_before(session, services.sealer, caller, once, now)
        if before is not None:
            return before, False
        posted = iter(ledger.post(session, caller.store_id, entries, now) if entries else ())
        outcomes: list[Outcome] = [
            item if isinstance(item, RefusedItem) else BalanceMoved() if next(posted) else INSUFFICIENT for item in items
        ]
        keep(session, services.sealer, caller, once, outcomes, now)
        return outcomes, True

    if len(items) <= TOGETHER_MAX:
        outcomes, is_new = services.database.write_together(move)
    else:
        with services.database.writing() as session:
            outcomes, is_new = move(session)
    if is_new:
        moved = sum(isinstance(outcome, BalanceMoved) for outcome in outcomes)
        log.info("balances moved", store_id=caller.store_id, moved=moved, refused=len(items) - moved)
    return outcomes
