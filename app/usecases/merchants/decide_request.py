"""Decide a change that waits for approval: approve it, and it is made; or refuse it, and nothing is changed.

Whoever asked for it cannot approve it. Two people who decide at once decide one after the other, and the second is refused.
"""

from datetime import datetime

import structlog
from sqlalchemy import update
from sqlmodel import Session, col, select

from app.db.approval_requests import wanted_change
from app.db.form_tokens import FormToken, is_first
from app.db.logbook import write_log
from app.db.moves import moves_of
from app.db.staff_users import addresses_of_staff
from app.db.stores import accounts_of, current_account, find_store_by_slug
from app.db.tables import AccountRow, ApprovalRequestRow, OrderRow, StoreRow
from app.domain.moved_customers import holder_of
from app.domain.staff_limits import RequestState, Wanted
from app.errors import BadRequest
from app.usecases.merchants.make_change import ChangeByHand, change_customer, change_order, let_go
from app.usecases.services import Services

log = structlog.get_logger()

REASON_LENGTH_MAX = 1024


def decide_request(
    services: Services,
    store_slug: str,
    request_id: int,
    *,
    approves: bool,
    reason: str,
    who: str,
    once: FormToken | None = None,
) -> None:
    """Approve a request or refuse it, and keep why.

    Raises BadRequest when there is no such request, somebody decided it before, whoever asked approves it, or the change is not
    possible now; the request waits on then.
    """
    if not 0 < len(reason.strip()) <= REASON_LENGTH_MAX or not 0 < len(who.strip()) <= 256:
        raise BadRequest("Say why: the reason stays with the request.")
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return
        store = find_store_by_slug(session, store_slug)
        asked = _asked(session, store, request_id)
        # Everybody locks the order first.
        order = _locked_order(session, asked)
        state = RequestState.APPROVED if approves else RequestState.REFUSED
        if approves and asked.asked_by in addresses_of_staff(session, asked.store_id, who):
            raise BadRequest("You asked for this change, so somebody else has to approve it.")
        _decide(session, asked, state, reason.strip(), who, now)
        if approves:
            _make(services, session, store, order, asked, now)
        # An address would be blotted out of the log. The request itself names who asked.
        said = f"{wanted_change(asked.wanted, asked.points)} was {state}: {reason.strip()}"
        write_log(session, asked.store_id, f"request_{state}", said, now=now, made_by=who)
    log.info("request decided", store=store_slug, request_id=request_id, state=state)


def _asked(session: Session, store: StoreRow | None, request_id: int) -> ApprovalRequestRow:
    asked = session.get(ApprovalRequestRow, request_id)
    if asked is None or store is None or asked.store_id != store.id:
        raise BadRequest("This store has no such request.")
    return asked


def _locked_order(session: Session, asked: ApprovalRequestRow) -> OrderRow | None:
    if asked.order_id is None:
        return None
    return session.exec(select(OrderRow).where(OrderRow.id == asked.order_id).with_for_update()).one()


def _decide(session: Session, asked: ApprovalRequestRow, state: RequestState, reason: str, who: str, now: datetime) -> None:
    deciding = (
        update(ApprovalRequestRow)
        .where(col(ApprovalRequestRow.id) == asked.id, col(ApprovalRequestRow.state) == RequestState.WAITING)
        .values(state=state, decision_reason=reason, decided_by=who, decided_at=now)
        .returning(col(ApprovalRequestRow.id))
    )
    if session.execute(deciding).first() is None:
        raise BadRequest("Somebody decided this before. Nothing was changed now.")


def _make(
    services: Services,
    session: Session,
    store: StoreRow | None,
    order: OrderRow | None,
    asked: ApprovalRequestRow,
    now: datetime,
) -> None:
    account = current_account(session, asked.store_id)
    if store is None or account is None:
        raise BadRequest("This store has no account for points.")
    change = ChangeByHand(asked.points, asked.reason, asked.asked_by, request_id=asked.id)
    if order is None:
        _refuse_moved(session, account, asked)
        adjusted = change_customer(services, session, store, account, asked.email or "", change, now)
        if adjusted.refusal:
            raise BadRequest(f"The points provider refused the change, so it waits on. {adjusted.refusal}")
    elif asked.wanted == Wanted.ADJUST:
        change_order(session, order, change, now)
    else:
        _write_off(session, order, account, asked, now)


def _refuse_moved(session: Session, account: AccountRow, asked: ApprovalRequestRow) -> None:
    """Refuse to change a customer who was moved since. The old address has no points, and nobody looks at it any more."""
    email, account_id = asked.email or "", account.id or 0
    moves = moves_of(session, accounts_of(session, asked.store_id), [email])
    if holder_of(moves, account_id, email, asked.asked_at).email != email:
        raise BadRequest(
            "This customer was moved to another address since. Refuse this request; the change can be asked for again there."
        )


def _write_off(session: Session, order: OrderRow, account: AccountRow, asked: ApprovalRequestRow, now: datetime) -> None:
    if not 0 < order.shortfall <= asked.points:
        raise BadRequest(
            f"This order lacks {max(order.shortfall, 0)} points now, and {asked.points} were to be written off."
            " Refuse this request; the write-off can be asked for again."
        )
    let_go(session, order, account, asked.asked_by, now)
