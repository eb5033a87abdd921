"""Make the keys by which people are found anew, once no version runs that compares addresses in another way.

Rows whose keys fall together become one: their points are moved, and the old key stays as a tombstone. Where one key held two
people nobody can tell whose points are whose. They stay with the spelling of the balance, the other address begins with
nothing, and staff get a list.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import text, update
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, SQLModel, col, select

from app.db.engine import Database
from app.db.keys import KEYS_LOCK, has_new_keys, not_ascii
from app.db.lanes import lane_under
from app.db.logbook import write_log
from app.db.movements import is_open
from app.db.tables import (
    AccountRow,
    AdjustmentRow,
    ApprovalRequestRow,
    ClaimRow,
    CustomerMoveRow,
    FinishedStepRow,
    MovementRow,
    OrderRow,
    PointsClaimRow,
    PointsCustomerRow,
    RedemptionRow,
    SpendRow,
    SplitCustomerRow,
)
from app.db.tables.customer_move import MoveState
from app.db.tables.finished_step import UpgradeStep
from app.domain.email import email_key, former_key
from app.domain.log_level import LogLevel
from app.domain.settlement import INSTANT_KINDS, CauseKind
from app.domain.store import AccountKind
from app.ledger.customer_moves import move_balance

log = structlog.get_logger()

_ROWS_AT_ONCE = 5000
# A worker that holds orders and waits for the keys, and this step that holds the keys and waits for orders: PostgreSQL ends one
# of the two at once. The worker's batch is done again, and so is this.
_TRIES = 5


@dataclass(frozen=True, slots=True)
class RenewedKeys:
    """What making the keys anew came to. Nothing where it had been done before."""

    merged: int = 0
    split: int = 0
    is_new: bool = False


def renew_keys(database: Database, now: datetime) -> RenewedKeys:
    """Make the keys anew, unless that is done. The last part is one transaction."""
    with database.reading() as session:
        if has_new_keys(session):
            return RenewedKeys()
    while _fill_claims(database):
        pass
    for _ in range(_TRIES - 1):
        try:
            return _renew(database, now)
        except OperationalError:
            log.warning("the keys are in use; they are made anew in another try")
    return _renew(database, now)


def _fill_claims(database: Database) -> bool:
    """Write the keys of some claims that have none. Claims have no other key that an older version reads."""
    with database.writing() as session:
        query = select(PointsClaimRow).where(col(PointsClaimRow.email_key).is_(None), PointsClaimRow.email != "")
        claims = session.exec(query.order_by(col(PointsClaimRow.id)).limit(_ROWS_AT_ONCE).with_for_update()).all()
        for claim in claims:
            claim.email_key = email_key(claim.email)
        return bool(claims)


def _renew(database: Database, now: datetime) -> RenewedKeys:
    with database.writing() as session:
        if not database.is_sqlite:
            session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": KEYS_LOCK})
        if session.get(FinishedStepRow, UpgradeStep.EMAIL_KEYS.value) is not None:
            return RenewedKeys()
        for claim in session.exec(_without_key()):
            claim.email_key = email_key(claim.email)
        split = _list_split(session, now)
        merged = _renew_customers(session, now)
        for order in _not_ascii(session, OrderRow, "email"):
            order.email_key = email_key(order.email)
        for adjustment in _not_ascii(session, AdjustmentRow, "email_key"):
            adjustment.email_key = email_key(adjustment.email_key)
        for asked in _not_ascii(session, ApprovalRequestRow, "email"):
            asked.email_key = email_key(asked.email)
        for paid in _not_ascii(session, SpendRow, "email"):
            paid.email_key = email_key(paid.email)
        for redemption in _not_ascii(session, RedemptionRow, "email"):
            redemption.email_key = email_key(redemption.email)
        _renew_lanes(session)
        session.add(FinishedStepRow(name=UpgradeStep.EMAIL_KEYS, finished_at=now))
    log.info("keys made anew", merged=merged, split=split)
    return RenewedKeys(merged, split, is_new=True)


def _without_key() -> Any:
    return select(PointsClaimRow).where(col(PointsClaimRow.email_key).is_(None), PointsClaimRow.email != "")


def _not_ascii(session: Session, model: type[SQLModel], column: str) -> Iterator[Any]:
    """Find the rows whose address is not plain ASCII: of all others the key stays as it was."""
    query: Any = select(model).where(not_ascii(session, column))
    yield from session.exec(query.order_by(model.id)).all()  # type: ignore[attr-defined]  # all of these tables have one


def _renew_customers(session: Session, now: datetime) -> int:
    """Give each customer the key of its spelling. Gives how many were moved into another row, which has that key."""
    left = [row for row in _not_ascii(session, PointsCustomerRow, "email") if row.email_key != email_key(row.email)]
    is_progress = True
    while is_progress:
        # A key is free once the row that had it got its own.
        free = [row for row in left if _customer(session, row.store_id, email_key(row.email)) is None]
        is_progress = bool(free)
        for row in free[:1]:
            row.email_key = email_key(row.email)
            session.flush()
            left.remove(row)
    for row in left:
        _merge(session, row, now)
    return len(left)


def _customer(session: Session, store_id: int, key: str) -> PointsCustomerRow | None:
    return session.exec(
        select(PointsCustomerRow).where(PointsCustomerRow.store_id == store_id, PointsCustomerRow.email_key == key)
    ).first()


def _merge(session: Session, row: PointsCustomerRow, now: datetime) -> None:
    """Move one spelling's points to the other's row. Both are one person by the new key."""
    accounts = select(AccountRow.id).where(AccountRow.store_id == row.store_id, AccountRow.kind == AccountKind.EMBEDDED)
    move = CustomerMoveRow(
        store_id=row.store_id,
        account_id=session.exec(accounts.order_by(col(AccountRow.id).desc())).first() or 0,
        from_email=row.email,
        from_key=row.email_key,
        to_email=row.email,
        to_key=email_key(row.email),
        state=MoveState.DONE,
        reason="Two spellings of one address are one customer.",
        made_by="upgrade",
        made_at=now,
        moved_at=now,
    )
    session.add(move)
    session.flush()
    move.points = move_balance(session, row.store_id, move.from_key, move.to_key, row.email, move_id=move.id or 0, now=now)


def _list_split(session: Session, now: datetime) -> int:
    """List the addresses that had one balance and are two people. Gives how many pairs there are."""
    spellings: dict[tuple[int, str], set[str]] = defaultdict(set)
    for model in (PointsCustomerRow, OrderRow, MovementRow, PointsClaimRow):
        for row in _not_ascii(session, model, "email"):
            if email_key(row.email) != former_key(row.email):
                spellings[row.store_id, former_key(row.email)].add(row.email)
    found = 0
    for (store_id, key), emails in spellings.items():
        customer = _customer(session, store_id, key)
        if customer is None:
            continue
        emails |= {email for email in _plain_spellings(session, store_id, key) if email}
        others = {email_key(email): email for email in sorted(emails) if email_key(email) != email_key(customer.email)}
        for other in others.values():
            session.add(SplitCustomerRow(store_id=store_id, email=customer.email, other_email=other, found_at=now))
        if others:
            said = (
                "Two addresses that were taken for one customer are two from now on. The points stay with one of them; the other "
                "begins with nothing. The page Customers and the command `saleor-points customers split` list them. A move joins "
                "two that are one person."
            )
            write_log(session, store_id, "customers_split", said, now=now, level=LogLevel.WARNING)
        found += len(others)
    session.flush()
    return found


def _plain_spellings(session: Session, store_id: int, key: str) -> set[str | None]:
    """Find the addresses in orders, claims and movements that had this key."""
    orders = select(OrderRow.email).where(OrderRow.store_id == store_id, OrderRow.email_key == key).distinct()
    claims = select(PointsClaimRow.email).where(PointsClaimRow.store_id == store_id, PointsClaimRow.email_key == key).distinct()
    marks = session.exec(select(AccountRow.lane_mark).where(AccountRow.store_id == store_id))
    lanes = [lane_under(mark, key) for mark in marks]
    movements = select(MovementRow.email).where(MovementRow.store_id == store_id, col(MovementRow.lane).in_(lanes)).distinct()
    return {*session.exec(orders), *session.exec(claims), *session.exec(movements)}


def _renew_lanes(session: Session) -> None:
    """Put movements and claims into the lanes of the new keys. Erased ones have made-up addresses, which are plain ASCII."""
    marks = {account.id: account.lane_mark for account in session.exec(select(AccountRow))}
    for movement in _not_ascii(session, MovementRow, "email"):
        lane = lane_under(marks[movement.account_id], email_key(movement.email))
        if movement.lane != lane and not _is_taken(session, movement, lane):
            session.execute(update(MovementRow).where(col(MovementRow.id) == movement.id).values(lane=lane))
        if movement.cause[0] == CauseKind.CUSTOMER and movement.cause_id is not None:
            key = {"email_key": email_key(movement.email)}
            session.execute(update(AdjustmentRow).where(col(AdjustmentRow.id) == movement.cause_id).values(key))
    for claim in _not_ascii(session, ClaimRow, "email"):
        claim.lane = lane_under(marks[claim.account_id], email_key(claim.email))


def _is_taken(session: Session, movement: MovementRow, lane: str) -> bool:
    """Tell whether another open INSTANT is in a lane. Then this open one ends in the lane that it has."""
    if movement.kind not in INSTANT_KINDS or movement.ended_at is not None:
        return False
    others: Any = select(MovementRow.id).where(MovementRow.lane == lane, MovementRow.id != movement.id, is_open())  # type: ignore[arg-type]  # a condition
    return session.exec(others.where(col(MovementRow.kind).in_(INSTANT_KINDS))).first() is not None
