"""The embedded ledger: claims to take, and balances that are the sums of append-only entries.

Every function works inside the caller's transaction. Rows are locked in one order everywhere: claims, then customers.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, literal_column, select, update
from sqlmodel import Session, col

from app.db.bulk import IsIn
from app.db.debts import wake_debtors
from app.db.keys import key_in
from app.db.tables.points_claim import PointsClaimRow, PointsClaimState
from app.db.tables.points_customer import PointsCustomerRow
from app.db.tables.points_entry import EntryKind, PointsEntryRow
from app.domain.claim import Balance
from app.ledger import statements as ledger_bulk
from app.ledger.following import follow
from app.ledger.lot_books import ended_points, write_ended, written
from app.ledger.posted import Posted
from app.ledger.statements import ClaimToAdd, LedgerCustomer, NewEntry


class Entry(NamedTuple):
    """One change of a balance that is to be made. Two with the same `request_id` are made once.

    `undoes` names what it takes back for an order, or gives again, by the id under which that was asked for. `ends` is when the
    points run out, whatever the store's policy.
    """

    email: str
    points: int
    kind: EntryKind
    request_id: UUID | None = None
    claim_id: int | None = None
    may_go_below_zero: bool = False
    used: int = 0
    api_key_id: int | None = None
    spend_id: int | None = None
    undoes: UUID | None = None
    ends: datetime | None = None


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
    would. An entry that was posted before is not posted again. Without lots it takes four to eight
    statements, however many entries there are. With lots, each further entry of the same customer is a round of its own.

    Where a balance rises, the orders and payments that have to take points back from it are woken.
    """
    if not entries:
        return []
    keys = [key_in(session, entry.email) for entry in entries]
    emails = {key: entry.email.strip() for key, entry in zip(keys, entries, strict=True)}
    customers = hold_customers(session, store_id, emails, now)
    done = ledger_bulk.posted_before(
        session.connection(), [entry.request_id for entry in entries if entry.request_id is not None]
    )
    balances = {key: (customer.available, customer.used) for key, customer in customers.items()}
    have_lots = {key for key, one in customers.items() if one.has_lots or one.may_run_out}
    have_lots |= {key for key, entry in zip(keys, entries, strict=True) if entry.ends is not None}
    undone = _undone(session, [entry for key, entry in zip(keys, entries, strict=True) if key in have_lots])
    rows: list[tuple[str, Entry, NewEntry]] = []
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
        row = NewEntry(
            customers[key].id,
            _KINDS[entry.kind],
            entry.points,
            entry.used,
            available,
            used,
            entry.claim_id,
            entry.api_key_id,
            entry.spend_id,
            undone.get(entry.undoes) if undone else None,
            entry.request_id,
        )
        rows.append((key, entry, row))
        outcomes.append(True)
    plain = [row for key, _, row in rows if key not in have_lots]
    if plain:
        ledger_bulk.add_entries(session.connection(), plain, now)
    _write_with_lots(session, store_id, [one for one in rows if one[0] in have_lots], now)
    rises = {key for key, entry, is_done in zip(keys, entries, outcomes, strict=True) if entry.points > 0 and is_done}
    if rises:
        wake_debtors(session, store_id, rises, now)
    return outcomes


def hold_customers(session: Session, store_id: int, emails: Mapping[str, str], now: datetime) -> dict[str, LedgerCustomer]:
    """Lock customers, made where they are new, by key, and write first what of their points has run out."""
    customers = ledger_bulk.lock_customers(session.connection(), store_id, emails, now)
    over = {one.id: (one.available, one.used) for one in customers.values() if one.has_ended}
    if not over:
        return customers
    left = write_ended(session, store_id, over, now)
    return {
        key: one._replace(available=left[one.id], has_ended=False) if one.id in left else one for key, one in customers.items()
    }


def _write_with_lots(session: Session, store_id: int, rows: Sequence[tuple[str, Entry, NewEntry]], now: datetime) -> None:
    """Write entries, and what they do to lots: of each customer one at once, because the next one finds what it leaves."""
    waves: list[list[tuple[str, Entry, NewEntry]]] = []
    written_of: Counter[str] = Counter()
    for one in rows:
        if written_of[one[0]] == len(waves):
            waves.append([])
        waves[written_of[one[0]]].append(one)
        written_of[one[0]] += 1
    for wave in waves:
        ids = written(session, [row for _, _, row in wave], now)
        posted = [
            Posted(
                id_,
                row.customer_id,
                entry.kind,
                row.amount,
                row.available_after,
                spend_id=row.spend_id,
                undoes_id=row.undoes_id,
                ends=entry.ends,
            )
            for id_, (_, entry, row) in zip(ids, wave, strict=True)
        ]
        follow(session, store_id, posted, now)


def _undone(session: Session, entries: Sequence[Entry]) -> dict[UUID | None, int]:
    """Find the entries that others undo: of an INSTANT, or of the claim that brought the points."""
    wanted = [entry.undoes for entry in entries if entry.undoes is not None]
    if not wanted:
        return {}
    instants = select(col(PointsEntryRow.request_id), col(PointsEntryRow.id)).where(
        IsIn(col(PointsEntryRow.request_id), "requests", wanted)
    )
    claims = (
        select(col(PointsClaimRow.request_id), col(PointsEntryRow.id))
        .join(PointsEntryRow, col(PointsEntryRow.claim_id) == col(PointsClaimRow.id))
        .where(IsIn(col(PointsClaimRow.request_id), "requests", wanted))
    )
    return {request_id: id_ for query in (instants, claims) for request_id, id_ in session.execute(query)}


# Reading the value of an enumeration's member is slow.
_KINDS = {kind: kind.value for kind in EntryKind}


def lock_balances(session: Session, store_id: int, email_keys: Collection[str], now: datetime) -> dict[str, int]:
    """Give what customers have available, by their keys. Waits for changes that are just being made."""
    query = select(col(PointsCustomerRow.id)).where(
        col(PointsCustomerRow.store_id) == store_id, IsIn(col(PointsCustomerRow.email_key), "email_keys", email_keys)
    )
    session.execute(query.order_by(col(PointsCustomerRow.id)).with_for_update(read=True))
    return {key: one.available for key, one in find_customers(session, store_id, email_keys, now).items()}


def find_customers(session: Session, store_id: int, email_keys: Collection[str], now: datetime) -> dict[str, LedgerCustomer]:
    """Find customers by their keys, with what they have now: what has run out is taken off, and nothing is written."""
    found = ledger_bulk.find_customers(session.connection(), store_id, email_keys, now)
    over = ended_points(session, store_id, [one.id for one in found.values() if one.has_ended], now)
    return {key: one._replace(available=one.available - over[one.id]) if one.id in over else one for key, one in found.items()}


def balances(session: Session, store_id: int, emails: Collection[str], now: datetime) -> dict[str, Balance]:
    """Look up customers. Keys are the e-mails as given; unknown customers are missing."""
    keys = {email: key_in(session, email) for email in emails}
    found = find_customers(session, store_id, set(keys.values()), now)
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
