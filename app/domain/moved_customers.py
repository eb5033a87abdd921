"""Who holds points now: customers are moved from one address to another, and their points with them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from app.domain.email import email_key
from app.domain.settlement import Position


@dataclass(frozen=True, slots=True)
class MovedCustomer:
    """One move at one account: what `from_key` held at `moved_at` is held by `to_email` from then on.

    `is_in_transit` is true while the new address does not have the points yet.
    """

    id: int
    account_id: int
    from_key: str
    to_email: str
    moved_at: datetime
    is_in_transit: bool = False


# All moves from one address at one account, by account and key, oldest first. Under ANY_ACCOUNT: at whichever account.
MovedCustomers = Mapping[tuple[int, str], tuple[MovedCustomer, ...]]
ANY_ACCOUNT = 0


class Holder(NamedTuple):
    """Who holds points now, and whether they are on their way to that address."""

    email: str
    is_in_transit: bool


def holder_of(moves: MovedCustomers, account_id: int, email: str, since: datetime, *, and_at: int | None = None) -> Holder:
    """Follow the moves that a customer's points made after `since`.

    Moves are followed forward in time only. So a chain ends, and a customer who was moved away and back is found. `and_at`: the
    account to which the points come back. Moves at that account are followed, too.
    """
    is_in_transit, after = False, (since, 0)
    while True:
        found = (one for place in {account_id, and_at or account_id} for one in moves.get((place, email_key(email)), ()))
        later = (one for one in found if (one.moved_at, one.id) > after)
        move = min(later, key=lambda one: (one.moved_at, one.id), default=None)
        if move is None:
            return Holder(email, is_in_transit)
        email, after = move.to_email, (move.moved_at, move.id)
        is_in_transit = is_in_transit or move.is_in_transit


def held_now(position: Position, moves: MovedCustomers) -> tuple[Position, bool]:
    """Give a position with the customers who hold its points now, and whether any of its points are in transit.

    An open claim keeps its address: where that is not the order's any more, the claim is replaced.
    """
    if not moves:
        return position, False
    grants, taken_back, is_in_transit = [], [], False
    for grant in position.grants:
        if grant.email and grant.is_in_balance:
            holder = holder_of(moves, grant.account_id, grant.email, grant.since or grant.at)
            is_in_transit = is_in_transit or (holder.is_in_transit and grant.points > grant.undone)
            grants.append(replace(grant, email=holder.email))
        else:
            grants.append(grant)
    for taken in position.taken_back:
        holder = holder_of(moves, taken.account_id, taken.email, taken.since or taken.at)
        taken_back.append(replace(taken, email=holder.email))
    return Position(tuple(grants), tuple(taken_back), position.ran_out), is_in_transit
