"""Colours that can be read whatever a shop's accent is: WCAG's contrast, computed."""

from dataclasses import dataclass

# What the pages stand on, as in page.css: the paper around and the card. The accent must be told from both.
LIGHT_GROUNDS = ("#f4f4f7", "#ffffff")
DARK_GROUNDS = ("#0f1015", "#1a1c23")

DEFAULT_ACCENT = "#3448c5"

# WCAG 2.2 AA: 1.4.3 for text, 1.4.11 for what a control is known by.
TEXT_CONTRAST = 4.5
SHAPE_CONTRAST = 3.0
_STEPS = 50


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one scheme: a button's ground, the text on it, and the accent as text or as a thin line."""

    fill: str
    on_fill: str
    ink: str


def light_palette(accent: str) -> Palette:
    """Give the colours for light pages: the accent itself wherever it can be read, else as little darker as will do."""
    return _palette(accent, LIGHT_GROUNDS, towards="#000000")


def dark_palette(accent: str) -> Palette:
    """Give the colours for dark pages: the accent itself wherever it can be read, else as little lighter as will do."""
    return _palette(accent, DARK_GROUNDS, towards="#ffffff")


def contrast(one: str, other: str) -> float:
    """Give the contrast of two colours, from 1 to 21, as WCAG defines it."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _palette(accent: str, grounds: tuple[str, ...], *, towards: str) -> Palette:
    fill = _readable(accent, grounds, towards=towards, ratio=SHAPE_CONTRAST)
    # One of the two always reaches 4.58, whatever the colour.
    on_fill = max(("#ffffff", "#000000"), key=lambda text: contrast(text, fill))
    return Palette(fill, on_fill, _readable(accent, grounds, towards=towards, ratio=TEXT_CONTRAST))


def _readable(colour: str, grounds: tuple[str, ...], *, towards: str, ratio: float) -> str:
    mixes = (_mixed(colour, towards, step / _STEPS) for step in range(_STEPS + 1))
    return next(mix for mix in mixes if all(contrast(mix, ground) >= ratio for ground in grounds))


def _mixed(one: str, other: str, part: float) -> str:
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
