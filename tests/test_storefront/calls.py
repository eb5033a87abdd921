"""Requests to the storefront API, as a shop's page or server makes them for the customer who is signed in."""

from dataclasses import dataclass
from typing import Any

import requests

from app.usecases.merchants.change_store import change_store
from tests.waiting import PATIENCE_SECONDS
from tests.world import World

ADA, EVE = "ada@example.com", "eve@example.com"
ORIGIN = "https://shop.example"


@dataclass(frozen=True)
class Storefront:
    """The storefront of a world's shop."""

    world: World

    @property
    def base(self) -> str:
        return f"{self.world.url}/api/storefront/v1/{self.world.store().slug}"

    def open(self, *origins: str) -> None:
        """Switch the API on."""
        change_store(self.world.services, self.world.store().slug, storefront_api=True, storefront_origins=origins)

    def sign_up(self, email: str = ADA, **is_what: bool) -> str:
        """Open an account, and confirm it; gives the user's id."""
        user_id = self.world.saleor.shop.register_customer(email)
        self.world.saleor.shop.change_customer(email, **is_what)
        return user_id

    def token(self, email: str = ADA, **claims: Any) -> str:
        return self.world.saleor.shopper_token(email, **claims)

    def ask(
        self, path: str, *, by: str | None = ADA, token: str | None = None, method: str = "GET", **options: Any
    ) -> requests.Response:
        """Ask for a customer; `by` None sends no token, and `token` another one."""
        sent = token if token is not None else self.token(by) if by is not None else None
        headers = ({} if sent is None else {"Authorization": f"Bearer {sent}"}) | options.pop("headers", {})
        return requests.request(
            method, f"{self.base}/{path}", headers=headers, timeout=PATIENCE_SECONDS, allow_redirects=False, **options
        )


def code_of(answer: requests.Response) -> str:
    code: str = answer.json()["error"]["code"]
    return code
