"""Write a mail as HTML and as text, in the shop's look."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from gettext import NullTranslations
from pathlib import Path

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, UndefinedError, select_autoescape

from app.domain.brand import Brand
from app.domain.colours import DEFAULT_ACCENT, Palette, dark_palette, light_palette
from app.domain.mails import MailKind
from app.languages import Speech, catalogues_in, source_speech, speech_in
from app.mail.letter import Sheet
from app.mail.passage import OwnWords, passage_for

TRANSLATIONS = Path(__file__).parent / "translations"
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the words: the shop, where its logo is, and where its reader opts out. No `opt_out_url`: nowhere.

    `styles_at` is for a preview, whose page allows no styles but files: the address before the colour's name.
    """

    brand: Brand
    logo_url: str | None = None
    opt_out_url: str | None = None
    is_test: bool = False
    styles_at: str = ""


def catalogues() -> Mapping[str, NullTranslations]:
    """Give what mails say, by language."""
    return catalogues_in(TRANSLATIONS)


def speech_of(tag: str | None) -> Speech:
    """Choose the language of a mail: that of a tag, or English where it is not spoken."""
    return speech_in(tag or "", catalogues()) or source_speech(catalogues())


def render_mail(kind: MailKind, values: Mapping[str, object], frame: Frame, speech: Speech, own: OwnWords) -> Sheet:
    """Write a mail. Whatever stands in `values`, in the shop's name and words is text, and never markup.

    Raises LookupError where `values` lack what a mail of the kind says.
    """
    passage = passage_for(kind, values, frame.brand.name, speech, own)
    accent = frame.brand.accent or DEFAULT_ACCENT
    everything = {
        "said": passage,
        "frame": frame,
        "brand": frame.brand,
        "speech": speech,
        "_": speech.messages.gettext,
        "accent": accent,
        **_palettes(accent),
    }
    try:
        html, text = (_environment().get_template(name).render(everything) for name in ("mail.html", "mail.txt"))
    except UndefinedError as error:
        raise LookupError("a mail's template names what is not there") from error
    return Sheet(passage.subject, text, html if frame.styles_at else _inliner().inline(html))


def mail_stylesheet(accent: str) -> str:
    """Write the styles of a mail as a file, for a preview."""
    return _environment().get_template("mail.css").render(_palettes(accent))


def _palettes(accent: str) -> dict[str, Palette]:
    return {"light": light_palette(accent), "dark": dark_palette(accent)}


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _inliner() -> css_inline.CSSInliner:
    # Rules for dark screens cannot stand in an element: they stay in the head. Nothing is fetched.
    return css_inline.CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)
