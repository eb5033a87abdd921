"""Speak the shopper's language: messages from Babel catalogues, numbers and dates as their locale writes them.

The catalogues are `translations/*.po`, compiled in memory at start-up: what stands in the file is what is said.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from flask import Flask, has_request_context, request
from jinja2 import pass_context
from jinja2.runtime import Context
from werkzeug.datastructures import LanguageAccept

TRANSLATIONS = Path(__file__).parents[1] / "translations"
# What the messages in the templates are written in.
SOURCE_LANGUAGE = "en"
LANGUAGES = (SOURCE_LANGUAGE, "de", "fr", "es", "pl")

# A browser sends a handful.
_LANGUAGES_LOOKED_AT = 20
_TAG = re.compile(r"([a-z]{2})(?:-[A-Za-z]{4})?(?:-([A-Za-z]{2}))?")


@dataclass(frozen=True, slots=True)
class Speech:
    """One language in one country."""

    locale: Locale
    messages: NullTranslations

    @property
    def language(self) -> str:
        """The language alone, for `lang`."""
        return self.locale.language

    def number(self, number: int) -> str:
        """Write a whole number."""
        return format_decimal(number, locale=self.locale)

    def day(self, day: date) -> str:
        """Write a day, with its month's name, so that no line breaks within it."""
        return format_date(day, "long", locale=self.locale).replace(" ", "\u00a0")

    def time(self, time: datetime) -> str:
        """Write the time of day as it stands."""
        return format_time(time.timetz().replace(tzinfo=None), "short", locale=self.locale)


@cache
def load_catalogues() -> Mapping[str, NullTranslations]:
    """Compile the catalogues, once in a process."""
    catalogues: dict[str, NullTranslations] = {SOURCE_LANGUAGE: NullTranslations()}
    for language in LANGUAGES:
        if language == SOURCE_LANGUAGE:
            continue
        with (TRANSLATIONS / f"{language}.po").open("rb") as file:
            catalogue = read_po(file, locale=language, abort_invalid=True)
        compiled = BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        catalogues[language] = GNUTranslations(compiled)
    return MappingProxyType(catalogues)


def speech_for(wanted: LanguageAccept, catalogues: Mapping[str, NullTranslations]) -> Speech:
    """Choose the first language that is both wanted and spoken; its country, where one is named, writes numbers and dates."""
    for tag, quality in list(wanted)[:_LANGUAGES_LOOKED_AT]:
        found = _TAG.fullmatch(tag)
        if found and quality > 0 and found[1] in catalogues:
            return Speech(_locale(found[1], (found[2] or "").upper()), catalogues[found[1]])
    return Speech(_locale(SOURCE_LANGUAGE, ""), catalogues[SOURCE_LANGUAGE])


def set_up_speech(app: Flask) -> None:
    """Let templates speak: `_` and `ngettext` say messages in the language of `speech`, which every template has."""
    catalogues = load_catalogues()
    app.context_processor(lambda: {"speech": speech_for(_wanted(), catalogues)})
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]  # of the extension


def _wanted() -> LanguageAccept:
    return request.accept_languages if has_request_context() else LanguageAccept()


@lru_cache(maxsize=256)
def _locale(language: str, country: str) -> Locale:
    try:
        return Locale(language, country or None)
    except UnknownLocaleError:
        return Locale(language)


@pass_context
def _gettext(context: Context, message: str) -> str:
    speech: Speech = context["speech"]
    return speech.messages.gettext(message)


@pass_context
def _ngettext(context: Context, singular: str, plural: str, count: int) -> str:
    speech: Speech = context["speech"]
    return speech.messages.ngettext(singular, plural, count)
