"""The version that a Saleor says of itself, such as `3.22` or `3.24.0-a.0`."""

import re


def read_version(text: str | None) -> tuple[int, int] | None:
    """Read major and minor; None where the text is no version."""
    found = re.match(r"(\d{1,4})\.(\d{1,4})", text or "")
    return None if found is None else (int(found[1]), int(found[2]))


def is_known_since(text: str | None, since: tuple[int, int]) -> bool:
    """Tell whether a Saleor is known to be of a version or newer. One whose version cannot be read is not."""
    version = read_version(text)
    return version is not None and version >= since
