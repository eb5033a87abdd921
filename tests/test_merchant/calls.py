"""Requests to the merchant's pages, as the bridge and the Dashboard make them."""

import json
import re
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import unquote

import requests

from tests.standins.saleor.keys import dashboard_claims
from tests.waiting import PATIENCE_SECONDS
from tests.world import World

TIMEOUT = PATIENCE_SECONDS
ALL = ("MANAGE_ORDERS", "MANAGE_APPS")


@dataclass
class Desk:
    """A staff user at the Dashboard of a world's Saleor. `permissions` are all that the user has."""

    world: World
    permissions: tuple[str, ...] = ALL

    @property
    def app_id(self) -> str:
        return self.world.store().app_id or ""

    def token(self, **claims: Any) -> str:
        """Make a token as the Dashboard hands it over now; `claims` override single claims."""
        made_for = self.world.saleor
        own = dashboard_claims(
            made_for.api_url, self.world.clock(), self.app_id, permissions=self.permissions, user_permissions=self.permissions
        )
        return made_for.key.sign_token(own | claims)

    def ask(self, method: str, path: str, *, token: str | None = None, **options: Any) -> requests.Response:
        """Ask for a fragment: `path` is such as `orders/12`."""
        headers = {
            "Authorization": f"Bearer {self.token() if token is None else token}",
            "Saleor-Api-Url": self.world.saleor.api_url,
            **options.pop("headers", {}),
        }
        url = f"{self.world.url}/app/pages/{path}"
        return requests.request(method, url, headers=headers, allow_redirects=False, timeout=TIMEOUT, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.ask("GET", path, **options)

    def post(self, path: str, data: dict[str, Any], **options: Any) -> requests.Response:
        return self.ask("POST", path, data=data, **options)

    def widget(self, name: str, token: str | None = None, **context: str) -> requests.Response:
        """Post a widget's form as the Dashboard does."""
        fields = {
            "saleorApiUrl": self.world.saleor.api_url,
            "accessToken": self.token() if token is None else token,
            "appId": self.app_id,
            **context,
        }
        return requests.post(f"{self.world.url}/app/widgets/{name}", data=fields, timeout=TIMEOUT)

    def box(self, name: str, **fields: str) -> requests.Response:
        """Ask for a box as its script does, or send its form: `name` is `order`, or `order/give`."""
        own = {"saleorApiUrl": self.world.saleor.api_url, "accessToken": self.token()}
        headers = {"Dashboard-Url": "https://dashboard.example"}
        return requests.post(f"{self.world.url}/app/widgets/{name}", data=own | fields, headers=headers, timeout=TIMEOUT)


def seen(answer: requests.Response) -> str:
    """Give what a reader sees of a fragment."""
    without_tags = re.sub(r"<[^>]*>", " ", re.sub(r"(?s)<head>.*?</head>", "", answer.text))
    return " ".join(unescape(without_tags).split())


def once_in(answer: requests.Response) -> str:
    """Give the token of the page's first form."""
    found = re.search(r'name="once" value="([0-9a-f]{32})"', answer.text)
    assert found, answer.text
    return found[1]


def notified(answer: requests.Response) -> dict[str, str]:
    """Give what the Dashboard is asked to show."""
    told: dict[str, str] = json.loads(unquote(answer.headers["X-Notify"]))
    return told
