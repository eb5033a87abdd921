"""Change where a store's points live. What was granted at the old account is undone there."""

import structlog
from sqlmodel import Session, select

from app.db.form_tokens import FormToken, is_first
from app.db.logbook import SETTINGS_CHANGED, write_log
from app.db.stores import current_account, find_store_by_slug
from app.db.tables import AccountRow
from app.domain.store import AccountKind
from app.errors import BadRequest
from app.sealing import fingerprint
from app.usecases.services import Services

log = structlog.get_logger()


_SAID = {
    AccountKind.EMBEDDED: "Points are kept in this app from now on.",
    AccountKind.COGGINS: "Points are kept at Coggins from now on.",
}


def change_account(
    services: Services,
    store_slug: str,
    *,
    kind: AccountKind,
    url: str = "",
    key: str = "",
    who: str | None = None,
    once: FormToken | None = None,
) -> None:
    """Make an account the store's account of today, and note who did it. One that the store had before is taken up again.

    Raises BadRequest when there is no such store, or Coggins lacks its URL or key.
    """
    if kind is AccountKind.COGGINS and not (url.startswith(("http://", "https://")) and key.strip()):
        raise BadRequest("The Coggins Points API needs its URL and an API key.")
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return
        store = find_store_by_slug(session, store_slug)
        if store is None or store.id is None:
            raise BadRequest(f"There is no store {store_slug}.")
        mark = lane_mark(kind, store.id, url.rstrip("/"), key.strip())
        _retire_current(session, store.id)
        account = session.exec(select(AccountRow).where(AccountRow.store_id == store.id, AccountRow.lane_mark == mark)).first()
        if account is None:
            account = new_account(services, store.id, kind=kind, url=url.rstrip("/"), key=key.strip())
        account.is_current = True
        # Whoever takes it up anew may do so because it answers otherwise than it did.
        account.zeros_for_nobody_at = account.asked_of_nobody_at = None
        session.add(account)
        write_log(session, store.id, SETTINGS_CHANGED, _SAID[kind], now=now, made_by=who)
    log.info("account changed", store=store_slug, kind=kind)


def new_account(services: Services, store_id: int, *, kind: AccountKind, url: str, key: str) -> AccountRow:
    """Make an account that is not stored yet. Its key is sealed."""
    return AccountRow(
        store_id=store_id,
        kind=kind,
        url=url or None,
        key_sealed=services.sealer.seal(key) if key else None,
        lane_mark=lane_mark(kind, store_id, url, key),
        created_at=services.clock(),
    )


def lane_mark(kind: AccountKind, store_id: int, url: str, key: str) -> str:
    """Give the mark of the balances behind an account: two stores with one key at Coggins share them."""
    return fingerprint(f"coggins {url} {key}" if kind is AccountKind.COGGINS else f"embedded {store_id}")


def _retire_current(session: Session, store_id: int) -> None:
    current = current_account(session, store_id)
    if current is not None:
        current.is_current = False
        session.add(current)
        session.flush()
