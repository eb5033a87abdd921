"""Who takes part in the demo: a Saleor, the app, a shopper with a browser, and somebody who reads the books."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from sqlmodel import col, func, select

from app.bootstrap import utc_now
from app.db.engine import Database
from app.db.tables import MovementRow, OrderRow, PointsCustomerRow, PointsEntryRow
from tests.demo.app_process import AppProcess
from tests.standins.saleor import StandInSaleor
from tests.waiting import PATIENCE_SECONDS, wait_until


@dataclass(frozen=True)
class Page:
    """What the shopper sees: status, the words without the mark-up, and where it leads if it leads elsewhere."""

    status: int
    text: str
    leads_to: str | None = None


@dataclass
class Scene:
    """All that the story needs to act and to look."""

    saleor: StandInSaleor
    app: AppProcess
    database: Database

    def settle(self) -> None:
        """Wait until the app has looked at every order that it was told of."""
        wait_until(self._is_at_rest, what="the app settles its orders")

    def metadata(self, order_id: str) -> dict[str, str]:
        """Read what stands on the order in Saleor, where mail templates find it."""
        return dict(self.saleor.book[order_id].metadata or {})

    def order(self, order_id: str) -> OrderRow:
        with self.database.reading() as session:
            return session.exec(select(OrderRow).where(OrderRow.saleor_order_id == order_id)).one()

    def balance(self, email: str) -> int:
        """Add up the ledger's entries of a shopper."""
        with self.database.reading() as session:
            query = select(func.coalesce(func.sum(col(PointsEntryRow.amount)), 0)).join(PointsCustomerRow)
            return int(session.exec(query.where(PointsCustomerRow.email_key == email.lower())).one())

    def count_movements(self) -> int:
        with self.database.reading() as session:
            return session.exec(select(func.count(col(MovementRow.id)))).one()

    def _is_at_rest(self) -> bool:
        with self.database.reading() as session:
            return session.exec(select(func.count(col(OrderRow.id))).where(col(OrderRow.look_at).is_not(None))).one() == 0


@contextmanager
def open_scene(folder: Path) -> Iterator[Scene]:
    """Start a Saleor and the app, and leave nothing of them."""
    app = AppProcess(folder)
    try:
        app.start().wait_until_ready()
        with (
            closing(Database(f"sqlite:///{folder / 'saleor-points.sqlite3'}")) as database,
            StandInSaleor(utc_now, auto_deliver=True) as saleor,
        ):
            yield Scene(saleor, app, database)
    finally:
        app.end()


def visit(url: str) -> Page:
    """Open a link as a browser does, up to the first redirect."""
    return _page(requests.get(url, allow_redirects=False, timeout=PATIENCE_SECONDS))


def press_the_button(url: str) -> Page:
    """Send the claim page's form, and open the page that it leads back to."""
    return _page(requests.post(url, timeout=PATIENCE_SECONDS))


def _page(answer: requests.Response) -> Page:
    body = answer.text.partition("<main")[2] or answer.text
    words = re.sub(r"<[^>]*>?", " ", f"<{body}")
    return Page(answer.status_code, " ".join(words.split()), answer.headers.get("Location"))
