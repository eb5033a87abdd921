"""Show a signed-in shopper what happened to their points: each change, and why."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.db.stores import current_account
from app.db.tables.points_entry import EntryKind
from app.domain.store import AccountKind
from app.ledger.balance_history import HistoryEntry, Source, history_of_customer
from app.usecases.confirmed_shoppers import SignedIn
from app.usecases.services import Services

PAGE_MAX = 100


class HistoryChange(StrEnum):
    """What a change of a balance is to the shopper.

    CLAIMED     the shopper claimed points
    EARNED      an order brought points, without a claim
    TAKEN_BACK  an order was refunded, cancelled or changed
    PAID        the shopper paid with points, or took a reward for them
    RETURNED    points of a payment, or of a reward, came back
    IMPORTED    the balance was brought in from another program
    MOVED       the customer was moved from another address, or to one
    GIVEN       the shop gave points
    TAKEN       the shop took points
    RAN_OUT     points were not used in time
    """

    CLAIMED = "claimed"
    EARNED = "earned"
    TAKEN_BACK = "taken_back"
    PAID = "paid"
    RETURNED = "returned"
    IMPORTED = "imported"
    MOVED = "moved"
    GIVEN = "given"
    TAKEN = "taken"
    RAN_OUT = "ran_out"


@dataclass(frozen=True, slots=True)
class ExplainedEntry:
    """One change of a shopper's balance. Who did it, and the reason that staff gave, stay in the shop.

    `before_move`: it happened under another address, from which the shop moved the shopper to this one. `balance` is that
    address's then. `is_reward`: the points bought a reward, or came back from one.
    """

    id: int
    at: datetime
    change: HistoryChange
    points: int
    balance: int
    order_number: str | None
    before_move: bool
    is_reward: bool


@dataclass(frozen=True, slots=True)
class ShopperHistory:
    """Changes, newest first. `older` is the id to ask for next; None where there is no more.

    `is_whole` is False where the points are kept elsewhere: nobody here knows what else changed the balance there.
    """

    entries: tuple[ExplainedEntry, ...]
    older: int | None
    is_whole: bool


def show_history(services: Services, shopper: SignedIn, *, size: int, before: int | None = None) -> ShopperHistory:
    """Show one page of a shopper's history, by three queries."""
    with services.database.reading() as session:
        account = current_account(session, shopper.store_id)
        if account is None or account.kind != AccountKind.EMBEDDED:
            return ShopperHistory((), None, is_whole=False)
        page = history_of_customer(session, shopper.store_id, shopper.email, size=size, before=before)
    return ShopperHistory(tuple(_explained(entry) for entry in page.entries), page.older, is_whole=True)


def _explained(entry: HistoryEntry) -> ExplainedEntry:
    return ExplainedEntry(
        id=entry.id,
        at=entry.at,
        change=_change_of(entry),
        points=entry.amount,
        balance=entry.available_after,
        order_number=entry.order_number,
        before_move=bool(entry.former_email),
        is_reward=entry.source is Source.REWARD,
    )


def _change_of(entry: HistoryEntry) -> HistoryChange:
    if entry.kind in _BY_KIND:
        return _BY_KIND[entry.kind]
    if entry.source is Source.ORDER:
        return HistoryChange.EARNED if entry.amount > 0 else HistoryChange.TAKEN_BACK
    return HistoryChange.GIVEN if entry.amount > 0 else HistoryChange.TAKEN


_BY_KIND = {
    EntryKind.CLAIM: HistoryChange.CLAIMED,
    EntryKind.SPEND: HistoryChange.PAID,
    EntryKind.GIVE_BACK: HistoryChange.RETURNED,
    EntryKind.IMPORT: HistoryChange.IMPORTED,
    EntryKind.MOVE: HistoryChange.MOVED,
    EntryKind.EXPIRE: HistoryChange.RAN_OUT,
}
