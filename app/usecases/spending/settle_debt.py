"""Staff settle points that a reversed refund gave and that the customer has spent: look again, or write them off."""

from datetime import datetime

import structlog
from sqlmodel import Session, col, select

from app.db.form_tokens import FormToken, is_first
from app.db.logbook import write_log
from app.db.stores import find_store_by_slug
from app.db.tables import SpendReturnRow, SpendRow
from app.db.tables.spend_return import RETURN_IS_OWED
from app.errors import BadRequest
from app.usecases.services import Services
from app.usecases.spending.giving_back import is_under_way
from app.usecases.spending.settle_missing import REASON_LENGTH_MAX
from app.usecases.spending.spend_cause import forget_debt

log = structlog.get_logger()


def look_for_debt(services: Services, slug: str, spend_id: int, *, who: str, once: FormToken | None = None) -> int:
    """Let the worker look now for what is owed of a payment. Gives how many points that is.

    Raises BadRequest where nothing is owed.
    """
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return 0
        spend, owed = _owed(session, slug, spend_id, now)
        spend.look_at = now
        points = sum(one.owed for one in owed)
        write_log(session, spend.store_id, "debt_looked_for", f"{points} points owed are looked for again.", now=now, made_by=who)
    log.info("debt of a payment looked for", spend_id=spend_id, points=points)
    return points


def write_off_debt(services: Services, slug: str, spend_id: int, *, why: str, who: str, once: FormToken | None = None) -> int:
    """Let go what is owed of a payment for good: the customer keeps it. Gives how many points that is.

    `why` is kept in the log. Raises BadRequest where nothing is owed, or no reason is given.
    """
    now, why = services.clock(), why.strip()
    if not 0 < len(why) <= REASON_LENGTH_MAX:
        raise BadRequest(f"Please say why, in at most {REASON_LENGTH_MAX} characters.")
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return 0
        spend, owed = _owed(session, slug, spend_id, now)
        points = sum(one.owed for one in owed)
        for one in owed:
            one.let_go_points += one.owed
        session.flush()
        forget_debt(session, spend)
        said = f"{points} points that a reversed refund gave are written off. {why}"
        write_log(session, spend.store_id, "debt_written_off", said, now=now, made_by=who)
    log.info("debt of a payment written off", spend_id=spend_id, points=points)
    return points


def _owed(session: Session, slug: str, spend_id: int, now: datetime) -> tuple[SpendRow, list[SpendReturnRow]]:
    """Lock a payment, and find the returns of which points are owed.

    Raises BadRequest when the store has no such payment, nothing is owed, or the worker has it in hand at this moment.
    """
    store = find_store_by_slug(session, slug)
    if store is None:
        raise BadRequest(f"There is no store {slug}.")
    query = select(SpendRow).where(SpendRow.id == spend_id, SpendRow.store_id == store.id).with_for_update()
    spend = session.exec(query).first()
    if spend is None:
        raise BadRequest(f"The store has no payment {spend_id}.")
    if spend.lease_until is not None and spend.lease_until > now:
        raise BadRequest("The worker has this payment in hand. Please try again in a minute.")
    if is_under_way(session, spend):
        raise BadRequest("The points provider is asked for these points at this moment. Please try again in some minutes.")
    owed = select(SpendReturnRow).where(SpendReturnRow.spend_id == spend.id, RETURN_IS_OWED).order_by(col(SpendReturnRow.id))
    found = list(session.exec(owed))
    if not found:
        raise BadRequest("Nothing is owed for this payment any more.")
    return spend, found
