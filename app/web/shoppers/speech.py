"""Speak the shopper's language on pages: the one that the browser asks for, out of those of `translations/*.po`."""

from collections.abc import Mapping
from gettext import NullTranslations
from pathlib import Path

from flask import Flask, has_request_context, request
from jinja2 import pass_context
from jinja2.runtime import Context
from werkzeug.datastructures import LanguageAccept

from app.languages import Speech, catalogues_in, source_speech, speech_in

TRANSLATIONS = Path(__file__).parents[1] / "translations"

# A browser sends a handful.
_LANGUAGES_LOOKED_AT = 20


def load_catalogues() -> Mapping[str, NullTranslations]:
    """Compile what pages say, once in a process."""
    return catalogues_in(TRANSLATIONS)


def speech_for(wanted: LanguageAccept, catalogues: Mapping[str, NullTranslations]) -> Speech:
    """Choose the first language that is both wanted and spoken; its country, where one is named, writes numbers and dates."""
    for tag, quality in list(wanted)[:_LANGUAGES_LOOKED_AT]:
        speech = speech_in(tag, catalogues) if quality > 0 else None
        if speech is not None:
            return speech
    return source_speech(catalogues)


def set_up_speech(app: Flask) -> None:
    """Let templates speak: `_` and `ngettext` say messages in the language of `speech`, which every template has."""
    catalogues = load_catalogues()
    app.context_processor(lambda: {"speech": speech_for(_wanted(), catalogues)})
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]  # of the extension


def _wanted() -> LanguageAccept:
    return request.accept_languages if has_request_context() else LanguageAccept()


@pass_context
def _gettext(context: Context, message: str) -> str:
    speech: Speech = context["speech"]
    return speech.messages.gettext(message)


@pass_context
def _ngettext(context: Context, singular: str, plural: str, count: int) -> str:
    speech: Speech = context["speech"]
    return speech.messages.ngettext(singular, plural, count)
