"""The browser of the tests: that it sees what it is there to see."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser

from tests.browser import OpenPage, open_page
from tests.standins.serving import Answer, LocalServer


@contextmanager
def page_server(html: str) -> Iterator[LocalServer]:
    server = LocalServer(lambda _request: Answer(200, html.encode(), "text/html; charset=utf-8")).start()
    try:
        yield server
    finally:
        server.stop()


def test_a_page_that_complains_fails_its_test(browser: Browser) -> None:
    with page_server("<!doctype html><link rel=icon href=data:,><script>console.error('broken')</script>") as server:
        with pytest.raises(AssertionError, match="broken"), open_page(browser) as opened:
            opened.page.goto(server.url)
        with open_page(browser, expected=("broken",)) as opened:
            opened.page.goto(server.url)


def test_a_page_that_asks_another_host_fails_its_test(browser: Browser) -> None:
    with page_server("<!doctype html><link rel=icon href=data:,><p>other") as other:
        html = f"<!doctype html><link rel=icon href=data:,><iframe src='{other.url}'></iframe>"
        with page_server(html) as server, pytest.raises(AssertionError, match="127"), open_page(browser) as opened:
            opened.page.goto(server.url)


def test_what_a_person_would_stumble_over_is_named(opens: OpenPage) -> None:
    with page_server("<!doctype html><html><link rel=icon href=data:,><input><p style='color:#ccc'>pale</html>") as server:
        opened = opens()
        opened.page.goto(server.url)

        faults = " ".join(opened.faults())

    assert "html-has-lang" in faults
    assert "label" in faults
    assert "color-contrast" in faults
