"""Change where a store's points live, as its merchant types it: the connection is tried first, and a key once given is kept."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from sqlmodel import Session, col, select

from app.db.form_tokens import FormToken
from app.db.tables import AccountRow, StoreRow
from app.domain.claim import Balance
from app.domain.email import nobodys_address
from app.domain.store import AccountKind
from app.errors import Crowded
from app.http.connections import CONNECT_SECONDS
from app.http.deadlines import seconds_left
from app.http.names import look_up
from app.http.public_addresses import is_public
from app.providers.protocol import NotSent
from app.usecases.operating.change_account import change_account
from app.usecases.services import Services

KEY_LENGTH_MAX = 512
URL_LENGTH_MAX = 512


class Field(StrEnum):
    """Which field of the form is to blame."""

    URL = "url"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Connection:
    """What a test of the connection found. `balance` is that of the address that was looked up; None where it has none there."""

    balance: Balance | None = None
    error: str = ""
    field: Field = Field.URL

    @property
    def is_good(self) -> bool:
        return not self.error


def check_connection(
    services: Services, store_id: int, *, url: str, key: str, email: str | None = None, public_only: bool = False
) -> Connection:
    """Ask a Coggins Points API for the balance of an address, or of nobody, with a time-out, and say what came of it.

    Keeps nothing. An empty key is the one that the store has for this URL already. `public_only` refuses addresses within our
    own network.
    """
    url = url.strip().rstrip("/")
    try:
        # Looking up the server's name waits for the outside, too.
        with services.bulkheads.look_ups.place(url):
            return _tried(services, store_id, url=url, key=key, email=email or nobodys_address(), public_only=public_only)
    except Crowded as crowded:
        return Connection(error=crowded.message)


def _tried(services: Services, store_id: int, *, url: str, key: str, email: str, public_only: bool) -> Connection:
    if (error := _unfit(url, public_only=public_only)) is not None:
        return Connection(error=error)
    with services.database.reading() as session:
        store = session.get_one(StoreRow, store_id)
        sealed = _kept_key(session, store_id, url)
    key = key.strip()
    if not key and sealed is None:
        return Connection(error="Write the API key that belongs to this address.", field=Field.KEY)
    if len(key) > KEY_LENGTH_MAX or not key.isprintable():
        return Connection(error=f"A key is printable text of at most {KEY_LENGTH_MAX} characters.", field=Field.KEY)
    tried = AccountRow(
        store_id=store_id,
        kind=AccountKind.COGGINS,
        url=url,
        key_sealed=services.sealer.seal(key) if key else sealed,
        lane_mark="",
        honours_idempotency=True,  # Nothing is to be remembered of an account that is only tried.
        created_at=services.clock(),
    )
    found = services.provider_of(store, tried).balances([email])
    if isinstance(found, NotSent):
        is_key = "API key" in found.reason and "URL" not in found.reason
        return Connection(error=found.reason, field=Field.KEY if is_key else Field.URL)
    judged = found[email]
    return Connection(balance=judged if isinstance(judged, Balance) else None)


def change_provider(
    services: Services,
    store_slug: str,
    store_id: int,
    *,
    kind: AccountKind,
    url: str = "",
    key: str = "",
    who: str | None = None,
    once: FormToken | None = None,
) -> None:
    """Make an account the store's account of today. An empty key keeps the one that the store has for this URL.

    Raises BadRequest when Coggins lacks its URL or key.
    """
    url, key = url.strip().rstrip("/"), key.strip()
    if kind is AccountKind.EMBEDDED:
        url = key = ""
    elif not key:
        with services.database.reading() as session:
            sealed = _kept_key(session, store_id, url)
        key = services.sealer.open(sealed) if sealed else ""
    change_account(services, store_slug, kind=kind, url=url, key=key, who=who, once=once)


def _kept_key(session: Session, store_id: int, url: str) -> str | None:
    """Find the sealed key that a store has for an address: that of today first, then the newest."""
    return session.exec(
        select(AccountRow.key_sealed)
        .where(AccountRow.store_id == store_id, AccountRow.kind == AccountKind.COGGINS, AccountRow.url == url)
        .order_by(col(AccountRow.is_current).desc(), col(AccountRow.id).desc())
    ).first()


def _unfit(url: str, *, public_only: bool) -> str | None:
    """Say why an address cannot be a points provider's; None where it can."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return "Write an address such as https://api.cogginsstore.com"
    if (
        parts.scheme not in {"http", "https"}
        or not host
        or "@" in parts.netloc
        or parts.query
        or parts.fragment
        or len(url) > URL_LENGTH_MAX
        or not url.isprintable()
        or " " in url
    ):
        return "Write an address such as https://api.cogginsstore.com"
    if not public_only:
        return None
    if parts.scheme != "https":
        return "The address must begin with https://"
    try:
        found = {str(entry[4][0]) for entry in look_up(host, port, seconds_left(CONNECT_SECONDS))}
    except (OSError, UnicodeError):
        return "No server of this name is known."
    if not all(map(is_public, found)):
        return "This address leads into a private network, where no points provider of yours can be."
    return None
