"""What a customer has today of that which came to several addresses: staff moved it here, and not away."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_
from sqlmodel import Session, col, select

from app.db.former_addresses import former_addresses
from app.db.keys import keys_in
from app.db.tables import CustomerMoveRow


@dataclass(frozen=True, slots=True)
class OwnPeriod:
    """What came to `key` after `since`, and until `until`, is the customer's today. None: without such a bound."""

    key: str
    since: datetime | None
    until: datetime | None


def periods_of(session: Session, store_id: int, email: str) -> tuple[OwnPeriod, ...]:
    """Find all periods whose things are a customer's. Two queries where nobody was moved to this address or from it."""
    own = keys_in(session, email)
    keys = own | {one.key for one in former_addresses(session, store_id, email)}
    moves = _moves_from(session, store_id, keys)
    found = []
    for key in sorted(keys):
        since = None
        for move in moves.get(key, ()):
            if _end_of(moves, move) in own:
                found.append(OwnPeriod(key, since, move.moved_at))
            since = move.moved_at
        if key in own:
            found.append(OwnPeriod(key, since, None))
    return tuple(found)


def in_a_period(periods: Collection[OwnPeriod], key: Any, at: Any) -> ColumnElement[bool]:
    """Choose the rows that came to a customer in one of these periods, by their columns of the key and of the moment."""
    return or_(false(), *(_is_in(one, col(key), col(at)) for one in periods))


def _is_in(period: OwnPeriod, key: Any, at: Any) -> ColumnElement[bool]:
    bounds = [key == period.key]
    bounds += [at > period.since] if period.since is not None else []
    bounds += [at <= period.until] if period.until is not None else []
    return and_(*bounds)


def _moves_from(session: Session, store_id: int, keys: Collection[str]) -> Mapping[str, Sequence[CustomerMoveRow]]:
    """Load the moves from these keys and those that may have followed them, by key, oldest first."""
    found: dict[str, list[CustomerMoveRow]] = defaultdict(list)
    wanted, known = set(keys), set[str]()
    while wanted:
        known |= wanted
        query = select(CustomerMoveRow).where(
            CustomerMoveRow.store_id == store_id,
            col(CustomerMoveRow.from_key).in_(wanted),
            col(CustomerMoveRow.moved_at).is_not(None),
        )
        moves = session.exec(query.order_by(col(CustomerMoveRow.moved_at), col(CustomerMoveRow.id))).all()
        for move in moves:
            found[move.from_key].append(move)
        wanted = {move.to_key for move in moves} - known
    return found


def _end_of(moves: Mapping[str, Sequence[CustomerMoveRow]], move: CustomerMoveRow) -> str:
    """Follow a move forward in time, to the key that has its things today."""
    following: CustomerMoveRow | None = move
    while following is not None:
        last = following
        later = (one for one in moves.get(last.to_key, ()) if _moment(one) > _moment(last))
        following = next(later, None)
    return last.to_key


def _moment(move: CustomerMoveRow) -> tuple[datetime, int]:
    if move.moved_at is None:
        raise RuntimeError("a move that did not happen")
    return move.moved_at, move.id or 0
