"""List the stores and their problems."""

from dataclasses import dataclass

from sqlmodel import col, select

from app.db.tables import AccountRow, StoreRow
from app.domain.store import AccountKind, StoreState
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class ListedStore:
    """One store. `points` is where they are kept; None where it has no account."""

    slug: str
    state: StoreState
    points: AccountKind | None
    saleor_api_url: str | None
    problem: str | None


def list_stores(services: Services) -> list[ListedStore]:
    """List all stores, oldest first, by one query."""
    query = (
        select(StoreRow, AccountRow)
        .outerjoin(AccountRow, (col(AccountRow.store_id) == col(StoreRow.id)) & col(AccountRow.is_current))
        .order_by(col(StoreRow.id))
    )
    with services.database.reading() as session:
        found: list[tuple[StoreRow, AccountRow | None]] = list(session.exec(query))
    return [
        ListedStore(
            slug=store.slug,
            state=StoreState(store.state),
            points=AccountKind(account.kind) if account is not None else None,
            saleor_api_url=store.saleor_api_url,
            problem=store.problem or (account.problem if account is not None else None),
        )
        for store, account in found
    ]
