"""Tell what changes would do, without doing anything: row by row, so that memory does not grow with their number."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice

from app.db.stores import current_account, find_store_by_slug
from app.domain.change_batches import CHANGES_MAX, CheckedChange, Unusable, WantedChange
from app.domain.email import email_key
from app.domain.store import DebtPolicy
from app.errors import BadRequest
from app.providers.protocol import LocalProvider, NotSent, PointsProvider, held
from app.usecases.moving.balances_now import balances_now
from app.usecases.services import Services

# So many rows are checked, and written down, at once.
ROWS_AT_ONCE = 500
# Coggins is asked about one customer at a time: about so many while somebody waits for a page.
LOOKS_MAX = 100


def check_changes(
    services: Services, store_slug: str, wanted: Iterable[WantedChange | Unusable], *, looks_max: int | None = LOOKS_MAX
) -> Iterator[list[CheckedChange]]:
    """Give what each row would do, in the rows' order and a few hundred at once.

    What a taking would find is looked up: with embedded points always, elsewhere for the first `looks_max` takings.

    Raises BadRequest when there is no such store, or there are too many rows.
    """
    provider, has_floor = _provider(services, store_slug)
    looks_left = None if isinstance(provider, LocalProvider) else looks_max
    remaining, rows = iter(wanted), 0
    # A nameless database is a file of its own that goes with it.
    with closing(sqlite3.connect("")) as seen:
        seen.execute("CREATE TABLE seen (key TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID")
        while some := list(islice(remaining, ROWS_AT_ONCE)):
            rows += len(some)
            if rows > CHANGES_MAX:
                raise BadRequest(f"There are more than {CHANGES_MAX:,} rows. Split them into several batches.")
            checked = [_checked(seen, one) for one in some]
            takings = [one.email for one in checked if one.email and (one.points or 0) < 0] if has_floor else []
            asked = takings[:looks_left]
            looks_left = None if looks_left is None else looks_left - len(asked)
            yield _with_expected(services, provider, checked, asked, has_floor=has_floor)


def _provider(services: Services, store_slug: str) -> tuple[PointsProvider, bool]:
    with services.database.reading() as session:
        store = find_store_by_slug(session, store_slug)
        account = current_account(session, store.id or 0) if store is not None else None
    if store is None or account is None:
        raise BadRequest(f"There is no store {store_slug}.")
    return services.provider_of(store, account), store.debt_policy == DebtPolicy.FLOOR


def _checked(seen: sqlite3.Connection, one: WantedChange | Unusable) -> CheckedChange:
    if isinstance(one, Unusable):
        return CheckedChange(one.line, None, None, refusal=one.sentence)
    key = email_key(one.email)
    if not seen.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (key, one.line)).rowcount:
        [first] = seen.execute("SELECT line FROM seen WHERE key = ?", (key,)).fetchone()
        return CheckedChange(one.line, None, None, refusal=f"This customer stands in line {first}, too.")
    return CheckedChange(one.line, one.email.strip(), one.points, one.reason.strip())


def _with_expected(
    services: Services, provider: PointsProvider, checked: Sequence[CheckedChange], asked: Sequence[str], *, has_floor: bool
) -> list[CheckedChange]:
    found = balances_now(services, provider, asked) if asked else {}
    there = {} if isinstance(found, NotSent) else {email: held(judged).available for email, judged in found.items()}
    return [replace(one, expected=_expected(one, there, has_floor=has_floor)) for one in checked]


def _expected(one: CheckedChange, there: dict[str, int], *, has_floor: bool) -> int | None:
    if one.email is None or one.points is None:
        return None
    if one.points > 0 or not has_floor:
        return one.points
    return -min(max(there[one.email], 0), -one.points) if one.email in there else None
