"""Orders as a cause of movements: what an outcome means for an order, its claims and its granted points."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, update
from sqlmodel import Session, col, select

from app.db.bulk import insert_rows
from app.db.logbook import write_log
from app.db.movements import add_to_granted
from app.db.queue import keep_lease
from app.db.tables import ClaimRow, MovementRow, OrderRow
from app.db.waking import wake
from app.domain.claim import ClaimState
from app.domain.email import email_key
from app.domain.log_level import LogLevel
from app.domain.settlement import CauseKind, MovementKind
from app.providers.protocol import INSUFFICIENT, Accepted, Rejected
from app.sealing import Sealer, fingerprint
from app.usecases.moving.accounts import Accounts
from app.usecases.moving.balances import NOTHING_THERE
from app.usecases.moving.causes import Ended
from app.usecases.moving.resolve_movement import DECIDED

REFUSED = "refused"
# These refusals end by themselves: the balance was read a moment too early, or holds nothing and is looked at again later.
_NOT_REMEMBERED = frozenset({INSUFFICIENT, NOTHING_THERE, DECIDED})


@dataclass(frozen=True, slots=True)
class OrderCause:
    """Orders held by a lease, or, without one, locked for this transaction and woken by what is recorded."""

    lease_token: str | None = None
    kind: str = CauseKind.ORDER

    def hold(self, session: Session, movements: Sequence[MovementRow], now: datetime) -> set[UUID]:
        """Lock the orders of these movements. Gives the movements whose orders are still held by the lease."""
        order_ids = [movement.order_id or 0 for movement in movements]
        if self.lease_token is not None:
            held = keep_lease(session, self.lease_token, order_ids, now)
        else:
            locked = select(OrderRow.id).where(col(OrderRow.id).in_(order_ids)).order_by(col(OrderRow.id))
            held = {order_id or 0 for order_id in session.exec(locked.with_for_update())}
        return {movement.id for movement in movements if movement.order_id in held}

    def record(self, session: Session, sealer: Sealer, accounts: Accounts, ended: Sequence[Ended], now: datetime) -> None:
        """Write what was granted, new and changed claims, and refusals that will not end by themselves."""
        accepted = [(one.movement, one.outcome) for one in ended if isinstance(one.outcome, Accepted)]
        granted: dict[int, int] = {}
        for movement, _ in accepted:
            granted[movement.order_id or 0] = granted.get(movement.order_id or 0, 0) + movement.points
        add_to_granted(session, granted)
        claims = [
            _new_claim(sealer, accounts, movement, outcome, now)
            for movement, outcome in accepted
            if movement.kind == MovementKind.CLAIM and movement.target_id is None
        ]
        insert_rows(session, ClaimRow, claims)
        for movement, _ in accepted:
            if movement.kind in {MovementKind.CLAIM, MovementKind.VOID} and movement.target_id is not None:
                _change_claim(session, movement)
        for one in ended:
            if isinstance(one.outcome, Rejected) and is_remembered(one.outcome):
                self._remember_refusal(session, one.movement, one.outcome, now)
        if self.lease_token is None:
            for order_id in sorted({one.movement.order_id or 0 for one in ended}):
                wake(session, order_id, now)

    def name(self, session: Session, movement: MovementRow) -> str:
        """Name the order by its number."""
        number = session.exec(select(OrderRow.number).where(OrderRow.id == movement.order_id)).first()
        return f"Order {number or '?'}"

    def _remember_refusal(self, session: Session, movement: MovementRow, outcome: Rejected, now: datetime) -> None:
        """Write what the provider said no to and will not be asked again by itself, and tell the merchant."""
        refused = {"refused_step": refusal_mark(movement), "problem_code": REFUSED, "problem": outcome.reason}
        session.execute(update(OrderRow).where(col(OrderRow.id) == movement.order_id).values(refused))
        name = self.name(session, movement)
        message = f"{name}: the points provider refused {abs(movement.points)} points. It says: {outcome.reason}"
        write_log(session, movement.store_id, REFUSED, message, now=now, level=LogLevel.WARNING)


def is_remembered(outcome: Rejected) -> bool:
    """True if asking again unchanged would be refused again."""
    return outcome.code not in _NOT_REMEMBERED


def refusal_mark(movement: MovementRow) -> str:
    """Give what a refusal depends on. While it stays the same, asking again is pointless."""
    parts = (
        movement.kind,
        movement.points,
        movement.account_id,
        email_key(movement.email),
        movement.customer_type,
        movement.expires_days,
    )
    return fingerprint("|".join(str(part) for part in parts))


def _change_claim(session: Session, movement: MovementRow) -> None:
    """Change what a claim holds. One that ran out stays so when nothing is left of it."""
    left = col(ClaimRow.points) + movement.points
    is_withdrawn = and_(left == 0, col(ClaimRow.state) != ClaimState.EXPIRED)
    state = case((is_withdrawn, ClaimState.VOID.value), else_=col(ClaimRow.state))
    session.execute(update(ClaimRow).where(col(ClaimRow.id) == movement.target_id).values(points=left, state=state))


def _new_claim(sealer: Sealer, accounts: Accounts, movement: MovementRow, outcome: Accepted, now: datetime) -> dict[str, Any]:
    goes_out = accounts.goes_out_at_once(movement)
    return {
        "id": movement.id,
        "order_id": movement.order_id or 0,
        "account_id": movement.account_id,
        "points": movement.points,
        "email": movement.email,
        "lane": movement.lane,
        "state": ClaimState.SHOWN if goes_out else ClaimState.OPEN,
        "url_sealed": sealer.seal_short(outcome.claim_url or ""),
        "token_mark": fingerprint(outcome.claim_token or str(movement.id)),
        "created_at": now,
        "expires_on": outcome.expires_on,
        "shown_at": (movement.sent_at or now) if goes_out else None,
        "shown_available": movement.available_before if goes_out else None,
        "shown_used": movement.used_before if goes_out else None,
    }
