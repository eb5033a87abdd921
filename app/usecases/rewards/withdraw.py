"""Withdraw a reward before its code was used: the code is blocked first, and the points come some minutes later."""

from uuid import UUID

import structlog
from sqlmodel import select

from app.db.form_tokens import FormToken, is_first
from app.db.logbook import write_log
from app.db.stored_rewards import lock_redemptions
from app.db.tables import RedemptionRow
from app.domain.redemptions import ENDS, BackReason, RedemptionStage
from app.errors import BadRequest
from app.usecases.operating.show_customer import find_named_store
from app.usecases.services import Services

log = structlog.get_logger()

UNKNOWN = "This store has no such redemption."


def withdraw(services: Services, store_id: int, reference: UUID, *, who: str, once: FormToken | None = None) -> None:
    """Begin to take a code back; again is no second time. The worker blocks it, and gives the points of what no order used.

    Raises BadRequest where there is none, it is over, or its points are not taken yet.
    """
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return
        query = select(RedemptionRow.id).where(RedemptionRow.reference == reference, RedemptionRow.store_id == store_id)
        found = lock_redemptions(session, session.exec(query).all())
        if not found:
            raise BadRequest(UNKNOWN)
        row = found[0]
        if row.stage in {RedemptionStage.WITHDRAWING, RedemptionStage.RETURNING}:
            return
        if row.stage == RedemptionStage.ASKED:
            raise BadRequest("It is not known yet whether the points were taken. Please try again in some minutes.")
        if row.stage in ENDS:
            raise BadRequest("This reward was used, or went back, or its time is over. There is nothing to give back.")
        row.stage, row.back_reason, row.look_at = RedemptionStage.WITHDRAWING, BackReason.WITHDRAWN, now
        # Whoever has it in hand has it no more: what a call brings is found by the code.
        row.lease_token = row.lease_until = None
        said = f"A reward is taken back: its code is blocked, and what is left of {row.points} points comes back in some minutes."
        write_log(session, store_id, "reward_withdrawn", said, now=now, made_by=who)
    log.info("reward withdrawn", store_id=store_id)


def release_redemption(services: Services, slug: str, redemption_id: int, *, who: str, once: FormToken | None = None) -> None:
    """Take a redemption back by its number.

    Raises BadRequest as `withdraw` does, and when there is no such store.
    """
    with services.database.reading() as session:
        store_id = find_named_store(session, slug).id or 0
        query = select(RedemptionRow.reference).where(RedemptionRow.id == redemption_id, RedemptionRow.store_id == store_id)
        reference = session.exec(query).first()
    if reference is None:
        raise BadRequest(UNKNOWN)
    withdraw(services, store_id, reference, who=who, once=once)
