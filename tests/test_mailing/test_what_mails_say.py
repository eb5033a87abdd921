"""Every mail in every language is whole, and nothing that people typed becomes markup or a header."""

import re
from datetime import UTC, datetime
from uuid import UUID

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from app.domain.brand import Brand
from app.domain.mails import MailKind
from app.languages import LANGUAGES
from app.mail.letter import Heading, write_letter
from app.mail.passage import OwnWords
from app.mail.rendering import TRANSLATIONS, Frame, render_mail, speech_of

EVIL = '<script>alert(1)</script>"\r\nBcc: eve@example.com'
VALUES: dict[str, object] = {
    "points": 1,
    "order": EVIL,
    "link": "https://points.example.com/orders/shop?o=a&b=<c>",
    "code": "482913",
    "reward": EVIL,
    "last_day": "2026-06-03",
}
REFERENCE = UUID(int=7)
TRANSLATED = [language for language in LANGUAGES if language != "en"]


def said() -> set[object]:
    options = {"**.py": {}, "**.html": {"newstyle_gettext": "false"}, "**.txt": {}}
    methods = [("**.py", "python"), ("**.html", "jinja2"), ("**.txt", "jinja2")]
    found = extract_from_dir(TRANSLATIONS.parent, method_map=methods, options_map=options)
    return {message for _, _, message, _, _ in found}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_of_mails_is_translated_and_none_is_left_over(language: str) -> None:
    with (TRANSLATIONS / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    messages = [message for message in catalogue if message.id]

    assert {message.id for message in messages} == said()
    for message in messages:
        source = message.id if isinstance(message.id, str) else message.id[0]
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        for form in forms:
            assert str(form).strip(), source
            assert set(re.findall(r"%\(\w+\)s", str(form))) == set(re.findall(r"%\(\w+\)s", source)), source


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", MailKind)
def test_nothing_that_people_typed_becomes_markup_or_a_header(kind: MailKind, language: str) -> None:
    frame = Frame(Brand("shop", EVIL), opt_out_url="https://points.example.com/mails/1")
    sheet = render_mail(kind, VALUES, frame, speech_of(language), OwnWords(EVIL, EVIL))
    heading = Heading("points@shop.example", EVIL, "ada@example.com", REFERENCE, datetime(2026, 5, 4, tzinfo=UTC))

    letter = write_letter(heading, sheet)

    head = letter.content.split(b"\r\n\r\n", 1)[0]
    assert b"\nBcc:" not in head
    assert b"\n\n" not in head
    assert "<script" not in sheet.html
    assert f'<html lang="{language}"' in sheet.html
    assert "prefers-color-scheme" in sheet.html


def test_a_shops_own_words_stand_in_place_of_ours() -> None:
    own = OwnWords("{points} from {shop}", "Thank you for shopping at {shop}!")

    sheet = render_mail(MailKind.POINTS_READY, VALUES | {"points": 1250}, Frame(Brand("shop", "Tea")), speech_of("de"), own)

    assert sheet.subject == "1.250 from Tea"
    assert "Thank you for shopping at Tea!" in sheet.text


@pytest.mark.parametrize(("points", "subject"), [(1, "1 punkt czeka"), (3, "3 punkty czekają"), (5, "5 punktów czeka")])
def test_a_mail_counts_as_its_language_does(points: int, subject: str) -> None:
    values = VALUES | {"points": points}

    sheet = render_mail(MailKind.POINTS_READY, values, Frame(Brand("shop", "Tea")), speech_of("pl"), OwnWords())

    assert sheet.subject.startswith(subject)


@pytest.mark.parametrize(
    ("language", "points", "heading"),
    [
        ("en", 1, "1 point runs out after June 3, 2026 at Tea"),
        ("pl", 1, "1 punkt wygaśnie po 3 czerwca 2026 w sklepie Tea"),
        ("pl", 3, "3 punkty wygasną po 3 czerwca 2026 w sklepie Tea"),
        ("pl", 5, "5 punktów wygaśnie po 3 czerwca 2026 w sklepie Tea"),
    ],
)
def test_points_that_run_out_are_counted_as_the_language_does(language: str, points: int, heading: str) -> None:
    values = VALUES | {"points": points, "days": [{"day": "2026-06-03", "points": points}]}

    sheet = render_mail(MailKind.POINTS_END, values, Frame(Brand("shop", "Tea")), speech_of(language), OwnWords())

    assert sheet.subject == heading


def test_each_day_on_which_points_run_out_is_named_and_the_last_line_adds_up_the_rest() -> None:
    days = [{"day": f"2026-06-{day:02}", "points": day} for day in range(1, 13)]

    sheet = render_mail(
        MailKind.POINTS_END, {"points": 78, "days": days}, Frame(Brand("shop", "Tea")), speech_of("en"), OwnWords()
    )

    said = sheet.text.replace("\u00a0", " ")
    assert "Until June 1, 2026: 1 point\n" in said
    assert "Until June 9, 2026: 9 points" in said
    assert "Later, until June 12, 2026 at the latest: 33 points" in said
    assert "June 10" not in said
