"""Staff settle a reward whose gift card was deleted in Saleor: its points go back to the customer, or nobody gets them."""

import structlog

from app.db.form_tokens import FormToken, is_first
from app.db.logbook import write_log
from app.db.stored_rewards import lock_redemptions
from app.db.tables import RedemptionRow
from app.domain.redemptions import DELETED, LEFT, SETTLEABLE, BackReason, Given, RedemptionStage, points_back
from app.domain.settlement import CauseKind
from app.errors import BadRequest
from app.usecases.moving.engine_run import Run, open_accounts
from app.usecases.operating.show_customer import find_named_store
from app.usecases.rewards.look_after_redemptions import RETURN_LOOK
from app.usecases.rewards.moving_points import give_back
from app.usecases.rewards.redemption_batch import let_go
from app.usecases.rewards.reward_cause import end_back
from app.usecases.rewards.withdraw import UNKNOWN
from app.usecases.services import Services

log = structlog.get_logger()

REASON_LENGTH_MAX = 500


def settle_deleted(
    services: Services, slug: str, redemption_id: int, *, gives_back: bool, why: str, who: str, once: FormToken | None = None
) -> int:
    """Give back the points of what no order used, as far as the app saw, or leave them. Gives how many they are.

    The same form again does nothing. `why` and `who` are kept with it. Raises BadRequest where there is none, its gift card was
    not seen to be deleted, or no reason is given.
    """
    now, why = services.clock(), why.strip()
    if not 0 < len(why) <= REASON_LENGTH_MAX:
        raise BadRequest(f"Please say why, in at most {REASON_LENGTH_MAX} characters.")
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return 0
        store = find_named_store(session, slug)
        found = [row for row in lock_redemptions(session, [redemption_id]) if row.store_id == store.id]
        if not found:
            raise BadRequest(UNKNOWN)
        row = found[0]
        if row.problem_code != DELETED or row.stage not in SETTLEABLE:
            raise BadRequest("The app did not see that the gift card was deleted. Take the reward back instead.")
        points = points_back(_as_given(row), BackReason.WITHDRAWN, return_on_expiry=True)
        # Whoever has it in hand has it no more.
        let_go(row, None)
        if gives_back:
            said = f"{points} points of a reward are given back, because its gift card was deleted in Saleor. {why}"
            row.back_reason, row.problem_code, row.problem = BackReason.WITHDRAWN, None, None
            row.because = f"Settled by {who}: {why}"
            run = Run(services, open_accounts(services, session, store), services.causes[CauseKind.REWARD])
            give_back(session, run, row, points, now, made_by=who)
            if row.stage == RedemptionStage.RETURNING:
                let_go(row, now + RETURN_LOOK)
        else:
            said = f"Nobody gets back {points} points of a reward, whose gift card was deleted in Saleor. {why}"
            row.back_reason = BackReason.EXPIRED
            end_back(row, now)
            row.problem_code, row.because = LEFT, f"Nobody got the points back. Settled by {who}: {why}"
        write_log(session, row.store_id, "reward_settled", said, now=now, made_by=who)
    log.info("deleted reward settled", redemption_id=redemption_id, points=points, given_back=gives_back)
    return points


def _as_given(row: RedemptionRow) -> Given:
    return Given(row.points, row.amount_units, row.used_units)
