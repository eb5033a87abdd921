"""Staff settle a payment that Saleor has no more: its points go back to the customer, or nobody gets them."""

from datetime import datetime

import structlog
from sqlmodel import Session

from app.db.form_tokens import FormToken, is_first
from app.db.logbook import write_log
from app.db.tables import SpendRow
from app.domain.settlement import CauseKind
from app.domain.spending import ReturnReason, as_amount
from app.errors import BadRequest
from app.usecases.moving.engine_run import Run, open_accounts
from app.usecases.services import Services
from app.usecases.spending.giving_back import credit, write_return
from app.usecases.spending.look_after_spends import CREDIT_LOOK
from app.usecases.spending.release_spend import find_spend
from app.usecases.spending.spend_cause import end_if_returned

log = structlog.get_logger()

MISSING = "missing"
REASON_LENGTH_MAX = 500


def settle_missing(
    services: Services, slug: str, spend_id: int, *, give_back: bool, why: str, who: str, once: FormToken | None = None
) -> int:
    """Give back what is left of a payment, or write it off. Gives its points. Saleor is told nothing: it knows no such payment.

    `why` is kept with it. Raises BadRequest where Saleor has the payment, nothing is left of it, or no reason is given.
    """
    now, why = services.clock(), why.strip()
    if not 0 < len(why) <= REASON_LENGTH_MAX:
        raise BadRequest(f"Please say why, in at most {REASON_LENGTH_MAX} characters.")
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return 0
        store, spend = find_spend(session, slug, spend_id, now)
        if spend.problem_code != MISSING:
            raise BadRequest("Saleor has this payment, as far as the app knows. Refund it in Saleor instead.")
        back = write_return(
            session, spend, ReturnReason.STAFF, spend.amount_units - spend.returned_units, now, made_by=who, is_reported=True
        )
        said = f"{back.points} points that paid {as_amount(back.amount_units, spend.currency)} {spend.currency}"
        if give_back:
            run = Run(services, open_accounts(services, session, store), services.causes[CauseKind.SPEND])
            credit(session, run, spend, back, now)
            said = f"{said} are given back. Saleor has this payment no more. {why}"
        else:
            back.credited_at, back.problem = now, f"Written off: nobody got these points. {why}"
            said = f"{said} are written off. Saleor has this payment no more. {why}"
        write_log(session, spend.store_id, "spend_settled", said, now=now, made_by=who)
        _end(session, spend, now)
        points = back.points
    log.info("missing payment settled", spend_id=spend_id, points=points, given_back=give_back)
    return points


def _end(session: Session, spend: SpendRow, now: datetime) -> None:
    """End the payment, unless an account elsewhere has to answer first."""
    session.flush()
    spend.look_at = now + CREDIT_LOOK
    session.flush()
    end_if_returned(session, spend, now)
    spend.problem_code = spend.problem = None
