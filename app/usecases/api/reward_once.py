"""Lets a request that takes a reward be done once, however often it is sent under one Idempotency-Key."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from app.domain.rewards import RewardRefusal
from app.errors import KeyReused
from app.sealing import Sealer
from app.usecases.api.stored_answers import begin_answer, keep_answer


@dataclass(frozen=True, slots=True)
class RewardOnce:
    """A request of somebody, by its mark. What is kept is which redemption it brought, or why it was refused: never a code.

    `request_mark` names who asks and the key, `body_mark` all that is asked for.
    """

    sealer: Sealer
    store_id: int
    request_mark: str
    body_mark: str

    def before(self, session: Session, now: datetime) -> UUID | RewardRefusal | None:
        """Give what the request brought before; None where it is new, and reserved now.

        Raises KeyReused where it asked for something else then.
        """
        kept = begin_answer(session, self.store_id, self.request_mark, self.body_mark, now)
        if kept is None:
            return None
        if kept.body_mark != self.body_mark:
            raise KeyReused
        brought = json.loads(self.sealer.open(kept.outcomes_sealed))
        return UUID(brought["redemption"]) if "redemption" in brought else RewardRefusal(brought["refusal"])

    def keep(self, session: Session, outcome: UUID | RewardRefusal, now: datetime) -> None:
        """Keep what the request brought."""
        brought = {"redemption": str(outcome)} if isinstance(outcome, UUID) else {"refusal": outcome.value}
        keep_answer(session, self.store_id, self.request_mark, self.sealer.seal(json.dumps(brought)), now)
