"""Move a customer from one address to another: a typing error, a new address, or two accounts that are one person.

Balance, waiting claims, history and what later refunds take back follow: the new address' page lists the orders and changes
until then, marked with the address that they were under. The old address' page keeps them too, and links to the new one.
Embedded points move in one transaction. Elsewhere the debit is planned here, and the cause (`move_cause.py`) goes on from
there.
"""

from datetime import datetime

import structlog
from sqlalchemy import text
from sqlmodel import Session

from app.db.form_tokens import FormToken, is_first
from app.db.lanes import lane_of
from app.db.logbook import write_log
from app.db.staff_days import count_change
from app.db.tables import CustomerMoveRow
from app.db.tables.customer_move import MoveState
from app.db.waking import wake
from app.domain.how_many import how_many
from app.domain.settlement import CauseKind, MovementKind
from app.domain.staff_limits import Limit
from app.errors import BadRequest
from app.ledger.customer_moves import move_balance
from app.usecases.merchants.two_customers import CustomerMove, TwoCustomers, balance_to_move, find_two_customers, takes_along
from app.usecases.moving.causes import Busy
from app.usecases.moving.engine_run import Run, open_accounts
from app.usecases.moving.planning import new_movement, plan
from app.usecases.services import Services

log = structlog.get_logger()

REASON_LENGTH_MAX = 1024
# Locked while a move is begun, so that a second move of the same customer sees the first. Any number will do.
_MOVES_LOCK = 7_346_313


def preview_move(services: Services, store_slug: str, from_email: str, to_email: str, *, reason: str) -> CustomerMove:
    """Tell what a move would take along.

    Raises BadRequest where the move is not possible, with a sentence that says why, or where there is no reason.
    """
    _check_reason(reason)
    balance = balance_to_move(services, store_slug, from_email, to_email)
    with services.database.reading() as session:
        return takes_along(find_two_customers(session, store_slug, from_email, to_email, balance, lock=False), services.clock())


def move_customer(
    services: Services,
    store_slug: str,
    from_email: str,
    to_email: str,
    *,
    reason: str,
    who: str,
    once: FormToken | None = None,
    holds_limits: bool = False,
) -> CustomerMove | None:
    """Move a customer. None where the form was sent before.

    `holds_limits`: what moves counts towards the store's limits for staff, as a change by hand does. A move above one is refused.

    Raises BadRequest where the move is not possible, or there is no reason.
    """
    _check_reason(reason)
    if not 0 < len(who.strip()) <= 256:
        raise BadRequest("Say who you are: it stays with the move.")
    balance = balance_to_move(services, store_slug, from_email, to_email)
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, services.clock()):
            return None
        if not services.database.is_sqlite:
            session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MOVES_LOCK})
        both = find_two_customers(session, store_slug, from_email, to_email, balance, lock=True)
        told = takes_along(both, services.clock())
        if holds_limits:
            _count(session, both, told, who.strip(), services.clock())
        move = _new_move(services, session, both, reason.strip(), who.strip())
        if both.is_embedded:
            _move_here(services, session, both, move)
            if holds_limits and move.points > told.points:
                raise BadRequest("The balance of this customer rose meanwhile. Nothing was moved; try again in a moment.")
        elif both.balance.available > 0:
            _plan_debit(services, session, both, move)
        _wake_orders(services, session, both)
        along = f"{how_many(told.points, 'point')} and {how_many(told.orders, 'order')}"
        said = f"A customer is moved to another address: {along}. {move.reason}"
        write_log(session, move.store_id, "customer_move", said, now=move.made_at, made_by=move.made_by)
    log.info("customer moved", store=store_slug, points=told.points, orders=told.orders)
    return told


def _count(session: Session, both: TwoCustomers, told: CustomerMove, who: str, now: datetime) -> None:
    """Count what moves towards the mover's day. Raises BadRequest where that is above a limit."""
    points = told.points + told.waiting
    if points > 0 and isinstance(count_change(session, both.store, points, who, now), Limit):
        raise BadRequest(
            f"Moving {points} points is above a limit of your shop for staff. Nothing was moved."
            " Somebody with MANAGE_APPS can move this customer."
        )


def _check_reason(reason: str) -> None:
    if not 0 < len(reason.strip()) <= REASON_LENGTH_MAX:
        raise BadRequest("Say why: the reason stays with the move.")


def _new_move(services: Services, session: Session, both: TwoCustomers, reason: str, who: str) -> CustomerMoveRow:
    now = services.clock()
    waits = not both.is_embedded and both.balance.available > 0
    move = CustomerMoveRow(
        store_id=both.store.id or 0,
        account_id=both.account.id or 0,
        from_email=both.from_email,
        from_key=both.from_key,
        to_email=both.to_email,
        to_key=both.to_key,
        state=MoveState.TAKING if waits else MoveState.DONE,
        points=both.balance.available if waits else 0,
        reason=reason,
        made_by=who,
        made_at=now,
        moved_at=None if waits else now,
    )
    session.add(move)
    session.flush()
    return move


def _move_here(services: Services, session: Session, both: TwoCustomers, move: CustomerMoveRow) -> None:
    """Move embedded points. The claims that wait get the new address, and keep their links."""
    for claim in both.points_claims:
        claim.email, claim.email_key = both.to_email, both.to_key
    marks = {claim.token_mark for claim in both.points_claims}
    for mine in both.claims:
        if mine.token_mark in marks:
            mine.email, mine.lane = both.to_email, lane_of(session, both.accounts[mine.account_id], both.to_email)
    session.flush()
    keys = (both.from_key, both.to_key)
    move.points = move_balance(session, move.store_id, *keys, both.to_email, move_id=move.id or 0, now=services.clock())
    # What comes to the old address from now on is not moved. Both customers are locked until the end.
    move.moved_at = services.clock()
    session.flush()


def _plan_debit(services: Services, session: Session, both: TwoCustomers, move: CustomerMoveRow) -> None:
    run = Run(services, open_accounts(services, session, both.store), services.causes[CauseKind.MOVE])
    cause = {"cause_kind": CauseKind.MOVE, "cause_id": move.id, "decided_by": move.made_by}
    points, now = -both.balance.available, services.clock()
    debit = new_movement(run.accounts, both.account, MovementKind.DEBIT, points, both.from_email, now, **cause)
    _, results = plan(session, run, [debit], now)
    if any(isinstance(result, Busy) for result in results):
        raise BadRequest("Another change of this customer's points is under way. Nothing was moved; try again in a moment.")


def _wake_orders(services: Services, session: Session, both: TwoCustomers) -> None:
    """Wake the orders whose points are moved, and those of the new address that lack points."""
    for order in (*both.orders, *(order for order in both.others if order.shortfall > 0)):
        wake(session, order.id or 0, services.clock())
