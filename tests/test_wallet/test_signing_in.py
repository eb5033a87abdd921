"""Signing in to the wallet: by the code or the link of a mail, within limits, and without telling who is a customer."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

import pytest
from sqlalchemy import event

from app.domain.signing_in import ASKED_IN_HOUR_MAX, SESSION_LASTS, SESSIONS_MAX, TRIES_MAX, WRONG_IN_DAY_MAX, as_digits
from app.sealing import Sealer
from app.usecases.operating.housekeeping import do_housekeeping
from app.usecases.shoppers.ask_for_code import ask_for_code
from tests.test_wallet.visitor import (
    ADA,
    EVE,
    NOBODY,
    Visitor,
    another,
    buy,
    codes,
    mails,
    newest_mail,
    seen,
    sessions,
)
from tests.waiting import PATIENCE_SECONDS
from tests.world import World


def test_the_code_of_the_mail_signs_in(ada: Visitor) -> None:
    ada.ask(" Ada@Example.com ")

    page = ada.enter(newest_mail(ada.world)["code"])

    assert "Signed in as a•••@e•••.com" in seen(page)
    assert page.url == ada.home


def test_the_link_of_the_mail_signs_in_where_it_is_opened_once_its_button_is_pressed(ada: Visitor) -> None:
    ada.ask()
    link = newest_mail(ada.world)["link"].removeprefix(ada.home)
    phone = Visitor(ada.world)

    page = phone.get(link)
    assert not sessions(ada.world)
    phone.post("/sign-in/link", {"key": link.partition("key=")[2]})

    assert "Press the button if that was you" in seen(page)
    assert phone.is_signed_in
    assert not ada.is_signed_in


def test_a_link_signs_in_once(ada: Visitor) -> None:
    ada.ask()
    key = newest_mail(ada.world)["link"].partition("key=")[2]
    ada.post("/sign-in/link", {"key": key})
    thief = Visitor(ada.world)

    page = thief.post("/sign-in/link", {"key": key})

    assert "This link is over" in seen(page)
    assert not thief.is_signed_in


def test_code_and_link_are_over_after_ten_minutes(ada: Visitor) -> None:
    ada.ask()
    mail = newest_mail(ada.world)
    ada.world.clock.advance(minutes=10)

    assert "does not sign you in" in seen(ada.enter(mail["code"]))
    assert "This link is over" in seen(ada.post("/sign-in/link", {"key": mail["link"].partition("key=")[2]}))


def test_a_code_is_taken_from_the_browser_that_asked_only(ada: Visitor) -> None:
    ada.ask()
    code = newest_mail(ada.world)["code"]
    eve = Visitor(ada.world)
    eve.ask(EVE)

    eve.enter(code)

    assert not eve.is_signed_in


def test_a_code_has_five_tries(ada: Visitor) -> None:
    ada.ask()
    code = newest_mail(ada.world)["code"]
    for _ in range(TRIES_MAX):
        assert "does not sign you in" in seen(ada.enter(another(code)))

    ada.enter(code)

    assert not ada.is_signed_in
    assert [one.tries for one in codes(ada.world)] == [TRIES_MAX]


def test_whoever_guesses_from_many_addresses_meets_the_limit_of_the_customer_and_her_link_still_works(ada: Visitor) -> None:
    """Each time another network, and a new code as soon as one has no tries left."""
    for hour in range(WRONG_IN_DAY_MAX // TRIES_MAX):
        guesser = Visitor(ada.world)
        guesser.http.headers["X-Forwarded-For"] = f"203.0.113.{hour}"
        guesser.ask()
        for _ in range(TRIES_MAX):
            guesser.enter(another(newest_mail(ada.world)["code"]))
        ada.world.clock.advance(hours=1)
    ada.ask()
    mail = newest_mail(ada.world)

    ada.enter(mail["code"])
    assert not ada.is_signed_in
    ada.post("/sign-in/link", {"key": mail["link"].partition("key=")[2]})

    assert ada.is_signed_in


def test_one_address_gets_few_mails_whoever_asks(ada: Visitor) -> None:
    for number in range(ASKED_IN_HOUR_MAX + 3):
        asker = Visitor(ada.world)
        asker.http.headers["X-Forwarded-For"] = f"203.0.113.{number}"
        assert "Look into your mail" in seen(asker.ask())

    assert len(mails(ada.world)) == ASKED_IN_HOUR_MAX


def test_one_address_gets_no_more_mails_when_many_ask_at_one_moment(shop: World) -> None:
    store_id, many = shop.store().id or 0, 4 * ASKED_IN_HOUR_MAX
    start = Barrier(many)

    def ask(_number: int) -> None:
        start.wait(PATIENCE_SECONDS)
        ask_for_code(shop.services, store_id, ADA, language="en")

    with ThreadPoolExecutor(many) as askers:
        list(askers.map(ask, range(many)))

    assert len(codes(shop)) == ASKED_IN_HOUR_MAX


def test_the_mail_goes_to_the_address_that_the_shop_has_however_it_is_typed(ada: Visitor) -> None:
    """One person to the app, but maybe two mailboxes."""
    buy(ada.world, email="strauss@example.com")

    ada.ask("strauß@example.com")

    assert [mail.email for mail in mails(ada.world)] == ["strauss@example.com"]


def test_whoever_has_just_bought_for_the_first_time_signs_in_at_once(ada: Visitor) -> None:
    ada.world.saleor.shop.place_paid_order("60", email=EVE)
    ada.world.deliver()

    assert Visitor(ada.world).sign_in(EVE).is_signed_in


def test_nobody_learns_who_is_a_customer(ada: Visitor) -> None:
    stranger = Visitor(ada.world)

    known, unknown = ada.ask(ADA), stranger.ask(NOBODY)

    assert [mail.email for mail in mails(ada.world)] == [ADA]
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    wrong = [visitor.enter(another(newest_mail(ada.world)["code"])) for visitor in (ada, stranger)]
    assert wrong[0].text == wrong[1].text
    assert [row.tries for row in codes(ada.world)] == [1, 1]


def test_a_strangers_address_is_kept_nowhere_once_the_worker_has_looked(ada: Visitor) -> None:
    ada.ask(NOBODY)

    [row] = codes(ada.world)

    assert (row.typed_sealed, row.email, row.email_key, row.code_mark) == (None, None, None, None)


@contextmanager
def work_of(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Note each statement, and each keyed hash."""
    done: list[str] = []
    hashed = Sealer.keyed_mark, Sealer.is_marked

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        done.append(statement)

    def keyed_mark(self: Sealer, text: str) -> str:
        done.append("hash")
        return hashed[0](self, text)

    def is_marked(self: Sealer, text: str, mark: str) -> bool:
        done.append("compare")
        return hashed[1](self, text, mark)

    monkeypatch.setattr(Sealer, "keyed_mark", keyed_mark)
    monkeypatch.setattr(Sealer, "is_marked", is_marked)
    event.listen(world.services.database.engine, "before_cursor_execute", note)
    try:
        yield done
    finally:
        event.remove(world.services.database.engine, "before_cursor_execute", note)
        monkeypatch.undo()


def test_an_unknown_address_costs_the_same_work(ada: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, not timed: the statements and hashes of asking for a code, and of typing a wrong one."""
    stranger = Visitor(ada.world)
    done = []
    for visitor, email in ((ada, ADA), (stranger, NOBODY)):
        visitor.get()
        with work_of(ada.world, monkeypatch) as asking:
            visitor.post("/sign-in", {"email": email}, allow_redirects=False)
        visitor.ask("not an address")
        with work_of(ada.world, monkeypatch) as typing:
            visitor.post("/sign-in/code", {"code": "12x456"}, allow_redirects=False)
            visitor.post("/sign-in/code", {"code": another(newest_mail(ada.world)["code"])}, allow_redirects=False)
        done.append((asking, typing))

    assert done[0] == done[1]
    assert "hash" in done[0][0]
    assert "compare" in done[0][1]


def test_a_session_ends_when_it_is_signed_out_and_a_stolen_cookie_with_it(ada: Visitor) -> None:
    ada.sign_in()
    thief = Visitor(ada.world)
    thief.http.cookies.update(ada.http.cookies)
    assert "Signed in as" in thief.get().text

    assert "You are signed out." in seen(ada.post("/sign-out"))

    assert not thief.is_signed_in
    assert sessions(ada.world) == []


def test_signing_out_everywhere_ends_all_sessions_of_the_customer_and_nobody_elses(ada: Visitor) -> None:
    buy(ada.world, email=EVE)
    phone, eve = Visitor(ada.world).sign_in(), Visitor(ada.world).sign_in(EVE)
    ada.sign_in()

    ada.post("/sign-out", {"where": "everywhere"})

    assert not phone.is_signed_in
    assert eve.is_signed_in


def test_a_session_ends_after_thirty_days_and_is_let_go(ada: Visitor) -> None:
    ada.sign_in()
    ada.world.clock.advance(days=SESSION_LASTS.days)

    assert not ada.is_signed_in

    do_housekeeping(ada.world.services)
    assert (sessions(ada.world), codes(ada.world)) == ([], [])


def test_of_very_many_sessions_the_oldest_end(ada: Visitor) -> None:
    first = Visitor(ada.world).sign_in()
    for number in range(SESSIONS_MAX):
        ada.world.clock.advance(hours=2)
        device = Visitor(ada.world)
        device.http.headers["X-Forwarded-For"] = f"203.0.113.{number}"
        device.sign_in()

    assert not first.is_signed_in
    assert len(sessions(ada.world)) == SESSIONS_MAX


def test_the_wallet_is_off_until_the_merchant_switches_it_on(ada: Visitor) -> None:
    ada.sign_in()
    ada.world.change_store(hosted_wallet=False)

    assert [ada.get(path).status_code for path in ("", "/history", "/data")] == [404, 404, 404]
    assert ada.post("/sign-in", {"email": ADA}).status_code == 404


def test_the_cookie_is_for_our_pages_only(ada: Visitor) -> None:
    ada.ask()
    code = newest_mail(ada.world)["code"]

    said = ada.post("/sign-in/code", {"code": code}, allow_redirects=False).headers["Set-Cookie"]

    assert "HttpOnly" in said
    assert "SameSite=Lax" in said
    assert f"Max-Age={SESSION_LASTS.days * 86_400}" in said


def test_the_database_knows_no_token_no_code_and_no_link(ada: Visitor) -> None:
    ada.ask()
    mail, [asked] = newest_mail(ada.world), codes(ada.world)
    ada.enter(mail["code"])
    [session] = sessions(ada.world)

    kept = f"{asked.model_dump()} {session.model_dump()}"
    for secret in (mail["code"], mail["link"].partition("key=")[2], ada.cookie("wallet-")):
        assert secret not in kept


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("123456", "123456"),
        (" 123 456 ", "123456"),
        ("123-456", "123456"),
        ("12345", ""),
        ("1234567", ""),
        ("12345a", ""),
        ("١٢٣٤٥٦", ""),
        ("", ""),
    ],
)
def test_a_code_is_read_as_people_type_it(typed: str, digits: str) -> None:
    assert as_digits(typed) == digits
