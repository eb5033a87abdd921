"""Serves the Dashboard's page that frames an app. A test gives the tokens, and reads what the app said."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit

from tests.standins.serving import Answer, LocalServer, Request, json_answer

SANDBOX = "allow-same-origin allow-forms allow-scripts allow-downloads allow-popups"
SIDE_BAR = 'width="400" height="200"'
TILE = 'style="display: block; width: 100%; height: 320px"'
SCRIPT = Path(__file__).parent / "dashboard.js"


@dataclass
class StandInDashboard:
    """The Dashboard of one Saleor, showing one app. `token` gives a token of whoever sits at it.

    `grant` gives the app permissions that the staff user approved, and tells whether Saleor took it.
    """

    api_url: str
    app_id: str
    app_url: str
    token: Callable[[], str]
    theme: str = "light"
    locale: str = "en"
    grant: Callable[[list[str]], bool] = lambda _permissions: False
    server: LocalServer = field(init=False)

    def __post_init__(self) -> None:
        self.server = LocalServer(self._handle)

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()

    @property
    def url(self) -> str:
        return self.server.url

    def page(self, path: str = "", query: str = "") -> str:
        """Give the address at which the Dashboard shows the app's page: `path` is such as `/orders/12`."""
        return f"{self.url}/dashboard/extensions/app/{quote(self.app_id)}{path}{query}"

    def widget(self, extension: dict[str, Any], **context: str) -> str:
        """Give the address of a page that shows a widget of the manifest, as on an order's or a customer's page.

        The manifest says whether the widget is loaded by GET, or posted to.
        """
        [target] = extension["options"].values()
        told = {"url": extension["url"], "mount": extension["mount"], "method": target["method"], **context}
        # On the home page it is a tile of a fixed height (seen with 3.23.27), here as wide as the window.
        if "homeWidgetTarget" in extension["options"]:
            told["tile"] = "yes"
        return f"{self.url}/dashboard/widget?{urlencode(told)}"

    def _handle(self, request: Request) -> Answer:
        if request.path == "/dashboard.js":
            return Answer(body=SCRIPT.read_bytes(), content_type="text/javascript")
        if request.path == "/token":
            return json_answer({"token": self.token()})
        if request.path == "/dashboard/widget":
            return _html(self._widget(request.query))
        prefix = f"/dashboard/extensions/app/{quote(self.app_id)}"
        if request.path == f"{prefix}/edit/permissions":
            return self._authorize(prefix, request)
        if request.path.startswith(prefix):
            return _html(self._app_page(request.path.removeprefix(prefix), request.query))
        return Answer(404, b"Not found", "text/html")

    def _authorize(self, prefix: str, request: Request) -> Answer:
        """Ask to approve, then lead back to the app: its page stands in the query, not in the path (seen with 3.23.27)."""
        wanted = request.query["requestedPermissions"].split(",")
        if request.method == "GET":
            buttons = "".join(f'<button name="said" value="{said}">{said}</button>' for said in ("Deny", "Approve"))
            return _html(f'<h1>Authorize</h1><p>{escape(", ".join(wanted))}</p><form method="post">{buttons}</form>', script="")
        back = {"appPath": request.query["redirectPath"]}
        if b"said=Approve" not in request.body:
            back["error"] = "USER_DENIED_PERMISSIONS"
        elif not self.grant(wanted):
            back["error"] = "UPDATE_PERMISSIONS_FAILED"
        return Answer(303, b"", headers=(("Location", f"{prefix}?{urlencode(back)}"),))

    def _app_page(self, subpath: str, query: dict[str, str]) -> str:
        added = {
            **query,
            "domain": self.api_url.split("/")[2],
            "saleorApiUrl": self.api_url,
            "id": self.app_id,
            "featureFlags[new_order_ui][enabled]": "false",
            "theme": self.theme,
        }
        asked_for = f"/{query['appPath']}" if "appPath" in query else ""
        src = f"{self.app_url}{subpath}{asked_for}?{urlencode(added)}"
        told = json.dumps({"appId": self.app_id, "theme": self.theme, "locale": self.locale, "token": self.token()})
        return (
            f'<div id="told" data-told="{escape(told)}"></div>'
            f'<iframe id="app" data-src="{escape(src)}" data-path="{escape(urlsplit(self.app_url).path)}" '
            f'sandbox="{SANDBOX}" title="App"></iframe>'
        )

    def _widget(self, query: dict[str, str]) -> str:
        context = {name: value for name, value in query.items() if name not in {"url", "mount", "method", "tile"}}
        if query["method"] == "GET":
            return self._widget_by_get(query["url"], context, is_tile="tile" in query)
        fields = {"saleorApiUrl": self.api_url, "accessToken": self.token(), "appId": self.app_id, **context}
        inputs = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in fields.items())
        return (
            f'<form id="widget" method="post" action="{escape(query["url"])}" target="ext-frame">{inputs}</form>'
            f'<iframe id="app" name="ext-frame" sandbox="{SANDBOX}" title="Widget" width="400" height="200"></iframe>'
        )

    def _widget_by_get(self, url: str, context: dict[str, str], *, is_tile: bool) -> str:
        named = [("domain", self.api_url.split("/")[2]), ("saleorApiUrl", self.api_url), ("id", self.app_id)]
        # It is said twice (seen with 3.23.27).
        src = f"{url}?{urlencode([*named, *named, *context.items(), ('theme', self.theme)])}"
        told = json.dumps({"appId": self.app_id, "theme": self.theme, "locale": self.locale, "token": self.token()})
        return (
            f'<div id="told" data-told="{escape(told)}"></div>'
            f'<iframe id="app" name="ext-frame" data-src="{escape(src)}" sandbox="{SANDBOX}"'
            f' title="Widget" {TILE if is_tile else SIDE_BAR}></iframe>'
        )


def _html(body: str, script: str = '<script src="/dashboard.js"></script>') -> Answer:
    head = f'<!doctype html><html lang="en"><title>Dashboard</title><link rel="icon" href="data:,">{STYLE}'
    page = f"{head}<body>{body}{script}"
    return Answer(
        body=page.encode(), content_type="text/html; charset=utf-8", headers=(("Referrer-Policy", "origin-when-cross-origin"),)
    )


STYLE = "<style>body{margin:0}#app{border:0}body>#app:not([name]){width:100vw;height:100vh}</style>"
