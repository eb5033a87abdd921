"""The addresses from which staff moved a customer to the one of today."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from app.db.keys import keys_in
from app.db.tables import CustomerMoveRow
from app.domain.email import is_erased

# Nobody has as many. Each costs a few queries wherever a customer's past is listed.
FORMER_MAX = 20


@dataclass(frozen=True, slots=True)
class FormerAddress:
    """An address that was the customer's until `until`. What came to it later is somebody else's."""

    email: str
    key: str
    until: datetime


def former_addresses(session: Session, store_id: int, email: str) -> tuple[FormerAddress, ...]:
    """Find the addresses that a customer had before, the newest move first. One query where nobody was moved to this one.

    Moves are followed back in time only: what came to an address after its customer was moved away did not follow.
    """
    own = keys_in(session, email)
    found: dict[str, FormerAddress] = {}
    to_follow: list[tuple[set[str], datetime | None]] = [(own, None)]
    while to_follow and len(found) < FORMER_MAX:
        keys, until = to_follow.pop()
        query = select(CustomerMoveRow).where(
            CustomerMoveRow.store_id == store_id,
            col(CustomerMoveRow.to_key).in_(keys),
            col(CustomerMoveRow.moved_at).is_not(None) if until is None else col(CustomerMoveRow.moved_at) <= until,
        )
        for move in session.exec(query.order_by(col(CustomerMoveRow.moved_at).desc()).limit(FORMER_MAX)):
            known = found.get(move.from_key)
            is_new = move.moved_at is not None and (known is None or known.until < move.moved_at)
            if move.moved_at is not None and is_new and move.from_key not in own and not is_erased(move.from_email):
                found[move.from_key] = FormerAddress(move.from_email, move.from_key, move.moved_at)
                to_follow.append(({move.from_key}, move.moved_at))
    return tuple(sorted(found.values(), key=lambda one: one.until, reverse=True))
