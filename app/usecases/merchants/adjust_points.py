"""What staff change by hand: the points due of an order, the balance of a customer, and a shortfall that is written off."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import structlog
from sqlalchemy import update
from sqlmodel import Session, col, select

from app.db.books import lane_of
from app.db.form_tokens import FormToken, is_first
from app.db.keys import key_in
from app.db.logbook import write_log
from app.db.stores import current_account, find_store_by_slug
from app.db.tables import AccountRow, AdjustmentRow, MovementRow, OrderRow, StoreRow
from app.db.waking import wake
from app.domain.arithmetic_versions import NEWEST
from app.domain.bounds import POINTS_MAX
from app.domain.email import is_typed_well
from app.domain.settlement import CauseKind, MovementKind, MovementState
from app.errors import BadRequest
from app.providers.protocol import Rejected
from app.saleor.parsing import is_order_id
from app.usecases.moving.causes import Busy, Ended, Result
from app.usecases.moving.engine_run import Run, open_accounts
from app.usecases.moving.planning import new_movement, plan
from app.usecases.services import Services

log = structlog.get_logger()

TEXT_LENGTH_MAX = 1024


def adjust_order(
    services: Services, store_slug: str, number: str, *, points: int, reason: str, who: str, once: FormToken | None = None
) -> None:
    """Give or take extra points for an order, known by its number or Saleor's id. The worker settles it at once.

    Raises BadRequest when there is no such order, or no reason.
    """
    _check(points, reason, who)
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return
        order = find_order(session, store_slug, number)
        session.add(
            AdjustmentRow(
                store_id=order.store_id,
                order_id=order.id,
                points=points,
                reason=reason,
                made_by=who,
                made_at=now,
                arithmetic=NEWEST,
            )
        )
        wake(session, order.id or 0, now)
        said = f"Points of order {order.number or ''} changed by {points:+}: {reason.strip()}"
        write_log(session, order.store_id, "adjusted", said, now=now, made_by=who)
    log.info("order adjusted", store=store_slug, order=number, points=points)


@dataclass(frozen=True, slots=True)
class Adjusted:
    """What came of a change of a customer's points: how many were given (or taken, below zero), and the refusal if there was one.

    `points` is None while the points provider was not asked yet. `movement_id` names the change.
    """

    movement_id: UUID
    points: int | None
    refusal: str = ""


def adjust_customer(
    services: Services, store_slug: str, email: str, *, points: int, reason: str, who: str, once: FormToken | None = None
) -> Adjusted | None:
    """Give or take points of a customer, by one INSTANT: at once with embedded points, else when the worker asks for it.

    None where the form was sent before.

    Raises BadRequest when there is no such store, the address is none, or there is no reason.
    """
    _check(points, reason, who)
    if not is_typed_well(email):
        raise BadRequest("This is not an e-mail address.")
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return None
        store, account = _store_and_account(session, store_slug)
        adjustment = AdjustmentRow(
            store_id=store.id or 0, email_key=key_in(session, email), points=points, reason=reason, made_by=who, made_at=now
        )
        session.add(adjustment)
        session.flush()
        run = Run(services, open_accounts(services, session, store), services.causes[CauseKind.CUSTOMER])
        kind = MovementKind.CREDIT if points > 0 else MovementKind.DEBIT
        cause = {"cause_kind": CauseKind.CUSTOMER, "cause_id": adjustment.id}
        movement = new_movement(run.accounts, account, kind, points, email.strip(), now, decided_by=who, **cause)
        _, results = plan(session, run, [movement], now)
        if any(isinstance(result, Busy) for result in results):
            raise BadRequest("Another change of this customer's points is under way. Nothing was changed; try again in a moment.")
        said = f"A customer's points changed by {points:+}: {reason.strip()}"
        write_log(session, store.id or 0, "adjusted", said, now=now, made_by=who)
    log.info("customer adjusted", store=store_slug, points=points)
    return _adjusted(movement.id, results)


def _adjusted(movement_id: UUID, results: Sequence[Result]) -> Adjusted:
    for result in results:
        if isinstance(result, Ended):
            if isinstance(result.outcome, Rejected):
                return Adjusted(movement_id, 0, result.outcome.reason)
            return Adjusted(movement_id, result.movement.points)
    return Adjusted(movement_id, None)


def write_off(services: Services, store_slug: str, number: str, *, who: str, once: FormToken | None = None) -> int:
    """Close an order's shortfall without taking anything, and give how many points it was.

    Raises BadRequest when the order lacks nothing.
    """
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return 0
        order = find_order(session, store_slug, number, lock=True)
        if order.shortfall <= 0:
            raise BadRequest("Nothing is missing from this order.")
        _, account = _store_and_account(session, store_slug)
        session.add(
            MovementRow(
                id=uuid4(),
                store_id=order.store_id,
                order_id=order.id,
                account_id=account.id or 0,
                kind=MovementKind.WRITE_OFF,
                state=MovementState.ACCEPTED,
                points=-order.shortfall,
                email=order.email or "",
                lane=lane_of(session, account, order.email or ""),
                planned_at=now,
                ended_at=now,
                decided_by=who,
            )
        )
        let_go = order.shortfall
        session.execute(
            update(OrderRow)
            .where(col(OrderRow.id) == order.id)
            .values(granted=col(OrderRow.granted) - let_go, shortfall=0, shortfall_since=None, problem_code=None, problem=None)
        )
        wake(session, order.id or 0, now)
        said = f"{let_go} missing points of order {order.number or ''} were let go."
        write_log(session, order.store_id, "written_off", said, now=now, made_by=who)
    log.info("shortfall written off", store=store_slug, order=number, points=let_go)
    return let_go


def look_again(
    services: Services, store_slug: str, number: str, *, who: str | None = None, once: FormToken | None = None
) -> None:
    """Look at an order now, and ask again for what the provider refused.

    Raises BadRequest when there is no such order.
    """
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return
        order = find_order(session, store_slug, number, lock=True)
        session.execute(update(OrderRow).where(col(OrderRow.id) == order.id).values(refused_step=None))
        wake(session, order.id or 0, now)
        said = f"Order {order.number or ''} is looked at again."
        write_log(session, order.store_id, "looked_again", said, now=now, made_by=who)


def find_order(session: Session, store_slug: str, number: str, *, lock: bool = False) -> OrderRow:
    """Find an order by its store's slug and its number, or Saleor's id of it.

    Raises BadRequest when there is none.
    """
    is_it = OrderRow.saleor_order_id == number if is_order_id(number) else OrderRow.number == number
    query = select(OrderRow).join(StoreRow).where(StoreRow.slug == store_slug, is_it)
    order = session.exec(query.with_for_update(of=OrderRow) if lock else query).first()
    if order is None:
        raise BadRequest(f"The store {store_slug} has no order {number} here.")
    return order


def _store_and_account(session: Session, store_slug: str) -> tuple[StoreRow, AccountRow]:
    store = find_store_by_slug(session, store_slug)
    account = current_account(session, store.id) if store is not None and store.id is not None else None
    if store is None or account is None:
        raise BadRequest(f"There is no store {store_slug}.")
    return store, account


def _check(points: int, reason: str, who: str) -> None:
    if not 0 < abs(points) <= POINTS_MAX:
        raise BadRequest(f"Points must be a whole number from 1 to {POINTS_MAX}, with a minus to take them.")
    if not 0 < len(reason.strip()) <= TEXT_LENGTH_MAX or not 0 < len(who.strip()) <= 256:
        raise BadRequest("Say why, and who you are: both stay with the points.")
