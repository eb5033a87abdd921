"""Lets a request that takes a reward be done once, however often it is sent under one Idempotency-Key."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from app.domain.rewards import RewardRefusal
from app.errors import KeyReused
from app.sealing import Sealer
from app.usecases.api.find_caller import Caller
from app.usecases.api.idempotency import IdempotentRequest, mark_of
from app.usecases.api.stored_answers import begin_answer, keep_answer


@dataclass(frozen=True, slots=True)
class RewardOnce:
    """A request of a caller. What is kept is which redemption it brought, or why it was refused: never a code."""

    sealer: Sealer
    caller: Caller
    request: IdempotentRequest

    def before(self, session: Session, now: datetime) -> UUID | RewardRefusal | None:
        """Give what the request brought before; None where it is new, and reserved now.

        Raises KeyReused where it asked for something else then.
        """
        kept = begin_answer(session, self.caller.store_id, mark_of(self.caller, self.request), self.request.body_mark, now)
        if kept is None:
            return None
        if kept.body_mark != self.request.body_mark:
            raise KeyReused
        brought = json.loads(self.sealer.open(kept.outcomes_sealed))
        return UUID(brought["redemption"]) if "redemption" in brought else RewardRefusal(brought["refusal"])

    def keep(self, session: Session, outcome: UUID | RewardRefusal, now: datetime) -> None:
        """Keep what the request brought."""
        brought = {"redemption": str(outcome)} if isinstance(outcome, UUID) else {"refusal": outcome.value}
        sealed = self.sealer.seal(json.dumps(brought))
        keep_answer(session, self.caller.store_id, mark_of(self.caller, self.request), sealed, now)
