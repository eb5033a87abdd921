"""The days of a period, and of the one before it."""

from datetime import date

import pytest

from app.domain.period import Period, span_before, span_of

CASES = [
    (Period.DAYS_7, date(2026, 3, 3), ("2026-02-25", "2026-03-03"), ("2026-02-18", "2026-02-24")),
    (Period.DAYS_30, date(2026, 3, 3), ("2026-02-02", "2026-03-03"), ("2026-01-03", "2026-02-01")),
    (Period.DAYS_90, date(2026, 1, 1), ("2025-10-04", "2026-01-01"), ("2025-07-06", "2025-10-03")),
    (Period.MONTHS_12, date(2026, 3, 3), ("2025-04-01", "2026-03-03"), ("2024-04-01", "2025-03-03")),
    (Period.MONTHS_12, date(2026, 12, 31), ("2026-01-01", "2026-12-31"), ("2025-01-01", "2025-12-31")),
    (Period.MONTHS_12, date(2028, 2, 29), ("2027-03-01", "2028-02-29"), ("2026-03-01", "2027-02-28")),
]


@pytest.mark.parametrize(("period", "today", "days", "days_before"), CASES)
def test_a_period_ends_today_and_the_one_before_is_as_long(
    period: Period, today: date, days: tuple[str, str], days_before: tuple[str, str]
) -> None:
    spans = span_of(period, today), span_before(period, today)

    assert [(str(span.first), str(span.last)) for span in spans] == [days, days_before]
