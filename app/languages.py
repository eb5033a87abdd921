"""Say things in the shopper's language: messages from Babel catalogues, numbers and dates as their locale writes them.

A catalogue is a folder of `*.po`, compiled in memory at start-up: what stands in the file is what is said.
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

# What the messages in the templates are written in.
SOURCE_LANGUAGE = "en"
LANGUAGES = (SOURCE_LANGUAGE, "de", "fr", "es", "pl")

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
def catalogues_in(folder: Path) -> Mapping[str, NullTranslations]:
    """Compile the catalogues of a folder, once in a process."""
    catalogues: dict[str, NullTranslations] = {SOURCE_LANGUAGE: NullTranslations()}
    for language in LANGUAGES:
        if language == SOURCE_LANGUAGE:
            continue
        with (folder / f"{language}.po").open("rb") as file:
            catalogue = read_po(file, locale=language, abort_invalid=True)
        compiled = BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        catalogues[language] = GNUTranslations(compiled)
    return MappingProxyType(catalogues)


def speech_in(tag: str, catalogues: Mapping[str, NullTranslations]) -> Speech | None:
    """Speak the language of a tag such as `de` or `de-CH`; None if it is not spoken. The country writes numbers and dates."""
    found = _TAG.fullmatch(tag)
    if found is None or found[1] not in catalogues:
        return None
    return Speech(_locale(found[1], (found[2] or "").upper()), catalogues[found[1]])


def source_speech(catalogues: Mapping[str, NullTranslations]) -> Speech:
    """Speak the language in which the messages are written."""
    return Speech(_locale(SOURCE_LANGUAGE, ""), catalogues[SOURCE_LANGUAGE])


@lru_cache(maxsize=256)
def _locale(language: str, country: str) -> Locale:
    try:
        return Locale(language, country or None)
    except UnknownLocaleError:
        return Locale(language)
