"""The embedded ledger: claims to take, and balances that are the sums of append-only entries.

Every function works inside the caller's transaction. Rows are locked in one order everywhere: claims, then customers.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, literal_column, select, update
from sqlmodel import Session, col

from app.db.bulk import IsIn
from app.db.keys import key_in
from app.db.spend_waking import wake_debts
from app.db.tables.points_claim import PointsClaimRow, PointsClaimState
from app.db.tables.points_customer import PointsCustomerRow
from app.db.tables.points_entry import EntryKind
from app.db.waking import wake_short
from app.domain.claim import Balance
from app.ledger import statements as ledger_bulk
from app.ledger.statements import ClaimToAdd, NewEntry


class Entry(NamedTuple):
    """One change of a balance that is to be made. Two with the same `request_id` are made once."""

    email: str
    points: int
    kind: EntryKind
    request_id: UUID | None = None
    claim_id: int | None = None
    may_go_below_zero: bool = False
    used: int = 0
    api_key_id: int | None = None
    spend_id: int | None = None


class StoredClaim(NamedTuple):
    """A claim as it was stored, now or before."""

    token_sealed: str
    amount: int
    created_at: datetime
    expires_at: datetime | None


def add_claims(session: Session, store_id: int, claims: Sequence[ClaimToAdd], now: datetime) -> dict[UUID, StoredClaim]:
    """Store claims. Where some of them were stored before, gives all of them as they are stored, by request id."""
    if not claims or ledger_bulk.add_claims(session.connection(), store_id, claims, now) == len(claims):
        return {}
    wanted = [claim.request_id for claim in claims]
    found = session.execute(
        select(
            col(PointsClaimRow.request_id),
            col(PointsClaimRow.token_sealed),
            col(PointsClaimRow.amount),
            col(PointsClaimRow.created_at),
            col(PointsClaimRow.expires_at),
        ).where(IsIn(col(PointsClaimRow.request_id), "request_ids", wanted))
    )
    return {request_id: StoredClaim(*stored) for request_id, *stored in found}


def find_claims(session: Session, token_marks: Collection[str], *, lock: bool = False) -> dict[str, PointsClaimRow]:
    """Find claims by the marks of their tokens."""
    is_asked_for = IsIn(col(PointsClaimRow.token_mark), "token_marks", token_marks)
    query = select(PointsClaimRow).where(is_asked_for).order_by(col(PointsClaimRow.id))
    found = session.scalars(query.with_for_update() if lock else query)
    return {claim.token_mark: claim for claim in found}


def claims_with_takers(session: Session, token_marks: Collection[str]) -> list[tuple[PointsClaimRow, str | None]]:
    """Find claims, each with the e-mail of the customer who took it."""
    found = session.execute(_WITH_TAKERS, {"token_marks": list(token_marks)})
    return [(claim, taker) for claim, taker in found]


# Built once: it is asked for each batch of orders.
_WITH_TAKERS = (
    select(PointsClaimRow, col(PointsCustomerRow.email))
    .outerjoin(PointsCustomerRow, col(PointsCustomerRow.id) == col(PointsClaimRow.customer_id))
    .where(IsIn(col(PointsClaimRow.token_mark), "token_marks"))
)


def claims_past_their_time(session: Session, now: datetime, *, limit: int) -> list[tuple[int, str]]:
    """Find open claims whose time is over, oldest first: their ids and the marks of their tokens."""
    query = select(col(PointsClaimRow.id), col(PointsClaimRow.token_mark)).where(*_is_past(now))
    return [
        (claim_id or 0, mark) for claim_id, mark in session.execute(query.order_by(col(PointsClaimRow.expires_at)).limit(limit))
    ]


def expire(session: Session, claim_ids: Collection[int], now: datetime) -> None:
    """Mark claims whose time is over, unless somebody took or withdrew them meanwhile."""
    # Locked in the order of their ids, as everybody does who locks several.
    mine = select(col(PointsClaimRow.id)).where(col(PointsClaimRow.id).in_(claim_ids), *_is_past(now))
    locked = session.scalars(mine.order_by(col(PointsClaimRow.id)).with_for_update()).all()
    session.execute(update(PointsClaimRow).where(col(PointsClaimRow.id).in_(locked)).values(state=PointsClaimState.EXPIRED))


def post(session: Session, store_id: int, entries: Sequence[Entry], now: datetime) -> list[bool]:
    """Append entries, and with them move the balances, all in this transaction.

    Gives for each, in the same order, whether it stands in the ledger: False only where the balance may not fall below zero and
    would. An entry that was posted before is not posted again. It takes four to seven statements, however many entries there are.

    Where a balance rises, the orders and payments that have to take points back from it are woken.
    """
    if not entries:
        return []
    connection = session.connection()
    keys = [key_in(session, entry.email) for entry in entries]
    customers = ledger_bulk.lock_customers(
        connection, store_id, {key: entry.email.strip() for key, entry in zip(keys, entries, strict=True)}, now
    )
    done = ledger_bulk.posted_before(connection, [entry.request_id for entry in entries if entry.request_id is not None])
    balances = {key: (customer.available, customer.used) for key, customer in customers.items()}
    rows: list[NewEntry] = []
    outcomes = []
    for key, entry in zip(keys, entries, strict=True):
        # Numbers are compared faster than the ids that they stand for.
        request = None if entry.request_id is None else entry.request_id.int
        if request in done:
            outcomes.append(True)
            continue
        available, used = balances[key]
        available += entry.points
        if entry.points < 0 and available < 0 and not entry.may_go_below_zero:
            outcomes.append(False)
            continue
        balances[key] = (available, used := used + entry.used)
        if request is not None:
            done.add(request)
        kind = _KINDS[entry.kind]
        rows.append(
            NewEntry(
                customers[key].id,
                kind,
                entry.points,
                entry.used,
                available,
                used,
                entry.claim_id,
                entry.api_key_id,
                entry.spend_id,
                entry.request_id,
            )
        )
        outcomes.append(True)
    if rows:
        ledger_bulk.add_entries(connection, rows, now)
    rises = {key for key, entry, is_done in zip(keys, entries, outcomes, strict=True) if entry.points > 0 and is_done}
    if rises:
        wake_short(session, store_id, rises, now)
        wake_debts(session, store_id, rises, now)
    return outcomes


# Reading the value of an enumeration's member is slow.
_KINDS = {kind: kind.value for kind in EntryKind}


def lock_balances(session: Session, store_id: int, email_keys: Collection[str]) -> dict[str, int]:
    """Give what customers have available, by their keys. Waits for changes that are just being made."""
    query = select(col(PointsCustomerRow.email_key), col(PointsCustomerRow.available)).where(
        col(PointsCustomerRow.store_id) == store_id, IsIn(col(PointsCustomerRow.email_key), "email_keys", email_keys)
    )
    found = session.execute(query.order_by(col(PointsCustomerRow.id)).with_for_update(read=True))
    return {email_key: available for email_key, available in found}  # noqa: C416 - rows are no pairs to mypy


def balances(session: Session, store_id: int, emails: Collection[str]) -> dict[str, Balance]:
    """Look up customers. Keys are the e-mails as given; unknown customers are missing."""
    keys = {email: key_in(session, email) for email in emails}
    found = ledger_bulk.find_customers(session.connection(), store_id, set(keys.values()))
    return {email: Balance(found[key].available, found[key].used) for email, key in keys.items() if key in found}


def take(session: Session, claim: PointsClaimRow, email: str, now: datetime) -> PointsCustomerRow | None:
    """Give a claim's points to the customer; None when the claim is not open.

    One conditional UPDATE takes the claim. So if several people press at once, one of them gets the points, once.
    """
    key = key_in(session, email)
    made = ledger_bulk.made_customers(session.connection(), claim.store_id, {key: email.strip()}, now)
    won = session.execute(
        update(PointsClaimRow)
        .where(
            col(PointsClaimRow.id) == claim.id,
            col(PointsClaimRow.state) == PointsClaimState.OPEN,
            col(PointsClaimRow.amount) == claim.amount,
            col(PointsClaimRow.expires_at).is_(None) | (col(PointsClaimRow.expires_at) > now),
        )
        .values(state=PointsClaimState.TAKEN, taken_at=now, customer_id=made[key].id)
        .returning(col(PointsClaimRow.id))
    )
    if won.first() is None:
        return None
    post(session, claim.store_id, [Entry(email, claim.amount, EntryKind.CLAIM, claim_id=claim.id)], now)
    is_taker = (col(PointsCustomerRow.store_id) == claim.store_id, col(PointsCustomerRow.email_key) == key)
    if claim.customer_type is not None:
        session.execute(update(PointsCustomerRow).where(*is_taker).values(customer_type=claim.customer_type))
    session.expire_all()
    return session.scalars(select(PointsCustomerRow).where(*is_taker)).one()


def _is_past(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    # Spelled as the index that serves it.
    return col(PointsClaimRow.state) == literal_column("'open'"), col(PointsClaimRow.expires_at) <= now
