"""The settings of mails: what is sent in whose name, the words, the preview, and a test to oneself."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
import requests
from playwright.sync_api import expect
from sqlmodel import select

from app.db.tables import LogEntryRow, MailKindRow, MailServerRow, MailTextRow
from app.domain.mails import MailKind
from app.languages import LANGUAGES
from tests.clock import MovableClock
from tests.standins.dashboard import StandInDashboard
from tests.standins.mail import Fault, StandInMail
from tests.standins.saleor import StandInSaleor
from tests.test_mailing.post import Post
from tests.test_merchant.calls import Desk, notified, once_in, seen
from tests.test_merchant.conftest import OpenFrame
from tests.test_merchant.test_banners import banners
from tests.test_merchant.test_reading import faults_in
from tests.test_merchant.test_the_frame import app_in
from tests.test_web.calls import ready_order
from tests.world import open_world

PAGE = "settings/mails"
READY = f"{PAGE}/points_ready/de"
FORM = {"sender": "points@shop.example", "reply_to": "", "after_days": "7", "points_ready": "yes"}
STAFF = "admin@example.com"


@pytest.fixture
def post(fresh_sqlite: Callable[[], str], clock: MovableClock, saleor: StandInSaleor) -> Iterator[Post]:
    """A shop with a mail server, which sends nothing yet."""
    with StandInMail() as mail, open_world(fresh_sqlite(), clock, saleor, MAIL_URL=mail.url) as opened:
        opened.install()
        clock.advance(minutes=2)
        yield Post(opened, mail)


@pytest.fixture
def mailer(post: Post) -> Desk:
    return Desk(post.world)


def save(desk: Desk, path: str, typed: dict[str, str]) -> requests.Response:
    return desk.post(f"{path}/save", {"once": uuid4().hex} | typed)


def kinds_on(desk: Desk) -> dict[str, bool]:
    with desk.world.services.database.reading() as session:
        return {row.kind: row.is_on for row in session.exec(select(MailKindRow))}


def log_of(desk: Desk) -> list[tuple[str, str | None]]:
    with desk.world.services.database.reading() as session:
        return [(row.message, row.made_by) for row in session.exec(select(LogEntryRow)) if row.code == "settings_changed"]


def test_without_a_mail_server_the_page_says_what_is_missing_and_can_still_be_used(desk: Desk) -> None:
    page = desk.get(PAGE)

    assert "this app has no mail server. Whoever runs it has to set MAIL_URL" in seen(page)
    assert notified(save(desk, PAGE, FORM))["title"] == "Mails saved"
    assert "Send me a test" not in seen(desk.get(READY))
    assert notified(desk.post(f"{READY}/test", {"once": uuid4().hex}))["title"] == "No test was sent"


def test_mails_are_switched_on_once_and_the_log_says_who_did_it(mailer: Desk) -> None:
    sent = {"once": once_in(mailer.get(PAGE)), **FORM, "reminder": "yes", "points_end": "yes", "after_days": "9"}

    saved = mailer.post(f"{PAGE}/save", sent)
    mailer.post(f"{PAGE}/save", sent)

    assert notified(saved)["title"] == "Mails saved"
    assert saved.headers["X-Page"] == PAGE
    assert kinds_on(mailer) == {"points_ready": True, "reminder": True, "points_end": True}
    [(message, made_by)] = log_of(mailer)
    assert "Points are waiting: no → yes" in message
    assert "Points run out: no → yes" in message
    assert "Days until the reminder: 7 → 9" in message
    assert made_by == STAFF
    assert 'value="points@shop.example"' in mailer.get(PAGE).text


def test_saving_again_writes_to_nobody_who_ordered_before(mailer: Desk) -> None:
    save(mailer, PAGE, FORM)
    with mailer.world.services.database.reading() as session:
        since = session.get_one(MailKindRow, (1, "points_ready")).on_since
    mailer.world.clock.advance(hours=1)

    save(mailer, PAGE, FORM | {"sender": "else@shop.example"})

    with mailer.world.services.database.reading() as session:
        assert session.get_one(MailKindRow, (1, "points_ready")).on_since == since
    assert notified(save(mailer, PAGE, FORM | {"sender": "else@shop.example"}))["title"] == "Nothing to save"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"sender": ""}, "Mails need a sender"),
        ({"sender": "Łucja <a@b.example>"}, "The sender must be an e-mail address of plain letters"),
        ({"reply_to": "nobody"}, "The address for answers must be an e-mail address"),
        ({"after_days": "0"}, "Write a whole number from 1 to 365."),
        ({"after_days": "many"}, "Write a whole number from 1 to 365."),
    ],
)
def test_what_will_not_do_is_said_beside_its_field_and_kept(mailer: Desk, typed: dict[str, str], sentence: str) -> None:
    refused = save(mailer, PAGE, FORM | typed)

    assert refused.status_code == 422
    assert sentence in seen(refused)
    assert "checked" in refused.text
    assert kinds_on(mailer) == {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", MailKind)
def test_every_mail_has_a_preview_in_every_language(mailer: Desk, kind: MailKind, language: str) -> None:
    page = mailer.get(f"{PAGE}/{kind.value}/{language}")

    assert page.status_code == 200
    assert f"&lt;html lang=&#34;{language}&#34;" in page.text
    assert 'sandbox srcdoc="' in page.text


def test_own_words_are_previewed_and_then_saved_for_one_kind_and_language(mailer: Desk) -> None:
    words = {"subject": "{points} von {shop}", "paragraph": "Danke!\r\nBis <b>bald</b>."}

    previewed = mailer.post(f"{READY}/preview", words)
    with mailer.world.services.database.reading() as session:
        assert session.exec(select(MailTextRow)).all() == []
    saved = save(mailer, READY, words)

    assert "250 von" in seen(previewed)
    assert "&amp;lt;b&amp;gt;bald" in previewed.text
    assert notified(saved)["title"] == "Words saved"
    assert "Danke!" in mailer.get(READY).text
    assert "Danke!" not in mailer.get(f"{PAGE}/points_ready/fr").text
    assert "Danke!" not in mailer.get(f"{PAGE}/reminder/de").text
    [(message, made_by)] = log_of(mailer)
    assert ("points_ready in the language de" in message, made_by) == (True, STAFF)


@pytest.mark.parametrize("words", [{"subject": "a" * 201}, {"subject": "a\r\nBcc: b"}, {"paragraph": "a" * 1001}])
def test_words_that_no_mail_can_have_are_refused(mailer: Desk, words: dict[str, str]) -> None:
    refused = save(mailer, READY, words)

    assert refused.status_code == 422
    assert "at most" in seen(refused)


def test_a_test_goes_to_the_staff_user_in_the_chosen_language_and_ten_in_an_hour(post: Post, mailer: Desk) -> None:
    save(mailer, PAGE, FORM)
    once = uuid4().hex

    answers = [mailer.post(f"{READY}/test", {"once": once}) for _ in range(2)]
    post.send()
    more = [mailer.post(f"{READY}/test", {"once": uuid4().hex}) for _ in range(10)]

    assert [notified(answer)["title"] for answer in answers] == ["The test is on its way"] * 2
    [got] = post.server.delivered
    assert got.receiver == STAFF
    assert "250 Punkte" in got.message["Subject"]
    assert [notified(answer)["status"] for answer in more] == ["success"] * 9 + ["warning"]
    assert "Please try again later" in notified(more[-1])["text"]
    mailer.world.clock.advance(hours=1, seconds=1)
    assert notified(mailer.post(f"{READY}/test", {"once": uuid4().hex}))["status"] == "success"


@pytest.mark.parametrize("path", [f"{PAGE}/newsletter/de", f"{PAGE}/points_ready/xx"])
def test_a_mail_that_there_is_not_has_no_page(desk: Desk, path: str) -> None:
    assert desk.get(path).status_code == 404
    assert desk.post(f"{path}/test", {"once": uuid4().hex}).status_code == 404


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_mails_are_set_and_previewed_by_clicking(post: Post, mailer: Desk, frames: OpenFrame, theme: str) -> None:
    shop = post.world
    with StandInDashboard(shop.saleor.api_url, mailer.app_id, f"{shop.url}/app", mailer.token) as dashboard:
        dashboard.theme = theme
        page = frames()
        frame = app_in(page)
        page.goto(dashboard.page("/settings/mails"))
        frame.get_by_label("Sender").fill("points@shop.example")
        frame.get_by_label("Points are waiting").check()
        frame.get_by_role("button", name="Save").click()
        expect(frame.get_by_role("table", name="Mails")).not_to_contain_text("offoffoffoff")
        expect(frame.locator("main")).not_to_have_attribute("aria-busy", "true")
        assert faults_in(page) == []

        frame.get_by_role("link", name="Preview and change Points are waiting").click()
        frame.get_by_role("link", name="German").click()
        expect(frame.get_by_role("link", name="German")).to_have_attribute("aria-current", "page")
        shown = frame.frame_locator("iframe.preview")
        expect(shown.get_by_role("heading", level=1)).to_contain_text("250 Punkte")
        expect(shown.locator(".button")).not_to_have_css("background-color", "rgba(0, 0, 0, 0)")
        frame.get_by_label("Paragraph").fill("Schön, dass Sie da waren.")
        expect(shown.locator(".line").first).to_have_text("Schön, dass Sie da waren.")
        frame.get_by_role("button", name="Save").click()
        page.wait_for_function("window.heard.some(said => said.payload?.title === 'Words saved')")
        frame.get_by_role("button", name="Send me a test").click()
        page.wait_for_function("window.heard.some(said => said.payload?.title === 'The test is on its way')")
        expect(frame.locator("main")).not_to_have_attribute("aria-busy", "true")
        assert faults_in(page) == []
    post.send()

    [got] = post.server.delivered
    assert "Schön, dass Sie da waren." in got.part("plain")


@pytest.mark.parametrize("fault", [Fault.SENDER_5XX, Fault.CUT_AT_RCPT])
def test_each_page_says_that_mails_wait_and_why(post: Post, mailer: Desk, fault: Fault) -> None:
    save(mailer, PAGE, FORM)
    ready_order(post.world, email="ada@example.com")
    post.server.faults = [fault]

    post.send()
    [banner] = banners(mailer)

    assert banner.startswith("Mails to customers wait")
    assert ("Sender address rejected" if fault is Fault.SENDER_5XX else "broke off") in banner
    post.world.clock.advance(hours=1)
    post.send()
    assert post.states() == ["sent"]
    assert banners(mailer) == []


def test_a_shop_that_sends_no_mails_does_not_read_of_the_mail_server(post: Post, mailer: Desk) -> None:
    with post.world.services.database.writing() as session:
        session.add(MailServerRow(id=1, failures=3, problem="The mail server is away."))

    assert banners(mailer) == []
