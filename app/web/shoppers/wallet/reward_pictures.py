"""The pictures of rewards. They lie where the merchant says, and a page loads them from there and from nowhere else."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from app.domain.rewards import RewardTerms
from app.domain.web_origin import as_origin


def sources_of(rewards: Iterable[RewardTerms]) -> tuple[str, ...]:
    """Name the origins of the pictures, for the page's Content-Security-Policy."""
    return tuple(sorted({origin for origin in map(_origin_of, rewards) if origin is not None}))


def has_picture(terms: RewardTerms) -> bool:
    """Tell whether a reward has a picture that a page can load."""
    return _origin_of(terms) is not None


def _origin_of(terms: RewardTerms) -> str | None:
    try:
        parts = urlsplit(terms.picture_url)
    except ValueError:
        return None
    return as_origin(f"{parts.scheme}://{parts.netloc}")
