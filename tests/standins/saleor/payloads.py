"""What a webhook's body says: its own subscription, executed when it is sent."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from graphql import DocumentNode, execute_sync, parse

from tests.standins.saleor.schema import schema


def typename(event: str) -> str:
    """Turn ORDER_FULLY_PAID into OrderFullyPaid."""
    return event.title().replace("_", "")


def payload_of(query: str, event: Mapping[str, Any]) -> bytes:
    """Return the selection on `event`, flattened, with `errors` beside it where a field failed."""
    result = execute_sync(schema(), _parsed(query), root_value={"event": event})
    payload: dict[str, Any] = dict((result.data or {}).get("event") or {})
    if result.errors:
        payload["errors"] = [error.formatted for error in result.errors]
    return json.dumps(payload).encode()


@cache
def _parsed(query: str) -> DocumentNode:
    return parse(query)
