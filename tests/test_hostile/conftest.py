"""An installation with something to steal, and a log that is read afterwards."""

import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO

import pytest
import structlog
from flask import Flask
from sqlmodel import select
from werkzeug.wrappers import Response

from app.db.tables import StoreRow
from app.logs import set_up_logging
from app.usecases.api.manage_keys import create_key
from app.web import create_app
from tests.clock import MovableClock
from tests.standins.saleor import StandInSaleor
from tests.test_hostile.requests_of_strangers import Asked
from tests.world import SECRET_KEY, World, open_world, token_in

EMAILS = ("jane.planted@secret.example", "john.planted@secret.example")
STAFF_EMAIL = "admin@example.com"


@dataclass
class Target:
    """The app in this process, and what nobody must get out of it."""

    world: World
    flask: Flask
    api_key: str
    claim_tokens: tuple[str, ...]
    orders: tuple[str, ...]
    log: StringIO

    @property
    def keys(self) -> tuple[str, ...]:
        """What nobody at all may read in an answer."""
        store = self.store()
        token = self.world.services.sealer.open(store.token_sealed or "")
        return (SECRET_KEY, token, store.token_sealed or "", "gAAAAA")

    @property
    def secrets(self) -> tuple[str, ...]:
        """What a stranger may not read in an answer, and nobody in a log."""
        return (*self.keys, self.api_key, *self.claim_tokens, *EMAILS)

    def store(self) -> StoreRow:
        with self.world.services.database.reading() as session:
            return session.exec(select(StoreRow)).one()

    def staff_token(self) -> str:
        permissions = ("MANAGE_ORDERS", "MANAGE_APPS")
        return self.world.saleor.dashboard_token(self.store().app_id or "", permissions=permissions, user_permissions=permissions)

    def ask(self, asked: Asked) -> Response:
        headers = dict(asked.headers)
        if asked.content_type is not None:
            headers["Content-Type"] = asked.content_type
        # What a server takes from these itself never reaches the app as it was sent.
        for name in ("Content-Length", "Transfer-Encoding", "Expect"):
            headers.pop(name, None)
        return self.flask.test_client().open(
            asked.path,
            method=asked.method,
            query_string=asked.query,
            headers=headers,
            data=asked.body,
            environ_overrides={"REMOTE_ADDR": asked.address},
            buffered=True,
        )


@pytest.fixture
def target(database_url: str, clock: MovableClock, saleor: StandInSaleor) -> Iterator[Target]:
    with open_world(database_url, clock, saleor, ALLOWED_SALEOR_URLS=saleor.api_url) as world:
        world.install()
        orders = [saleor.shop.place_paid_order("60", email=email) for email in EMAILS]
        world.deliver()
        tokens = tuple(token_in(world.follow(order_id).headers["Location"]) for order_id in orders)
        key = create_key(world.services, world.store().slug)
        clock.advance(minutes=2)
        world.change_store(hosted_wallet=True)
        flask = create_app(world.services, world.settings)
        with _logged() as log:
            yield Target(world, flask, key, tokens, tuple(orders), log)


class _logged:  # noqa: N801 - reads as a word where it is used
    """Everything that is logged, down to debug, as JSON."""

    def __enter__(self) -> StringIO:
        root = logging.getLogger()
        self._before = root.handlers[:], root.level
        self._stderr, sys.stderr = sys.stderr, StringIO()
        set_up_logging(log_format="json", level="info")
        return sys.stderr

    def __exit__(self, *_: object) -> None:
        sys.stderr = self._stderr
        root = logging.getLogger()
        root.handlers[:], level = self._before
        root.setLevel(level)
        structlog.reset_defaults()
