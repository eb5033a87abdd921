"""One Chromium for the tests that look at pages as people do. Debian's own package: Playwright brings none along.

    def test_it(opens: OpenPage) -> None:
        page = opens(dark=True).page

A page that complains (an error in the console, a broken script, a request that fails) or that asks another host than its own
fails its test, whatever else the test looks at.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it comes without types
from playwright.sync_api import Browser, Page, Request, ViewportSize, expect, sync_playwright

from tests.waiting import PATIENCE_SECONDS

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NOT_FOUND = "No Chromium was found: the pages were not tested in a browser. Debian and Ubuntu: apt install chromium"
PHONE: ViewportSize = {"width": 375, "height": 720}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
TIMEOUT_MS = PATIENCE_SECONDS * 1000
# What WCAG 2.2 AA asks for, with all that it is built on.
_WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")


@dataclass
class Opened:
    """A page in a browser window of its own, with what it complained of and all addresses that it asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    # What a test provokes on purpose: complaints that hold one of these words are no failure.
    expected: tuple[str, ...] = ()

    def hosts(self) -> set[str]:
        """Name all hosts that were asked, with their ports."""
        return {urlsplit(address).netloc for address in self.addresses if not address.startswith(("data:", "blob:", "about:"))}

    def unexpected(self) -> list[str]:
        """List the complaints that the test did not provoke."""
        return [said for said in self.complaints if not any(word in said for word in self.expected)]

    def faults(self) -> list[str]:
        """Ask axe-core what a person who sees, hears or types otherwise would stumble over."""
        found = Axe().run(self.page, options={"runOnly": {"type": "tag", "values": list(_WCAG)}})
        return [
            f"{fault['id']}: {node['html']} ({node.get('failureSummary', '')})"
            for fault in found.response["violations"]
            for node in fault["nodes"]
        ]


class OpenPage(Protocol):
    """Opens an empty page in a window of its own."""

    def __call__(
        self,
        *,
        viewport: ViewportSize = PHONE,
        dark: bool = False,
        javascript: bool = True,
        languages: str = "en",
        headers: dict[str, str] | None = None,
        hosts_max: int = 1,
        expected: tuple[str, ...] = (),
        **context: Any,
    ) -> Opened: ...


def chromium_path() -> str | None:
    """Find the browser: CHROMIUM names one, else the usual names are looked for."""
    return os.environ.get("CHROMIUM") or next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start a Chromium."""
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(ARGS), timeout=TIMEOUT_MS)
        yield browser
        browser.close()


@contextmanager
def open_page(
    browser: Browser,
    *,
    viewport: ViewportSize = PHONE,
    dark: bool = False,
    javascript: bool = True,
    languages: str = "en",
    headers: dict[str, str] | None = None,
    hosts_max: int = 1,
    expected: tuple[str, ...] = (),
    **options: Any,
) -> Iterator[Opened]:
    """Open an empty page in a window of its own; at its end, what it complained of fails the test."""
    context = browser.new_context(
        viewport=viewport,
        color_scheme="dark" if dark else "light",
        java_script_enabled=javascript,
        extra_http_headers={"Accept-Language": languages, **(headers or {})},
        reduced_motion="reduce",
        **options,
    )
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    opened = Opened(page, expected=expected)
    page.on("console", lambda message: opened.complaints.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    page.on("requestfailed", lambda request: opened.complaints.extend(_fault(request)))
    page.on("request", lambda request: opened.addresses.append(request.url))
    try:
        yield opened
    finally:
        context.close()
    assert not opened.unexpected(), opened.unexpected()
    assert len(opened.hosts()) <= hosts_max, opened.hosts()


def _fault(request: Request) -> list[str]:
    # Whoever leaves a page aborts what it still loads.
    return [] if request.failure == "net::ERR_ABORTED" else [f"{request.failure}: {request.url}"]
