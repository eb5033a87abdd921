from datetime import UTC, datetime, timedelta

import pytest

from app.domain.signs_of_life import MISSING_AFTER, missing_since

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
JUST_NOW = NOW - timedelta(seconds=10)
LONG_AGO = NOW - timedelta(hours=3)
LONGER_AGO = NOW - timedelta(hours=9)


@pytest.mark.parametrize(
    ("seen_at", "watched_since", "since"),
    [
        (JUST_NOW, LONG_AGO, None),
        (NOW - MISSING_AFTER, LONG_AGO, None),
        (LONG_AGO, LONGER_AGO, LONG_AGO),
        (LONGER_AGO, LONG_AGO, LONGER_AGO),
        (None, LONG_AGO, LONG_AGO),
        (LONG_AGO, JUST_NOW, None),
        (None, JUST_NOW, None),
        (LONG_AGO, None, None),
    ],
)
def test_a_process_is_missing_once_somebody_has_watched_for_two_minutes(
    seen_at: datetime | None, watched_since: datetime | None, since: datetime | None
) -> None:
    assert missing_since(seen_at, watched_since, NOW) == since
