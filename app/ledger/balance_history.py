"""The whole history of an embedded balance: its entries, each with who changed it and the balance after it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Row, bindparam, func, literal, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.db.columns import BigId
from app.db.former_addresses import FormerAddress, former_addresses
from app.db.keys import key_in
from app.db.tables import (
    AdjustmentRow,
    ApiKeyRow,
    ClaimRow,
    CustomerMoveRow,
    MovementRow,
    OrderRow,
    PointsClaimRow,
    PointsCustomerRow,
    PointsEntryRow,
    PointsSpendRow,
    RedemptionRow,
    SpendRow,
)
from app.db.tables.points_entry import EntryKind

# No entry has a higher id.
NEWEST = 2**63 - 1
_NOWHERE: Mapping[int, FormerAddress] = MappingProxyType({})


class Source(StrEnum):
    """What made an entry."""

    ORDER = "order"
    STAFF = "staff"
    API_KEY = "api_key"
    IMPORT = "import"
    MOVE = "move"
    PAYMENT = "payment"
    REWARD = "reward"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One change of a balance, and what was available after it.

    `who` is a staff user's e-mail, or the name of a key; empty where versions before did not write it. `note` is the reason that
    staff gave, or what a spend paid for. `other_email` is the other address of a customer who was moved. `former_email` is the
    address whose balance it changed, where the customer was moved from that one later; empty where it is today's.
    """

    id: int
    at: datetime
    kind: EntryKind
    source: Source
    amount: int
    used: int
    available_after: int
    order_id: str | None
    order_number: str | None
    who: str
    note: str
    other_email: str
    former_email: str = ""

    @property
    def what(self) -> str:
        """Name the change as people read it."""
        if self.source is Source.MOVE:
            return f"Moved from {self.other_email}" if self.amount > 0 or self.used > 0 else f"Moved to {self.other_email}"
        if self.kind is EntryKind.CLAIM:
            return "Claimed"
        if self.kind is EntryKind.EXPIRE:
            return "Ran out"
        if self.source is Source.IMPORT:
            return "Imported"
        if self.kind in _SPENDING:
            return _SPENDING[self.kind]
        if self.amount > 0:
            return "Given"
        return "Taken back" if self.source is Source.ORDER else "Taken"

    @property
    def shows_used(self) -> bool:
        """True where the change of what is used cannot be told from that of what is available."""
        return self.used != 0 and self.kind not in _SPENDING

    @property
    def by(self) -> str:
        """Name who did it: a staff user, a key of the Points API, an import, a checkout. Empty where only the order did."""
        if self.source is Source.API_KEY:
            return f"API key {self.who}" if self.who else "Points API"
        if self.source is Source.PAYMENT:
            return "" if self.order_id else "Checkout"
        named = {Source.IMPORT: "Import", Source.REWARD: "Reward"}
        return named.get(self.source, self.who)


_SPENDING = {EntryKind.SPEND: "Spent", EntryKind.GIVE_BACK: "Given back"}


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Entries, newest first. `newer` and `older` are the ids to ask for next; None where there is no more."""

    entries: tuple[HistoryEntry, ...]
    newer: int | None = None
    older: int | None = None


def history_of_customer(
    session: Session, store_id: int, email: str, *, size: int, before: int | None = None, after: int | None = None
) -> HistoryPage:
    """Give one page of what happened to the points of a customer, also at the addresses from which staff moved them here.

    The last entry of a former address is the one that moved its points. So all entries add up to the balance of today.
    """
    former = former_addresses(session, store_id, email)
    keys = {key_in(session, email), *(one.key for one in former)}
    query = select(col(PointsCustomerRow.email_key), col(PointsCustomerRow.id)).where(
        col(PointsCustomerRow.store_id) == store_id, col(PointsCustomerRow.email_key).in_(keys)
    )
    ids = {key: customer_id for key, customer_id in session.execute(query)}  # noqa: C416 - rows are no pairs
    before_moves = {ids[one.key]: one for one in former if one.key in ids}
    own = ids.get(key_in(session, email))
    return balance_history(session, own, size=size, before=before, after=after, before_moves=before_moves)


def balance_history(
    session: Session,
    customer_id: int | None,
    *,
    size: int,
    before: int | None = None,
    after: int | None = None,
    before_moves: Mapping[int, FormerAddress] = _NOWHERE,
) -> HistoryPage:
    """Give one page of a customer's entries, by one query: the newest, those before an id, or those after one.

    `before_moves` are balances of former addresses, whose entries until the move are listed too: by one query more for each.
    """
    is_back = after is not None
    at = after if after is not None else NEWEST if before is None else min(before, NEWEST)
    values = {"at": max(0, min(at, NEWEST)), "size": size + 1}
    found = [] if customer_id is None else _found(session, {**values, "customer_id": customer_id}, is_back=is_back)
    for former_id, former in before_moves.items():
        found += _found(session, {**values, "customer_id": former_id}, is_back=is_back, former=former)
    found.sort(key=lambda entry: entry.id, reverse=not is_back)
    has_more, found = len(found) > size, found[:size]
    entries = tuple(reversed(found) if is_back else found)
    if not entries:
        return HistoryPage(())
    is_newer = has_more if is_back else before is not None
    is_older = True if is_back else has_more
    return HistoryPage(entries, entries[0].id if is_newer else None, entries[-1].id if is_older else None)


def _found(
    session: Session, values: Mapping[str, int], *, is_back: bool, former: FormerAddress | None = None
) -> list[HistoryEntry]:
    query = _entries(is_back=is_back)
    if former is not None:
        query = query.where(col(PointsEntryRow.created_at) <= former.until)
    return [_read(row, former.email if former is not None else "") for row in session.execute(query, values)]


def _read(row: Row[Any], former_email: str) -> HistoryEntry:
    source = _source(row)
    by_staff = row.decided_by if source in {Source.STAFF, Source.ORDER} else row.moved_by
    other = "" if source is not Source.MOVE else row.from_email if row.amount > 0 or row.used > 0 else row.to_email
    return HistoryEntry(
        id=row.id,
        at=row.created_at,
        kind=EntryKind(row.kind),
        source=source,
        amount=row.amount,
        used=row.used,
        available_after=row.available_after,
        order_id=row.saleor_order_id or row.paid_order_id,
        order_number=row.number if row.saleor_order_id is not None else row.paid_order_number,
        who=(row.key_name if source is Source.API_KEY else by_staff) or "",
        note=row.reason or row.move_reason or row.reference or "",
        other_email=other or "",
        former_email=former_email,
    )


def _source(row: Row[Any]) -> Source:
    if row.kind == EntryKind.MOVE:
        return Source.MOVE
    if row.kind == EntryKind.IMPORT:
        return Source.IMPORT
    if row.kind == EntryKind.EXPIRE:
        return Source.TIME
    if row.payment_id is not None:
        return Source.PAYMENT
    if row.redemption_id is not None:
        return Source.REWARD
    if row.saleor_order_id is not None:
        return Source.ORDER
    return Source.API_KEY if row.movement_id is None else Source.STAFF


@cache
def _entries(*, is_back: bool) -> Any:
    """Build the query. All but the first table are found by their unique keys."""
    earlier, paid_order = aliased(PointsEntryRow), aliased(OrderRow)
    # The first version did not write the balance after an entry.
    added_up = (
        select(func.sum(col(earlier.amount)))
        .where(col(earlier.customer_id) == col(PointsEntryRow.customer_id), col(earlier.id) <= col(PointsEntryRow.id))
        .correlate(PointsEntryRow)
        .scalar_subquery()
    )
    key_id = func.coalesce(col(PointsEntryRow.api_key_id), col(PointsClaimRow.api_key_id), type_=BigId())
    beyond = col(PointsEntryRow.id) > bindparam("at") if is_back else col(PointsEntryRow.id) < bindparam("at")
    order = col(PointsEntryRow.id).asc() if is_back else col(PointsEntryRow.id).desc()
    return (
        select(
            col(PointsEntryRow.id),
            col(PointsEntryRow.created_at),
            col(PointsEntryRow.kind),
            col(PointsEntryRow.amount),
            col(PointsEntryRow.used),
            func.coalesce(col(PointsEntryRow.available_after), added_up).label("available_after"),
            col(MovementRow.id).label("movement_id"),
            col(MovementRow.decided_by),
            col(OrderRow.saleor_order_id),
            col(OrderRow.number),
            col(ApiKeyRow.name).label("key_name"),
            col(AdjustmentRow.reason),
            col(CustomerMoveRow.from_email),
            col(CustomerMoveRow.to_email),
            col(CustomerMoveRow.made_by).label("moved_by"),
            col(CustomerMoveRow.reason).label("move_reason"),
            col(PointsSpendRow.reference),
            col(SpendRow.id).label("payment_id"),
            col(RedemptionRow.id).label("redemption_id"),
            col(paid_order.saleor_order_id).label("paid_order_id"),
            col(paid_order.number).label("paid_order_number"),
        )
        .outerjoin(MovementRow, col(MovementRow.id) == col(PointsEntryRow.request_id))
        .outerjoin(PointsClaimRow, col(PointsClaimRow.id) == col(PointsEntryRow.claim_id))
        .outerjoin(ClaimRow, col(ClaimRow.token_mark) == col(PointsClaimRow.token_mark))
        .outerjoin(OrderRow, col(OrderRow.id) == func.coalesce(col(MovementRow.order_id), col(ClaimRow.order_id)))
        .outerjoin(ApiKeyRow, col(ApiKeyRow.id) == key_id)
        .outerjoin(
            AdjustmentRow,
            (col(MovementRow.cause_kind) == literal("customer")) & (col(AdjustmentRow.id) == col(MovementRow.cause_id)),
        )
        .outerjoin(PointsSpendRow, col(PointsSpendRow.id) == col(PointsEntryRow.spend_id))
        # A payment in Saleor is known to the ledger by its reference.
        .outerjoin(SpendRow, col(SpendRow.reference) == col(PointsSpendRow.request_id))
        # So is a reward that was taken.
        .outerjoin(RedemptionRow, col(RedemptionRow.reference) == col(PointsSpendRow.request_id))
        .outerjoin(
            paid_order,
            (col(paid_order.store_id) == col(SpendRow.store_id))
            & (col(paid_order.saleor_order_id) == col(SpendRow.saleor_order_id)),
        )
        .outerjoin(CustomerMoveRow, col(CustomerMoveRow.id) == col(PointsEntryRow.move_id))
        .where(col(PointsEntryRow.customer_id) == bindparam("customer_id"), beyond)
        .order_by(order)
        .limit(bindparam("size"))
    )
