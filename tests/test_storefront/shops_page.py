"""A page of the shop, on an origin of its own, that loads points.js."""

import json
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.standins.serving import LocalServer
from tests.test_storefront.calls import Storefront


@dataclass
class ShopsPage:
    """`token` is what the page's script finds; None: nobody is signed in. `body` stands under its heading."""

    storefront: Storefront
    server: LocalServer
    token: str | None = None
    language: str = "en"
    direction: str = "ltr"
    body: str = ""

    def html(self) -> str:
        script = f"{self.storefront.world.url}/storefront/v1/points.js"
        balance = f'''<points-balance api="{self.storefront.base}" channel="default-channel">
<a slot="signed-out" href="#">Sign in</a></points-balance>'''
        return f"""<!doctype html><html lang="{self.language}" dir="{self.direction}"><title>My account</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">
<main><h1>My account</h1>
{self.body or balance}</main>
<script type="module">import {{ setPointsToken }} from "{script}";
setPointsToken(async () => {json.dumps(self.token)});</script>"""

    def open(self, page: Page) -> None:
        page.goto(self.server.url)
