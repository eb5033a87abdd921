"""Charts, drawn here: pictures that need no script, one for the light and one for the dark Dashboard."""

import base64
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from babel.dates import format_date
from babel.numbers import format_decimal
from pygal import Bar, Config  # type: ignore[import-untyped]  # it comes without types
from pygal.style import Style  # type: ignore[import-untyped]  # it comes without types

from app.usecases.merchants.forecast_expiry import MonthOfPoints
from app.usecases.merchants.see_overview import PointsDay

# pygal leaves a finder for its plug-ins behind, of a kind that Python has given up: every module not found would warn of it.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]

_FONT = "Inter, Geist, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
# Apart for eyes that tell no red from green, and by their lightness alone.
_LIGHT = Style(
    background="transparent",
    plot_background="transparent",
    foreground="#5d6060",
    foreground_strong="#252828",
    foreground_subtle="#d7dce0",
    guide_stroke_color="#d7dce0",
    major_guide_stroke_color="#d7dce0",
    colors=("#9db7f5", "#2b5bd7", "#d1421e"),
    font_family=_FONT,
)
_DARK = Style(
    background="transparent",
    plot_background="transparent",
    foreground="#b3b6c2",
    foreground_strong="#ffffff",
    foreground_subtle="#3a4552",
    guide_stroke_color="#3a4552",
    major_guide_stroke_color="#3a4552",
    colors=("#4a62a8", "#9dbcff", "#ff9a7a"),
    font_family=_FONT,
)


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture, as an address that holds all of it, for each theme."""

    light: str
    dark: str


def points_chart(
    days: Sequence[PointsDay], *, locale: str = "en", width: int = 960, height: int = 260, is_by_month: bool = False
) -> Chart:
    """Draw what was granted, taken and taken back, day by day, or month by month."""
    labels = [str(format_date(one.day, "MMM y" if is_by_month else "d MMM", locale=locale)) for one in days]
    bars = {
        "Given": [day.granted for day in days],
        "Claimed": [day.taken for day in days],
        "Taken back": [day.taken_back for day in days],
    }
    return Chart(*(_drawn(bars, labels, style, width, height, locale) for style in (_LIGHT, _DARK)))


def months_chart(months: Sequence[MonthOfPoints], *, locale: str = "en", width: int = 960, height: int = 260) -> Chart:
    """Draw what would run out in each month by a policy, and what has its day already."""
    labels = [str(format_date(one.first_day, "MMM y", locale=locale)) for one in months]
    bars = {"By this policy": [one.would for one in months], "Has its day already": [one.already for one in months]}
    return Chart(*(_drawn(bars, labels, style, width, height, locale) for style in (_LIGHT, _DARK)))


def _drawn(bars: Mapping[str, Sequence[int]], labels: Sequence[str], style: Style, width: int, height: int, locale: str) -> str:
    config = Config(
        js=[],
        width=width,
        height=height,
        explicit_size=True,
        show_minor_x_labels=False,
        x_labels_major_every=max(1, len(labels) // 6),
        truncate_label=-1,
        legend_at_bottom=True,
        legend_at_bottom_columns=3,
        legend_box_size=12,
        margin=4,
        spacing=10,
        max_scale=5,
        min_scale=3,
        range=None if any(any(values) for values in bars.values()) else (0, 10),
        # Along the axis; no script shows the number of a bar.
        value_formatter=lambda value: str(format_decimal(round(value), locale=locale)),
        y_title=None,
        disable_xml_declaration=True,
    )
    chart = Bar(config, style=style)
    chart.x_labels = labels
    for name, values in bars.items():
        chart.add(name, list(values))
    drawn: str = chart.render(is_unicode=True)
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn.encode()).decode()}"
