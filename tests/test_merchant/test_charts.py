"""The chart of points, as Chromium paints it."""

from datetime import date

import pytest

from app.usecases.merchants.see_overview import PointsDay
from app.web.merchant.charts import points_chart
from tests.browser import OpenPage

LINES = """page => [...document.querySelectorAll(".guide.line")].map(line => getComputedStyle(line).stroke)"""


@pytest.mark.parametrize(("theme", "line"), [("light", "rgb(215, 220, 224)"), ("dark", "rgb(58, 69, 82)")])
def test_the_grid_has_the_colour_of_the_themes_lines(opens: OpenPage, theme: str, line: str) -> None:
    page = opens().page

    page.goto(getattr(points_chart([PointsDay(date(2026, 11, 28), 60, 40, 10)]), theme))

    strokes = page.evaluate(LINES)
    assert len(strokes) > 2
    assert set(strokes) == {line}


@pytest.mark.parametrize(
    ("locale", "numbers"), [("en", ["0", "4,000", "8,000", "12,000"]), ("de", ["0", "4.000", "8.000", "12.000"])]
)
def test_the_axis_writes_thousands_as_the_locale_does(opens: OpenPage, locale: str, numbers: list[str]) -> None:
    page = opens().page

    page.goto(points_chart([PointsDay(date(2026, 11, 28), 12_000, 4_000, 100)], locale=locale).light)

    assert page.locator(".axis.y text").all_text_contents() == numbers
