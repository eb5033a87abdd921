"""A customer's browser at a shop's wallet, and the mails that come to it."""

import json
import re
from dataclasses import dataclass, field
from html import unescape

import requests
from sqlmodel import col, select

from app.db.tables import MailRow, SignInCodeRow, WalletSessionRow
from app.db.tables.points_entry import EntryKind
from app.ledger import entries as ledger
from app.ledger.entries import Entry
from app.usecases.merchants.change_store import change_store
from app.usecases.operating.housekeeping import do_housekeeping
from app.usecases.shoppers.send_sign_in_codes import send_sign_in_codes
from tests.waiting import PATIENCE_SECONDS
from tests.world import World

ADA, EVE, NOBODY = "ada@example.com", "eve@example.com", "nobody@example.org"


@dataclass
class Visitor:
    """A browser. What it is shown last stays at hand."""

    world: World
    http: requests.Session = field(default_factory=requests.Session)
    form: str = ""

    @property
    def home(self) -> str:
        return f"{self.world.url}/wallet/{self.world.store().slug}"

    def get(self, path: str = "", **options: object) -> requests.Response:
        return self._seen(self.http.get(self.home + path, timeout=PATIENCE_SECONDS, **options))  # type: ignore[arg-type]  # of requests

    def post(self, path: str, data: dict[str, str] | None = None, **options: object) -> requests.Response:
        """Send a form of the page that was shown last."""
        sent = {"form": self.form} | (data or {})
        return self._seen(self.http.post(self.home + path, data=sent, timeout=PATIENCE_SECONDS, **options))  # type: ignore[arg-type]  # of requests

    def ask(self, email: str = ADA) -> requests.Response:
        """Ask for a code, and let the worker write the mail."""
        answer = self.post("/sign-in", {"email": email})
        while send_sign_in_codes(self.world.services):
            pass
        return answer

    def enter(self, code: str) -> requests.Response:
        return self.post("/sign-in/code", {"code": code})

    def sign_in(self, email: str = ADA) -> "Visitor":
        self.ask(email)
        assert "Signed in as" in self.enter(newest_mail(self.world)["code"]).text
        return self

    @property
    def is_signed_in(self) -> bool:
        return "Signed in as" in self.get().text

    def cookie(self, name: str) -> str:
        return str(next(cookie.value for cookie in self.http.cookies if cookie.name.startswith(name)))

    def _seen(self, answer: requests.Response) -> requests.Response:
        found = re.search(r'name="form" value="([0-9a-f]+)"', answer.text)
        self.form = found[1] if found else self.form
        return answer


def open_wallet(world: World) -> None:
    """Switch the wallet on, in a shop that sends mails."""
    world.clock.advance(minutes=2)
    world.change_store(mail_sender="points@shop.example")
    change_store(world.services, world.store().slug, hosted_wallet=True)


def buy(world: World, total: str = "60", email: str = ADA) -> str:
    """Let a customer order, and the app know them."""
    order_id = world.saleor.shop.place_paid_order(total, email=email)
    world.deliver()
    do_housekeeping(world.services)
    return order_id


def give(world: World, points: int, email: str = ADA) -> None:
    """Give points to a customer, in the books of whoever keeps them."""
    if world.coggins is not None:
        world.coggins.adjust(email, points)
        return
    with world.services.database.writing() as session:
        ledger.post(session, world.store().id or 0, [Entry(email, points, EntryKind.INSTANT)], world.clock.now)
    do_housekeeping(world.services)


def mails(world: World) -> list[MailRow]:
    with world.services.database.reading() as session:
        return list(session.exec(select(MailRow).order_by(col(MailRow.id))))


def newest_mail(world: World) -> dict[str, str]:
    """Read code and link out of the newest mail."""
    read: dict[str, str] = json.loads(world.services.sealer.open(mails(world)[-1].values_sealed or ""))
    return read


def codes(world: World) -> list[SignInCodeRow]:
    with world.services.database.reading() as session:
        return list(session.exec(select(SignInCodeRow).order_by(col(SignInCodeRow.id))))


def sessions(world: World) -> list[WalletSessionRow]:
    with world.services.database.reading() as session:
        return list(session.exec(select(WalletSessionRow)))


def seen(answer: requests.Response) -> str:
    """Give the words of a page."""
    body = re.sub(r"<(script|style)[^>]*>.*?</\1>", " ", answer.text, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def another(code: str) -> str:
    """Give digits that are not this code."""
    return f"{(int(code) + 1) % 1_000_000:06}"
