"""Find who is signed in to the wallet in a browser, and sign out."""

from sqlalchemy import delete
from sqlmodel import col, select

from app.db.keys import keys_in
from app.db.tables import WalletSessionRow
from app.domain.moments import CLOCKS_AGREE_WITHIN, holds
from app.domain.signing_in import FRESH_FOR, SESSION_LASTS
from app.sealing import fingerprint
from app.usecases.confirmed_shoppers import SignedIn
from app.usecases.services import Services
from app.usecases.shoppers.find_wallet import WalletStore


def find_session(services: Services, store: WalletStore, token: str) -> SignedIn | None:
    """Tell who is signed in to a store's wallet with this token; None where nobody is, or not any more."""
    found = _session_of(services, store, token)
    if found is None or not holds(found.ends_at, services.clock(), longest=SESSION_LASTS + CLOCKS_AGREE_WITHIN):
        return None
    return SignedIn(store.store_id, store.slug, "", found.email)


def is_fresh(services: Services, store: WalletStore, token: str) -> bool:
    """Tell whether this token's customer has signed in just now."""
    found = _session_of(services, store, token)
    if found is None:
        return False
    return holds(found.made_at + FRESH_FOR, services.clock(), longest=FRESH_FOR + CLOCKS_AGREE_WITHIN)


def sign_out(services: Services, store: WalletStore, token: str) -> None:
    """End the session of this token."""
    is_this = (col(WalletSessionRow.token_mark) == fingerprint(token), col(WalletSessionRow.store_id) == store.store_id)
    with services.database.writing() as session:
        session.execute(delete(WalletSessionRow).where(*is_this))


def sign_out_everywhere(services: Services, shopper: SignedIn) -> None:
    """End all sessions of a customer in a store."""
    with services.database.writing() as session:
        is_theirs = col(WalletSessionRow.email_key).in_(keys_in(session, shopper.email))
        session.execute(delete(WalletSessionRow).where(col(WalletSessionRow.store_id) == shopper.store_id, is_theirs))


def _session_of(services: Services, store: WalletStore, token: str) -> WalletSessionRow | None:
    query = select(WalletSessionRow).where(
        WalletSessionRow.token_mark == fingerprint(token), WalletSessionRow.store_id == store.store_id
    )
    with services.database.reading() as session:
        return session.exec(query).first()
