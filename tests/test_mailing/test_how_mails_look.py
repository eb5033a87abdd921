"""Each mail as it is read in a browser: on the narrowest phone and a desktop, light and dark."""

from datetime import date

import pytest
from playwright.sync_api import ViewportSize, expect

from app.domain.brand import Brand
from app.domain.mails import MailKind
from app.languages import LANGUAGES
from app.mail.passage import OwnWords
from app.mail.rendering import Frame, render_mail, speech_of
from tests.browser import DESKTOP, OpenPage

NARROW: ViewportSize = {"width": 320, "height": 640}
LONG = "A shop whose name is longer than most, Donaudampfschifffahrtsgesellschaft"
VALUES: dict[str, object] = {
    "points": 1_234_567,
    "order": "A-2026-000001234",
    "link": "https://points.example.com/orders/shop?o=T3JkZXI6",
    "code": "SHOP-7KQ4-M2XW-9RTD",
    "reward": "Gutschein über 10,00 € für den nächsten Einkauf",
    "last_day": date(2026, 11, 30).isoformat(),
    # More than are listed one by one.
    "days": [{"day": date(2026, 12, day).isoformat(), "points": 12_345 * day} for day in range(1, 13)],
}


def html(kind: MailKind, language: str, *, accent: str | None = None) -> str:
    code = {"code": "482913"} if kind is MailKind.SIGN_IN else {}
    opt_out = None if code or kind is MailKind.REWARD_CODE else "https://points.example.com/mails/1"
    frame = Frame(Brand("shop", LONG, accent=accent), opt_out_url=opt_out)
    return render_mail(kind, VALUES | code, frame, speech_of(language), OwnWords()).html


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("viewport", [NARROW, DESKTOP], ids=["narrow", "desktop"])
@pytest.mark.parametrize("kind", MailKind)
def test_a_mail_fits_and_axe_finds_no_fault(opens: OpenPage, kind: MailKind, viewport: ViewportSize, dark: bool) -> None:
    opened = opens(viewport=viewport, dark=dark)

    for language, accent in zip(LANGUAGES, (None, "#ffe14d", "#101010", "#d7263d", "#eeeeee"), strict=True):
        opened.page.set_content(html(kind, language, accent=accent))

        expect(opened.page.get_by_role("heading", level=1)).to_be_visible()
        assert opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), language
    # The last is in the palest colour, which is the hardest to read.
    assert opened.faults() == []
