"""The embedded ledger: claims to take, and balances that are the sums of append-only entries.

Every function works inside the caller's transaction. Rows are locked in one order everywhere: claims, then customers.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update
from sqlmodel import Session, col

from app.domain.claim import Balance
from app.domain.order import folded
from app.store.dialects import insert_ignoring
from app.store.models.ledger import EntryKind, PointsClaimRow, PointsClaimState, PointsCustomerRow, PointsEntryRow


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of one balance to be made. `request_id` makes asking twice asking once."""

    email: str
    points: int
    kind: EntryKind
    request_id: UUID | None = None
    claim_id: int | None = None
    may_go_below_zero: bool = False
    customer_type: str | None = None


def add_claims(session: Session, claims: Sequence[PointsClaimRow]) -> dict[UUID, PointsClaimRow]:
    """Store claims, unless they were stored before, and give all of them as stored, by request id."""
    rows = [claim.model_dump(exclude={"id"}) for claim in claims]
    session.execute(insert_ignoring(session, PointsClaimRow).on_conflict_do_nothing(index_elements=["request_id"]), rows)
    wanted = [claim.request_id for claim in claims]
    found = session.scalars(select(PointsClaimRow).where(col(PointsClaimRow.request_id).in_(wanted)))
    return {claim.request_id: claim for claim in found}


def find_claims(session: Session, token_marks: Collection[str], *, lock: bool = False) -> dict[str, PointsClaimRow]:
    """Find claims by the marks of their tokens."""
    query = select(PointsClaimRow).where(col(PointsClaimRow.token_mark).in_(token_marks)).order_by(col(PointsClaimRow.id))
    found = session.scalars(query.with_for_update() if lock else query)
    return {claim.token_mark: claim for claim in found}


def claims_with_takers(session: Session, token_marks: Collection[str]) -> list[tuple[PointsClaimRow, str | None]]:
    """Find claims, each with the e-mail of the customer who took it."""
    query = (
        select(PointsClaimRow, col(PointsCustomerRow.email))
        .outerjoin(PointsCustomerRow, col(PointsCustomerRow.id) == col(PointsClaimRow.customer_id))
        .where(col(PointsClaimRow.token_mark).in_(token_marks))
    )
    return [(claim, taker) for claim, taker in session.execute(query)]


def post(session: Session, store_id: int, entries: Sequence[Entry], now: datetime) -> list[bool]:
    """Append entries and move the balances, all in this transaction.

    Gives for each, in the same order, whether it stands in the ledger: False only where the balance would fall below zero and
    may not. An entry that was posted before is not posted again.
    """
    customers = _lock_customers(session, store_id, entries, now)
    done = _posted_before(session, [entry.request_id for entry in entries if entry.request_id is not None])
    balances = {key: customer.available for key, customer in customers.items()}
    changes: dict[str, int] = {}
    rows: list[dict[str, object]] = []
    outcomes = []
    for entry in entries:
        key = folded(entry.email)
        if entry.request_id is not None and entry.request_id in done:
            outcomes.append(True)
            continue
        if entry.points < 0 and not entry.may_go_below_zero and balances[key] + entry.points < 0:
            outcomes.append(False)
            continue
        balances[key] += entry.points
        changes[key] = changes.get(key, 0) + entry.points
        if entry.request_id is not None:
            done.add(entry.request_id)
        rows.append(
            {
                "customer_id": customers[key].id,
                "kind": entry.kind,
                "amount": entry.points,
                "claim_id": entry.claim_id,
                "request_id": entry.request_id,
                "created_at": now,
            }
        )
        outcomes.append(True)
    if rows:
        session.execute(insert(PointsEntryRow), rows)
        _move_balances(session, customers, changes)
    return outcomes


def balances(session: Session, store_id: int, emails: Collection[str]) -> dict[str, Balance]:
    """Look up customers. Keys are the e-mails as given; unknown customers are missing."""
    query = select(col(PointsCustomerRow.email_key), col(PointsCustomerRow.available), col(PointsCustomerRow.used)).where(
        col(PointsCustomerRow.store_id) == store_id, col(PointsCustomerRow.email_key).in_({folded(email) for email in emails})
    )
    found = {key: Balance(available, used) for key, available, used in session.execute(query)}
    return {email: found[folded(email)] for email in emails if folded(email) in found}


def take(session: Session, claim: PointsClaimRow, email: str, now: datetime) -> PointsCustomerRow | None:
    """Give a claim's points to the customer; None when the claim is open no more.

    The claim is won by one conditional UPDATE, so of any number who press at once one gets the points, once.
    """
    key = folded(email)
    entry = Entry(email, claim.amount, EntryKind.CLAIM, claim_id=claim.id, customer_type=claim.customer_type)
    won = session.execute(
        update(PointsClaimRow)
        .where(
            col(PointsClaimRow.id) == claim.id,
            col(PointsClaimRow.state) == PointsClaimState.OPEN,
            col(PointsClaimRow.amount) == claim.amount,
            col(PointsClaimRow.expires_at).is_(None) | (col(PointsClaimRow.expires_at) > now),
        )
        .values(state=PointsClaimState.TAKEN, taken_at=now, customer_id=_customer_id(session, claim.store_id, email, now))
        .returning(col(PointsClaimRow.id))
    )
    if won.first() is None:
        return None
    post(session, claim.store_id, [entry], now)
    if claim.customer_type is not None:
        session.execute(
            update(PointsCustomerRow)
            .where(col(PointsCustomerRow.store_id) == claim.store_id, col(PointsCustomerRow.email_key) == key)
            .values(customer_type=claim.customer_type)
        )
    session.expire_all()
    return session.scalars(
        select(PointsCustomerRow).where(
            col(PointsCustomerRow.store_id) == claim.store_id, col(PointsCustomerRow.email_key) == key
        )
    ).one()


def _customer_id(session: Session, store_id: int, email: str, now: datetime) -> int | None:
    _add_customers(session, store_id, {folded(email): email.strip()}, now)
    return session.scalars(
        select(col(PointsCustomerRow.id)).where(
            col(PointsCustomerRow.store_id) == store_id, col(PointsCustomerRow.email_key) == folded(email)
        )
    ).one()


def _add_customers(session: Session, store_id: int, emails: Mapping[str, str], now: datetime) -> None:
    rows = [
        {"store_id": store_id, "email": email, "email_key": key, "available": 0, "used": 0, "created_at": now}
        for key, email in sorted(emails.items())
    ]
    statement = insert_ignoring(session, PointsCustomerRow).on_conflict_do_nothing(index_elements=["store_id", "email_key"])
    session.execute(statement, rows)


def _lock_customers(session: Session, store_id: int, entries: Sequence[Entry], now: datetime) -> dict[str, PointsCustomerRow]:
    """Lock the customers of the entries, made where they are new, in the order of their ids.

    Their keys stay free: a claim that names its taker holds on to those, and two takers who both want the whole row would
    wait for each other for ever.
    """
    emails = {folded(entry.email): entry.email.strip() for entry in entries}
    _add_customers(session, store_id, emails, now)
    query = (
        select(PointsCustomerRow)
        .where(col(PointsCustomerRow.store_id) == store_id, col(PointsCustomerRow.email_key).in_(emails))
        .order_by(col(PointsCustomerRow.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {customer.email_key: customer for customer in session.scalars(query)}


def _posted_before(session: Session, request_ids: Collection[UUID]) -> set[UUID]:
    if not request_ids:
        return set()
    found = session.scalars(select(col(PointsEntryRow.request_id)).where(col(PointsEntryRow.request_id).in_(request_ids)))
    return {request_id for request_id in found if request_id is not None}


def _move_balances(session: Session, customers: Mapping[str, PointsCustomerRow], changes: Mapping[str, int]) -> None:
    moved = [{"of_customer": customers[key].id, "change": change} for key, change in changes.items()]
    session.connection().execute(
        update(PointsCustomerRow)
        .where(col(PointsCustomerRow.id) == bindparam("of_customer"))
        .values(available=col(PointsCustomerRow.available) + bindparam("change")),
        moved,
    )
