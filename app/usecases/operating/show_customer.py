"""Show what is kept of a customer, for the staff who are asked and for the person who asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, SQLModel

from app.db.people import Person, find_person
from app.db.rows import as_value
from app.db.stores import current_account, find_store_by_slug
from app.db.tables import StoreRow
from app.domain.claim import ClaimState
from app.domain.store import AccountKind
from app.errors import BadRequest
from app.ledger.balance_history import HistoryPage, history_of_customer
from app.providers.embedded import state_of
from app.usecases.services import Services

# What is the app's own, or secret: neither tells anything of the person.
_LEFT_OUT = frozenset(
    {
        "token_sealed",
        "token_mark",
        "code_sealed",
        "code_mark",
        "values_sealed",
        "link_mark",
        "browser_mark",
        "email_mark",
        "typed_sealed",
        "url_sealed",
        "lane",
        "lease_token",
        "lease_until",
        "read_facts",
        "refused_step",
        "metadata_hash",
        "store_id",
    }
)


@dataclass(frozen=True, slots=True)
class KeptBalance:
    """A customer's balance in the ledger."""

    available: int
    used: int
    customer_type: str | None


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """A change of the balance, and what it came to."""

    created_at: datetime
    kind: str
    amount: int
    available_after: int | None


@dataclass(frozen=True, slots=True)
class KeptClaim:
    """A claim in the ledger, as it was written last."""

    created_at: datetime
    state: str
    amount: int
    expires_at: datetime | None
    taken_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeptOrder:
    """What an order brought, or why not."""

    number: str | None
    due: int
    granted: int
    because: str | None
    shortfall: int
    problem: str | None


@dataclass(frozen=True, slots=True)
class KeptMovement:
    """A change that was asked of an account."""

    planned_at: datetime
    kind: str
    points: int
    state: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class KeptMove:
    """A move of the customer from one address to another."""

    made_at: datetime
    from_email: str
    to_email: str
    points: int
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class KeptCustomer:
    """All that is kept of a customer, each part oldest first.

    `open_amounts` are the points of the claims that can be taken now. `history` is a page of the entries, newest first, and
    `is_embedded` says whether they are the whole history: at Coggins there is more than this app can see.
    """

    balance: KeptBalance | None
    entries: tuple[KeptEntry, ...]
    claims: tuple[KeptClaim, ...]
    orders: tuple[KeptOrder, ...]
    movements: tuple[KeptMovement, ...]
    moves: tuple[KeptMove, ...]
    open_amounts: tuple[int, ...]
    history: HistoryPage
    is_embedded: bool


def show_customer(services: Services, slug: str, email: str, *, history_size: int = 0, before: int | None = None) -> KeptCustomer:
    """Show all that is kept of a customer in a store, with so many entries of the history, or of those before an entry's id.

    Raises BadRequest when there is no such store, or nothing is known of the customer there.
    """
    now = services.clock()
    with services.database.reading() as session:
        store = find_named_store(session, slug)
        person = known_person(session, store, email)
        account = current_account(session, store.id or 0)
        history = HistoryPage(())
        if history_size:
            history = history_of_customer(session, store.id or 0, email, size=history_size, before=before)
    movements = sorted(person.movements, key=lambda movement: movement.planned_at)
    return KeptCustomer(
        balance=as_value(KeptBalance, person.customer) if person.customer is not None else None,
        entries=tuple(as_value(KeptEntry, row) for row in person.entries),
        claims=tuple(as_value(KeptClaim, row) for row in person.points_claims),
        orders=tuple(as_value(KeptOrder, row) for row in person.orders),
        movements=tuple(as_value(KeptMovement, row) for row in movements),
        moves=tuple(as_value(KeptMove, row) for row in person.moves),
        open_amounts=tuple(claim.amount for claim in person.points_claims if state_of(claim, now) is ClaimState.OPEN),
        history=history,
        is_embedded=account is not None and account.kind == AccountKind.EMBEDDED,
    )


def export_customer(services: Services, slug: str, email: str) -> dict[str, Any]:
    """Give all that is kept of a customer as plain values, for an answer to a data request.

    Raises BadRequest as `show_customer` does.
    """
    person = _person(services, slug, email)
    now = services.clock()
    claims = [{**_plain(claim), "state": state_of(claim, now).value} for claim in person.points_claims]
    return {
        "store": slug,
        "exported_at": now.isoformat(),
        "customer": _plain(person.customer) if person.customer is not None else None,
        "entries": _all_plain(person.entries),
        "claims": claims,
        "orders": _all_plain(person.orders),
        "movements": _all_plain(person.movements),
        "claims_of_orders": _all_plain(person.claims),
        "adjustments": _all_plain(person.adjustments),
        "moves": _all_plain(person.moves),
        "deleted_in_saleor": _all_plain(person.deletions),
        "spends": _all_plain(person.spends),
        "approval_requests": _all_plain(person.requests),
        "payments": _all_plain(person.payments),
        "redemptions": _all_plain(person.redemptions),
        "changes_in_batches": _all_plain(person.batch_changes),
        "mails": _all_plain(person.mails),
        "wishes_about_mails": _all_plain(person.mail_wishes),
        "sign_in_codes": _all_plain(person.sign_in_codes),
        "wallet_sessions": _all_plain(person.wallet_sessions),
    }


def find_named_store(session: Session, slug: str) -> StoreRow:
    """Find a store.

    Raises BadRequest when there is none of this name.
    """
    store = find_store_by_slug(session, slug)
    if store is None:
        raise BadRequest(f"There is no store {slug}.")
    return store


def known_person(session: Session, store: StoreRow, email: str, *, lock: bool = False) -> Person:
    """Find a person of whom something is kept.

    Raises BadRequest when nothing is.
    """
    person = find_person(session, store, email, lock=lock)
    if not email.strip() or not person.is_known:
        raise BadRequest(f"Nothing is kept of this customer in {store.slug}.")
    return person


def _person(services: Services, slug: str, email: str) -> Person:
    with services.database.reading() as session:
        return known_person(session, find_named_store(session, slug), email)


def _all_plain(rows: Sequence[SQLModel]) -> list[dict[str, Any]]:
    return [_plain(row) for row in rows]


def _plain(row: SQLModel) -> dict[str, Any]:
    return {name: value for name, value in row.model_dump(mode="json").items() if name not in _LEFT_OUT}
