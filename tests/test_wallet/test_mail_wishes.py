"""The page of the wallet on which customers choose the language of the shop's mails, and which of them they get."""

from collections.abc import Iterator

import pytest
from sqlmodel import select

from app.db.tables import MailAddressRow, MailRefusalRow
from app.domain.mails import MailKind, MailState
from app.languages import LANGUAGES
from app.usecases.mailing.outbox import NewMail, put_mail
from app.usecases.mailing.preferences import DECLINABLE
from app.usecases.mailing.writing_mails import write_mail
from app.usecases.merchants.set_mails import switch_mail
from app.web.shoppers.wallet.mail_wishes_page import NAMES
from tests.clock import MovableClock
from tests.standins.saleor import StandInSaleor
from tests.test_wallet.conftest import open_shop
from tests.test_wallet.visitor import ADA, EVE, Visitor, buy, mails, seen
from tests.world import World


@pytest.fixture
def shop(fresh_sqlite_url: str, clock: MovableClock, saleor: StandInSaleor) -> Iterator[World]:
    """The shop sends all mails that can be declined."""
    with open_shop(fresh_sqlite_url, clock, saleor) as world:
        for kind in DECLINABLE:
            switch_mail(world.services, world.store().slug, kind, is_on=True)
        yield world


def save(visitor: Visitor, language: str = "", *, wanted: tuple[str, ...] = (), shown: tuple[str, ...] | None = None) -> str:
    visitor.get("/mails")
    kinds = tuple(kind.value for kind in DECLINABLE) if shown is None else shown
    sent = {"language": language, "shown": kinds, "wanted": wanted}
    return seen(visitor.post("/mails", sent))  # type: ignore[arg-type]  # several of a name


def declined(world: World) -> set[tuple[str, str]]:
    with world.services.database.reading() as session:
        return {(row.email_key, row.kind) for row in session.exec(select(MailRefusalRow))}


def subject_of_waiting_points(world: World, language: str = "en") -> str:
    """Write a mail about Ada's order as it would go now."""
    with world.services.database.writing() as session:
        order_id = world.orders()[0].id
        mail = NewMail(MailKind.POINTS_READY, ADA, f"{len(mails(world))}", language, {"order_id": order_id})
        assert put_mail(session, world.services, world.store(), mail)
    written = write_mail(world.services, world.store(), mails(world)[-1])
    assert isinstance(written, tuple), written
    return written[1].subject


def test_the_mails_speak_the_language_that_was_chosen(ada: Visitor) -> None:
    before = subject_of_waiting_points(ada.world)
    ada.sign_in()

    assert "Saved." in save(ada, "pl", wanted=tuple(DECLINABLE))

    chosen = subject_of_waiting_points(ada.world, "de")
    assert chosen == subject_of_waiting_points(ada.world, "en") != before
    assert 'value="pl" lang="pl" selected' in ada.get("/mails").text
    save(ada, "", wanted=tuple(DECLINABLE))
    assert subject_of_waiting_points(ada.world) == before


def test_the_country_of_the_order_still_writes_days_in_the_chosen_language(ada: Visitor) -> None:
    swiss = subject_of_waiting_points(ada.world, "de-CH")
    ada.sign_in()

    save(ada, "de", wanted=tuple(DECLINABLE))

    assert subject_of_waiting_points(ada.world, "de-CH") == swiss


def test_what_is_unticked_comes_no_more_and_what_waits_is_dropped(ada: Visitor) -> None:
    subject_of_waiting_points(ada.world)
    ada.sign_in()

    save(ada, wanted=("reminder", "points_end"))

    assert declined(ada.world) == {(ADA, "points_ready")}
    [waiting] = [mail for mail in mails(ada.world) if mail.kind == MailKind.POINTS_READY]
    assert waiting.state == MailState.DROPPED
    save(ada, wanted=("reminder", "points_ready", "points_end"))
    assert declined(ada.world) == set()


def test_only_what_the_page_has_shown_is_changed(ada: Visitor) -> None:
    """The shop may have begun to send another kind while the page was open."""
    ada.sign_in()

    save(ada, shown=("reminder",))

    assert declined(ada.world) == {(ADA, "reminder")}


def test_kinds_that_the_shop_does_not_send_or_nobody_declines_are_not_shown(ada: Visitor) -> None:
    switch_mail(ada.world.services, ada.world.store().slug, MailKind.REMINDER, is_on=False)
    ada.sign_in()

    page = ada.get("/mails").text
    save(ada, shown=("reminder", "sign_in", "reward_code", "x"))

    assert 'value="points_ready" checked' in page
    assert "When points of mine run out soon" in page
    assert "reminder" not in page
    assert "sign_in" not in page
    assert declined(ada.world) == set()


@pytest.mark.parametrize("language", ["xx", "de-CH", "", "<b>", "x" * 500])
def test_another_language_is_none(ada: Visitor, language: str) -> None:
    ada.sign_in()

    save(ada, language)

    with ada.world.services.database.reading() as session:
        assert session.exec(select(MailAddressRow.language)).all() == [None]


def test_it_is_the_customers_own_page(ada: Visitor) -> None:
    buy(ada.world, email=EVE)
    eve = Visitor(ada.world).sign_in(EVE)
    ada.sign_in()
    ada.get("/mails")

    assert eve.post("/mails", {"form": ada.form, "email": ADA}).status_code == 403
    save(eve, "fr")

    assert declined(ada.world) == {(EVE, kind.value) for kind in DECLINABLE}
    assert 'lang="fr" selected' not in ada.get("/mails").text
    assert Visitor(ada.world).get("/mails").url == ada.home


def test_every_language_has_its_name_and_every_kind_its_words(ada: Visitor) -> None:
    ada.sign_in()

    page = ada.get("/mails").text

    assert tuple(NAMES) == LANGUAGES
    assert page.count('class="tick"') == len(DECLINABLE)
    assert "<span></span>" not in page
