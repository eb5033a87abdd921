"""Do a request once, however often it is sent under one Idempotency-Key.

What is kept are the outcomes: token or refusal of each item. All else in an answer repeats the request, which is the same.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.errors import KeyReused
from app.sealing import Sealer, fingerprint
from app.usecases.api.find_caller import Caller
from app.usecases.api.items import BalanceMoved, Claimed, RefusedItem, SpendState
from app.usecases.api.stored_answers import begin_answer, keep_answer

Outcome = Claimed | BalanceMoved | RefusedItem | SpendState


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """A request as its Idempotency-Key names it. `body_mark` is the fingerprint of all that it asks for."""

    key: str
    body_mark: str


def done_before(
    session: Session, sealer: Sealer, caller: Caller, once: IdempotentRequest | None, now: datetime
) -> list[Outcome] | None:
    """Give the outcomes of a request that this caller's key did before; None for one to be done now, in this transaction.

    Raises KeyReused when it asked for something else then.
    """
    if once is None:
        return None
    kept = begin_answer(session, caller.store_id, mark_of(caller, once), once.body_mark, now)
    if kept is None:
        return None
    if kept.body_mark != once.body_mark:
        raise KeyReused
    return [_read(outcome) for outcome in json.loads(sealer.open(kept.outcomes_sealed))]


def keep(
    session: Session, sealer: Sealer, caller: Caller, once: IdempotentRequest | None, outcomes: Sequence[Outcome], now: datetime
) -> None:
    """Keep the outcomes of a request that was done now."""
    if once is not None:
        keep_answer(session, caller.store_id, mark_of(caller, once), sealer.seal(json.dumps(outcomes)), now)


def mark_of(caller: Caller, once: IdempotentRequest) -> str:
    """Name a request. Two programs with a key each may choose the same text: `order-1042`. They do not know of each other."""
    return fingerprint(f"{caller.key_id} {once.key}")


def _read(outcome: list[Any]) -> Outcome:
    """Read an outcome by its length, as a tuple is written."""
    return _OUTCOMES[len(outcome)](*outcome)


_OUTCOMES: dict[int, Callable[..., Outcome]] = {
    len(kind._fields): kind for kind in (BalanceMoved, Claimed, RefusedItem, SpendState)
}
