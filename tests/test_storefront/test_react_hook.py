"""The hook for React that the documents show, as it stands there, in a page of another origin."""

import json

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser import OpenPage
from tests.test_documents.markdown import ROOT, Document
from tests.test_storefront.calls import ADA, EVE
from tests.test_storefront.shops_page import ShopsPage
from tests.test_storefront.test_component import REFUSED
from tests.test_storefront.test_history import give

PATH = ROOT / "docs" / "storefront" / "api.md"
[HOOK] = [block.text for block in Document(PATH, PATH.read_text()).blocks if block.language == "jsx"]

# What the hook needs of React: what it keeps between calls, and effects that run when what they depend on has changed.
REACT = """
let kept = [], place = 0, effects = [];
export function useState(first) {
  const here = place++;
  if (!(here in kept)) kept[here] = first;
  return [kept[here], (value) => { kept[here] = value; globalThis.draw(); }];
}
export function useEffect(effect, needs) {
  const here = place++, before = kept[here];
  if (before && needs.every((need, number) => Object.is(need, before.needs[number]))) return;
  effects.push(() => { before?.leave?.(); kept[here] = { needs, leave: effect() }; });
}
export function render(component) {
  place = 0;
  const shown = component();
  for (const effect of effects.splice(0)) effect();
  return shown;
}
"""
PAGE = """<pre id="shown"></pre>
<script type="importmap">{"imports": {"react": "data:text/javascript,%(react)s"}}</script>
<script type="module">
%(hook)s
import { render } from "react";
globalThis.drawn = [];
globalThis.draw = () => setTimeout(() => {
  const points = render(() => usePoints(%(api)s, globalThis.token));
  document.querySelector("#shown").textContent = JSON.stringify(points, ["state", "points", "code"]);
  globalThis.drawn.push(document.querySelector("#shown").textContent);
});
globalThis.be = (token) => { globalThis.token = token; globalThis.draw(); };
</script>"""


@pytest.fixture
def page(shops_page: ShopsPage, opens: OpenPage) -> Page:
    """A page that shows what the hook gives, to nobody yet. Ada has 1,200 points, Eve 7."""
    for email, points in ((ADA, 1_200), (EVE, 7)):
        give(shops_page.storefront.world, email, points)
    react = "".join(f"%{byte:02x}" for byte in REACT.encode())
    shops_page.body = PAGE % {"react": react, "hook": HOOK, "api": json.dumps(shops_page.storefront.base)}
    page = opens(hosts_max=2, expected=REFUSED).page
    shops_page.open(page)
    page.wait_for_function("'be' in globalThis")
    return page


def be(page: Page, token: str) -> None:
    page.evaluate("token => be(token)", token)


def test_it_gives_the_points_of_whoever_is_signed_in(shops_page: ShopsPage, page: Page) -> None:
    shown = page.locator("#shown")

    be(page, "")
    expect(shown).to_have_text('{"state":"signed-out"}')
    be(page, shops_page.storefront.token(ADA))
    expect(shown).to_contain_text('"state":"shown","points":1200}')
    be(page, shops_page.storefront.token(EVE))
    expect(shown).to_contain_text('"state":"shown","points":7}')
    be(page, "no token")
    expect(shown).to_contain_text('"state":"refused","code":"TOKEN_REFUSED"')


def test_an_answer_that_comes_after_somebody_else_signed_in_is_not_shown(shops_page: ShopsPage, page: Page) -> None:
    late: list[Route] = []
    page.route("**/me", lambda route: late.append(route) if not late else route.continue_())

    be(page, shops_page.storefront.token(ADA))
    page.wait_for_function("document.querySelector('#shown').textContent.includes('loading')")
    be(page, shops_page.storefront.token(EVE))

    expect(page.locator("#shown")).to_contain_text('"points":7}')
    [of_ada] = late
    of_ada.fulfill(json={"points": 1200}, headers={"Access-Control-Allow-Origin": "*"})
    be(page, "no token")
    expect(page.locator("#shown")).to_contain_text("TOKEN_REFUSED")
    assert not [shown for shown in page.evaluate("drawn") if "1200" in shown]
