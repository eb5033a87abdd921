"""How a shop looks to its shoppers."""

import re
from dataclasses import dataclass

ACCENT = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Brand:
    """What a shop shows of itself. `accent` is #rrggbb or None for ours; `logo_mark` names its logo's picture."""

    slug: str
    name: str
    accent: str | None = None
    text: str | None = None
    logo_mark: str | None = None
