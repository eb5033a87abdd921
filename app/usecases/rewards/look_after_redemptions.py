"""Go on with rewards that customers took: make codes, see that they were used, block those withdrawn or over, return points."""

from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from app.db.logbook import write_log
from app.db.tables import RedemptionRow, StoreRow
from app.domain import retry
from app.domain.days import end_of_day
from app.domain.log_level import LogLevel
from app.domain.redemptions import (
    BLOCKED_FOR,
    DELETED,
    LOST_FOR,
    VOUCHER_GONE,
    BackReason,
    Given,
    RedemptionStage,
    last_day_of_code,
    next_look,
    points_back,
)
from app.domain.rewards import RewardTerms
from app.domain.settlement import CauseKind
from app.errors import AppError, SaleorRefused
from app.usecases.mailing.reward_mails import put_reward_mail
from app.usecases.moving.engine_run import Run, open_accounts
from app.usecases.rewards.code_asking import Made, NotMade, block, empty, exists, is_voucher_gone, make_code, see_uses
from app.usecases.rewards.code_uses import Uses, write_uses
from app.usecases.rewards.moving_points import give_back
from app.usecases.rewards.redemption_batch import (
    RedemptionBatch,
    TakenRedemption,
    held_redemption,
    let_go,
    take_redemptions,
)
from app.usecases.rewards.reward_cause import NOT_RETURNED, forget_problem
from app.usecases.services import Services

log = structlog.get_logger()

STUCK_LOOK = timedelta(days=1)
RETURN_LOOK = timedelta(minutes=10)
# A code that Saleor has is shown at once. Its replica may be behind, but not for so long.
UNCLEAR_AFTER = timedelta(hours=1)
NOT_ALLOWED = "Saleor does not let the app work with codes any more. Give it the permission again: see the settings of rewards."
UNCLEAR = "Saleor says that it has this code, and does not show it. The customer was not told the code."
WAITS_FOR_SALEOR = "Saleor did not answer about this code. The app asks again by itself."
GONE = "The gift card was deleted in Saleor, so it does not tell any more what of it was used. Somebody has to decide."
NO_VOUCHER = "The voucher was deleted in Saleor, so nobody can use this code. The customer's points are still taken for it."
_WHY_NOT_MADE = {
    NotMade.REFUSED: "Saleor refused the code. The points go back.",
    NotMade.NO_VOUCHER: "The voucher is no more. The points go back.",
    NotMade.NOT_SINGLE: "The voucher's codes can be used more than once. The points go back.",
}


def look_after_redemptions(services: Services) -> bool:
    """Go on with a batch of one store's redemptions, and tell whether there were any."""
    batch = take_redemptions(services)
    if batch is None:
        return False
    for one in batch.redemptions:
        go_on(services, batch, one)
    log.info("redemptions looked after", store=batch.store.slug, redemptions=len(batch.redemptions))
    return True


def go_on(services: Services, batch: RedemptionBatch, one: TakenRedemption) -> None:
    """Do the next step of one redemption. No transaction is open during a call."""
    try:
        if one.stage is RedemptionStage.TAKEN:
            _make(services, batch, one)
        elif one.stage is RedemptionStage.GIVEN:
            uses = see_uses(services, batch, one)
            is_gone = uses == {} and is_voucher_gone(services, batch, one)
            _look(services, batch, one, uses, is_gone=is_gone)
        elif one.stage is RedemptionStage.WITHDRAWING and one.blocked_at is None:
            _block(services, batch, one)
        elif one.stage is RedemptionStage.WITHDRAWING:
            _settle(services, batch, one)
        else:
            _return(services, batch, one)
    except AppError as error:
        log.warning("a redemption waits", store=batch.store.slug, reason=error.code)
        _wait(services, batch, one, error)


def _make(services: Services, batch: RedemptionBatch, one: TakenRedemption) -> None:
    made = make_code(services, batch, one)
    now = services.clock()
    if isinstance(made, NotMade) and one.asked_before is not None and now - one.asked_before >= LOST_FOR:
        # An earlier request may have made it, and then its voucher or the permission changed.
        made = exists(services, batch, one) or made
    with services.database.writing() as session:
        row = held_redemption(session, batch, one.id)
        if row is None or row.stage != RedemptionStage.TAKEN:
            return
        if isinstance(made, Made):
            _note_given(row, one.terms, made, now)
            put_reward_mail(session, services, batch.store, row)
        elif made is NotMade.NOT_SURE or (one.asked_before is not None and now - one.asked_before < LOST_FOR):
            row.lost_at = one.asked_before or now
            row.problem_code, row.problem = NotMade.NOT_SURE, WAITS_FOR_SALEOR
            if made is NotMade.NOT_SURE and row.taken_at is not None and now - row.taken_at >= UNCLEAR_AFTER:
                row.problem_code, row.problem = "unclear", UNCLEAR
            let_go(row, now + timedelta(minutes=1) if made is NotMade.NOT_SURE else row.lost_at + LOST_FOR)
        else:
            row.back_reason, row.lost_at = BackReason.NOT_MADE, None
            row.because = _WHY_NOT_MADE[made]
            row.problem_code = row.problem = None
            _give_back(session, services, batch, row, row.points, now)
            write_log(session, row.store_id, "reward_not_made", row.because, now=now, level=LogLevel.WARNING)


def _note_given(row: RedemptionRow, terms: RewardTerms, made: Made, now: datetime) -> None:
    row.stage, row.given_at, row.saleor_id, row.lost_at = RedemptionStage.GIVEN, now, made.saleor_id, None
    ends_on = last_day_of_code(row.taken_at or now, terms.days_valid)
    row.over_at = None if ends_on is None else end_of_day(ends_on, "UTC")
    row.problem_code, row.problem, row.failures = None, None, 0
    let_go(row, next_look(now, now, row.over_at))


def _look(services: Services, batch: RedemptionBatch, one: TakenRedemption, uses: Uses | None, *, is_gone: bool = False) -> None:
    now = services.clock()
    with services.database.writing() as session:
        row = held_redemption(session, batch, one.id)
        if row is None or row.stage != RedemptionStage.GIVEN:
            return
        if uses is None:
            _stay(row, DELETED, GONE, now)
            return
        write_uses(session, row, uses, now)
        row.failures = 0
        forget_problem(row)
        if _end_if_used_up(row, now):
            return
        if row.over_at is not None and now >= row.over_at:
            row.stage, row.back_reason = RedemptionStage.WITHDRAWING, BackReason.EXPIRED
            let_go(row, now)
        elif is_gone:
            _stay(row, VOUCHER_GONE, NO_VOUCHER, now)
        elif row.look_at != one.look_at:
            # An order of the customer came in after Saleor was asked.
            let_go(row, now)
        else:
            let_go(row, next_look(row.given_at or now, now, row.over_at))


def _block(services: Services, batch: RedemptionBatch, one: TakenRedemption) -> None:
    saleor_id = one.saleor_id
    if saleor_id is None:
        # It was not known yet whether the code was made.
        found = exists(services, batch, one)
        now = services.clock()
        if found is None and one.asked_before is not None and now - one.asked_before < LOST_FOR:
            _put_off(services, batch, one, one.asked_before + LOST_FOR)
            return
        saleor_id = found.saleor_id if found is not None else None
    is_blocked = block(services, batch, replace(one, saleor_id=saleor_id))
    now = services.clock()
    with services.database.writing() as session:
        row = held_redemption(session, batch, one.id)
        if row is None:
            return
        row.saleor_id = saleor_id
        if not is_blocked:
            _stay(row, DELETED, GONE, now)
            return
        row.blocked_at, row.failures = now, 0
        forget_problem(row)
        let_go(row, now + BLOCKED_FOR)


def _settle(services: Services, batch: RedemptionBatch, one: TakenRedemption) -> None:
    now = services.clock()
    if one.blocked_at is not None and now < one.blocked_at + BLOCKED_FOR:
        _put_off(services, batch, one, one.blocked_at + BLOCKED_FOR)
        return
    uses = empty(services, batch, one)
    with services.database.writing() as session:
        row = held_redemption(session, batch, one.id)
        if row is None:
            return
        if uses is None:
            _stay(row, DELETED, GONE, now)
            return
        write_uses(session, row, uses, now)
        if _end_if_used_up(row, now):
            return
        given = Given(row.points, row.amount_units, row.used_units)
        why = BackReason(row.back_reason or "")
        points = points_back(given, why, return_on_expiry=one.terms.return_on_expiry)
        _give_back(session, services, batch, row, points, now)


def _return(services: Services, batch: RedemptionBatch, one: TakenRedemption) -> None:
    now = services.clock()
    with services.database.writing() as session:
        row = held_redemption(session, batch, one.id)
        if row is not None and row.stage == RedemptionStage.RETURNING:
            _give_back(session, services, batch, row, row.returned_points, now)


def _give_back(
    session: Session, services: Services, batch: RedemptionBatch, row: RedemptionRow, points: int, now: datetime
) -> None:
    store = session.get_one(StoreRow, batch.store.id)
    run = Run(services, open_accounts(services, session, store), services.causes[CauseKind.REWARD])
    give_back(session, run, row, points, now)
    let_go(row, now + RETURN_LOOK if row.stage == RedemptionStage.RETURNING else None)


def _end_if_used_up(row: RedemptionRow, now: datetime) -> bool:
    if row.used_units < row.amount_units:
        return False
    row.stage, row.ended_at = RedemptionStage.USED, now
    row.given_at = row.given_at or now
    let_go(row, None)
    return True


def _stay(row: RedemptionRow, code: str, sentence: str, now: datetime) -> None:
    """Leave a redemption as it is, with the reason, and look again tomorrow: a person has to do something meanwhile."""
    row.problem_code, row.problem = code, sentence
    let_go(row, now + STUCK_LOOK)


def _put_off(services: Services, batch: RedemptionBatch, one: TakenRedemption, until: datetime) -> None:
    with services.database.writing() as session:
        row = held_redemption(session, batch, one.id)
        if row is not None:
            let_go(row, until)


def _wait(services: Services, batch: RedemptionBatch, one: TakenRedemption, error: AppError) -> None:
    """Saleor did not answer, or lets the app do nothing: go on later."""
    now = services.clock()
    with services.database.writing() as session:
        row = held_redemption(session, batch, one.id)
        if row is None:
            return
        row.failures += 1
        if row.problem_code == DELETED:
            # A deleted card stays deleted, and a person has to decide, whether or not Saleor answers now.
            let_go(row, now + STUCK_LOOK)
        elif isinstance(error, SaleorRefused):
            row.problem_code, row.problem = "permission", NOT_ALLOWED
            let_go(row, now + retry.BACKOFF_LONGEST)
        else:
            if row.problem_code != NOT_RETURNED:
                row.problem_code, row.problem = "saleor", WAITS_FOR_SALEOR
            let_go(row, now + retry.backoff(row.failures))
