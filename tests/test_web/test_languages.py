"""The catalogues are whole, and a page speaks the language, and writes the numbers and days, of whoever reads it."""

import re
from datetime import date, datetime

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from app.languages import LANGUAGES, SOURCE_LANGUAGE, Speech
from app.web.shoppers.speech import TRANSLATIONS, load_catalogues, speech_for
from tests.test_web.calls import ask, change_rule, claim_path, get, ready_order, text_of
from tests.world import World

TRANSLATED = [language for language in LANGUAGES if language != SOURCE_LANGUAGE]
PLURALS = {"de": 2, "fr": 2, "es": 2, "pl": 3}


def catalogue(language: str) -> Catalog:
    with (TRANSLATIONS / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def messages(language: str) -> list[Message]:
    return [message for message in catalogue(language) if message.id]


def said_in_templates() -> set[str | tuple[str, ...]]:
    folder = TRANSLATIONS.parent / "templates"
    options = {"*.html": {"extensions": "jinja2.ext.i18n", "silent": "false", "newstyle_gettext": "true"}}
    found = extract_from_dir(folder, method_map=[("*.html", "jinja2")], options_map=options)
    return {message for _, _, message, _, _ in found}


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)s", text))


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated_and_none_is_left_over(language: str) -> None:
    assert {message.id for message in messages(language)} == said_in_templates()
    assert len(said_in_templates()) > 40


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_translation_is_whole_and_keeps_its_placeholders(language: str) -> None:
    for message in messages(language):
        forms = [str(form) for form in (message.string if isinstance(message.string, tuple) else (message.string,))]
        source = message.id if isinstance(message.id, str) else message.id[0]
        assert len(forms) == (PLURALS[language] if message.pluralizable else 1), source
        for form in forms:
            assert form.strip(), source
            assert placeholders(form) == placeholders(source), source
        assert not message.fuzzy, source


@pytest.mark.parametrize(
    ("language", "count", "said"),
    [
        ("en", 1, "point is waiting"),
        ("en", 0, "points are waiting"),
        ("de", 1, "Punkt wartet"),
        ("de", 2, "Punkte warten"),
        ("fr", 0, "point vous attend"),
        ("fr", 1, "point vous attend"),
        ("fr", 2, "points vous attendent"),
        ("es", 1, "punto te espera"),
        ("es", 1000, "puntos te esperan"),
        ("pl", 1, "punkt czeka"),
        ("pl", 2, "punkty czekają"),
        ("pl", 4, "punkty czekają"),
        ("pl", 5, "punktów czeka"),
        ("pl", 12, "punktów czeka"),
        ("pl", 21, "punktów czeka"),
        ("pl", 22, "punkty czekają"),
        ("pl", 112, "punktów czeka"),
    ],
)
def test_each_language_counts_in_its_own_way(language: str, count: int, said: str) -> None:
    spoken = load_catalogues()[language]

    whole = spoken.ngettext("%(number)s point is waiting for you", "%(number)s points are waiting for you", count)

    assert said in whole


def spoken_to(header: str) -> Speech:
    return speech_for(parse_accept_header(header, LanguageAccept), load_catalogues())


@pytest.mark.parametrize(
    ("header", "language", "locale"),
    [
        ("", "en", "en"),
        ("*", "en", "en"),
        ("de", "de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de", "de_AT"),
        ("ja,fr;q=0.5,en;q=0.4", "fr", "fr"),
        ("en;q=0.2,pl;q=0.9", "pl", "pl"),
        ("es-419,es;q=0.9", "es", "es"),
        ("de;q=0,fr;q=0.1", "fr", "fr"),
        ("pt-BR,ja", "en", "en"),
        ("de-XX", "de", "de"),
        ("de-Latn-CH", "de", "de_CH"),
        ("../../etc/passwd,de", "de", "de"),
        (";;;=,,,", "en", "en"),
        ("xx," * 500 + "de", "en", "en"),
    ],
)
def test_the_first_language_wanted_that_is_spoken_is_chosen(header: str, language: str, locale: str) -> None:
    chosen = spoken_to(header)

    assert (chosen.language, str(chosen.locale)) == (language, locale)


@pytest.mark.parametrize(
    ("header", "number", "day"),
    [
        ("en-US", "1,234,567", "May 4, 2026"),
        ("en-GB", "1,234,567", "4 May 2026"),
        ("de", "1.234.567", "4. Mai 2026"),
        ("de-CH", "1\u2019234\u2019567", "4. Mai 2026"),
        ("fr", "1 234 567", "4 mai 2026"),
        ("es", "1.234.567", "4 de mayo de 2026"),
        ("pl", "1 234 567", "4 maja 2026"),
    ],
)
def test_numbers_and_days_are_written_as_their_country_does(header: str, number: str, day: str) -> None:
    chosen = spoken_to(header)

    assert re.sub(r"\s", " ", chosen.number(1234567)) == number
    assert re.sub(r"\s", " ", chosen.day(date(2026, 5, 4))) == day
    assert chosen.time(datetime(2026, 5, 4, 14, 5)) in {"2:05\u202fPM", "14:05"}  # noqa: DTZ001 - written as it stands


@pytest.mark.parametrize(
    ("language", "said", "until"),
    [
        ("de", "1.250 Punkte warten auf Sie", "bis einschließlich 3. Juni 2026"),
        ("fr", "1 250 points vous attendent", "jusqu\u2019au 3 juin 2026"),
        ("es", "1.250 puntos te esperan", "hasta el 3 de junio de 2026"),
        ("pl", "1 250 punktów czeka na Ciebie", "do 3 czerwca 2026"),
    ],
)
def test_a_page_is_in_the_browsers_language(shop: World, language: str, said: str, until: str) -> None:
    change_rule(shop, expires_days=30)
    path = claim_path(shop, ready_order(shop, total="1250"))

    page = get(shop, path, **{"Accept-Language": f"{language},en;q=0.5"})

    assert f'<html lang="{language}">' in page.text
    assert said in text_of(page)
    assert until in text_of(page)
    assert "Accept-Language" in page.headers["Vary"]


def test_a_fault_is_told_in_the_browsers_language_too(shop: World) -> None:
    page = get(shop, "/orders/nowhere", **{"Accept-Language": "pl"})

    assert "Nie znamy tego linku" in text_of(page)


def test_days_and_times_are_those_of_the_shops_time_zone(shop: World) -> None:
    change_rule(shop, expires_days=0)
    shop.change_store(time_zone="Pacific/Auckland")
    shop.clock.advance(hours=6)
    path = claim_path(shop, ready_order(shop))

    # 15:02 in Greenwich is past three in the night in Auckland.
    assert "until May 5, 2026" in text_of(get(shop, path))
    ask(shop, "POST", path)
    assert "on May 5, 2026 at 3:02" in text_of(get(shop, path))
