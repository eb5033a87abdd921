"""Whether a Saleor did what it was asked for."""

from collections.abc import Mapping
from typing import Any

from app.errors import SaleorRefused


def require_done(operation: str, data: Mapping[str, Any]) -> None:
    """Raise SaleorRefused where the answer to a mutation holds errors, or nothing. Saleor's own text is not repeated."""
    answer = next(iter(data.values()), None)
    if not isinstance(answer, dict) or answer.get("errors"):
        raise SaleorRefused(f"Saleor did not do what it was asked for ({operation.replace('_', ' ')}).")
