"""The link of a test claim: a merchant sees what shoppers see, and nobody gets points.

All of it stands sealed in its link. No table knows it, so nothing counts it, and it ends by itself after a day.
"""

import json
from dataclasses import asdict, dataclass
from datetime import timedelta

from app.errors import BadSetting
from app.sealing import Sealer

LASTS = timedelta(days=1)
_LENGTH_MAX = 2048
# What else the app seals does not begin so.
_MARK = "test claim "


@dataclass(frozen=True, slots=True)
class TestClaim:
    """What a test's page shows. `bound_to` is a masked address, or empty where the shopper types one.

    `begins_here`: the shopper's first page is the order's own, and the claim page that follows is the provider's.
    """

    store_id: int
    points: int
    bound_to: str
    last_day: str
    begins_here: bool
    made_at: str


def seal_test(sealer: Sealer, test: TestClaim) -> str:
    """Write a test as the text that its link carries."""
    return sealer.seal_short(_MARK + json.dumps(asdict(test)))


def open_test(sealer: Sealer, sealed: str) -> TestClaim | None:
    """Read a test from its link; None where that is none of ours. Anybody may have written it."""
    if not sealed or len(sealed) > _LENGTH_MAX:
        return None
    try:
        text = sealer.open(sealed)
    except (BadSetting, ValueError):
        return None
    return TestClaim(**json.loads(text.removeprefix(_MARK))) if text.startswith(_MARK) else None
