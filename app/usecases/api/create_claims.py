"""Create the claims of one request, all in one transaction and a few statements, however many there are."""

import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from app.domain.days import end_of_nth_day
from app.ledger import entries as ledger
from app.ledger.statements import ClaimToAdd
from app.sealing import fingerprint
from app.usecases.api.find_caller import Caller
from app.usecases.api.idempotency import IdempotentRequest, Outcome, done_before, keep
from app.usecases.api.items import Claimed, NewClaim, RefusedItem, unlisted
from app.usecases.services import Services

log = structlog.get_logger()

TOKEN_BYTES = 16


def create_claims(
    services: Services, caller: Caller, items: Sequence[NewClaim | RefusedItem], *, once: IdempotentRequest | None = None
) -> list[Outcome]:
    """Create claims, and give for each item, in the same order, the claim's token or why there is none.

    Raises KeyReused when another request was made under the same Idempotency-Key.
    """
    now = services.clock()
    checked = [_checked(item, caller) for item in items]
    wanted = [item for item in checked if isinstance(item, NewClaim)]
    tokens = _random(len(wanted))
    claims = _claims(services, caller, wanted, tokens, now)
    token = iter(tokens)
    outcomes = [Claimed(next(token)) if isinstance(item, NewClaim) else item for item in checked]
    with services.database.writing() as session:
        before = done_before(session, services.sealer, caller, once, now)
        if before is not None:
            return before
        if claims:
            ledger.add_claims(session, caller.store_id, claims, now)
        keep(session, services.sealer, caller, once, outcomes, now)
    log.info("claims created", store_id=caller.store_id, claims=len(claims), refused=len(items) - len(claims))
    return list(outcomes)


def _checked(item: NewClaim | RefusedItem, caller: Caller) -> NewClaim | RefusedItem:
    if isinstance(item, RefusedItem) or item.customer_type is None or not caller.customer_types:
        return item
    return item if item.customer_type in caller.customer_types else unlisted(item.customer_type)


def _claims(
    services: Services, caller: Caller, items: Iterable[NewClaim], tokens: Iterable[str], now: datetime
) -> list[ClaimToAdd]:
    ends: dict[int | None, datetime | None] = {None: None}
    claims = []
    for item, token in zip(items, tokens, strict=True):
        days = caller.default_expires_days if item.expires is None else item.expires
        if days not in ends:
            ends[days] = end_of_nth_day(now, days or 0, caller.time_zone)
        claims.append(
            ClaimToAdd(
                request_id=UUID(bytes=os.urandom(16), version=4),
                token_mark=fingerprint(token),
                token_sealed=services.sealer.seal_short(token),
                amount=item.amount,
                email=item.email,
                customer_type=item.customer_type,
                api_key_id=caller.key_id,
                expires_at=ends[days],
            )
        )
    return claims


def _random(count: int) -> list[str]:
    """Make tokens that nobody can guess, all from one draw, each with the two digits that mark a random UUID."""
    drawn = os.urandom(TOKEN_BYTES * count).hex()
    tokens = (drawn[start : start + 2 * TOKEN_BYTES] for start in range(0, len(drawn), 2 * TOKEN_BYTES))
    return [f"{token[:12]}4{token[13:16]}a{token[17:]}" for token in tokens]
