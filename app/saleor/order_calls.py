"""What is asked of a Saleor about its orders, and what is written on them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import structlog

from app.domain.order import Order, Told
from app.errors import SaleorFault
from app.saleor.mutations import require_done
from app.saleor.parsing import parse_order, parse_time, parse_told
from app.saleor.versions import is_known_since

log = structlog.get_logger()

ORDERS_MAX = 100
METADATA_MAX = 4
# Saleor answers a change of four orders in about 0.2 s: this way a batch of a hundred takes two seconds rather than five.
AT_ONCE = 3
# `orders` takes `where` from here on, and its `filter` is deprecated.
WHERE_SINCE = (3, 22)

_ALIASES = ("a", "b", "c", "d")


@dataclass(frozen=True, slots=True)
class OrdersPage:
    """A page of a list of orders. `next_after` is None on the last one; `total` counts the whole list."""

    told: tuple[Told, ...]
    next_after: str | None
    total: int


class OrderCalls:
    """The calls of one client. `execute` sends an operation to a Saleor: API URL, token, operation, variables.

    `version` is what a Saleor said of itself; None counts as the oldest.
    """

    def __init__(self, execute: Callable[..., dict[str, Any]]) -> None:
        self._execute = execute

    def read(self, api_url: str, token: str, ids: Sequence[str], *, version: str | None) -> list[Order]:
        """Read up to 100 orders. Ids that Saleor does not know are missing from the answer.

        Raises SaleorFault when the whole read fails; one malformed id, or one broken order, is enough for that.
        """
        if not ids:
            return []  # By `filter`, Saleor answers an empty list with all orders.
        if len(ids) > ORDERS_MAX:
            raise ValueError(f"at most {ORDERS_MAX} orders in one read")
        data = self._execute(api_url, token, "orders_where" if _has_where(version) else "orders", {"ids": list(ids)})
        edges = _edges(data)
        try:
            read = [parse_order(edge["node"]) for edge in edges]
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise SaleorFault("Saleor's answer about an order cannot be understood.") from error
        asked = set(ids)
        return [order for order in read if order.id in asked]

    def newest_change(self, api_url: str, token: str) -> datetime | None:
        """Ask when any order changed last, by Saleor's clock; None while there is no order."""
        edges = _edges(self._execute(api_url, token, "newest_change", {}))
        try:
            return parse_time(edges[0]["node"]["updatedAt"]) if edges else None
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise SaleorFault("Saleor's answer about its orders cannot be understood.") from error

    def changed(
        self, api_url: str, token: str, *, version: str | None, since: datetime | None, until: datetime, after: str | None = None
    ) -> OrdersPage:
        """Read a page of the orders that changed from one moment to another, the longest unchanged first."""
        changed = {"lte": until.isoformat()} | ({"gte": since.isoformat()} if since is not None else {})
        return self._page(api_url, token, version, {"updatedAt": changed}, "LAST_MODIFIED_AT", after)

    def created(self, api_url: str, token: str, *, version: str | None, since: date, after: str | None = None) -> OrdersPage:
        """Read a page of the orders that were created on a day or later, the oldest first. Days are those of UTC."""
        midnight = datetime.combine(since, time(), tzinfo=UTC)
        created = {"createdAt": {"gte": midnight.isoformat()}} if _has_where(version) else {"created": {"gte": since.isoformat()}}
        return self._page(api_url, token, version, created, "CREATED_AT", after)

    def _page(
        self, api_url: str, token: str, version: str | None, wanted: Mapping[str, Any], sort_by: str, after: str | None
    ) -> OrdersPage:
        operation, argument = ("orders_page_where", "where") if _has_where(version) else ("orders_page", "filter")
        data = self._execute(api_url, token, operation, {argument: wanted, "sortBy": sort_by, "after": after})
        edges = _edges(data)
        try:
            info = data["orders"]["pageInfo"]
            return OrdersPage(
                told=tuple(told for edge in edges if (told := _told(edge["node"])) is not None),
                next_after=info["endCursor"] if info["hasNextPage"] else None,
                total=int(data["orders"]["totalCount"] or 0),
            )
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise SaleorFault("Saleor's list of orders cannot be understood.") from error

    def add_note(self, api_url: str, token: str, order_id: str, message: str) -> None:
        """Write a note into an order's history.

        Raises SaleorRefused when Saleor does not take it.
        """
        require_done("order_note", self._execute(api_url, token, "order_note", {"id": order_id, "message": message}))

    def write_metadata(self, api_url: str, token: str, changes: Sequence[tuple[str, Mapping[str, str]]]) -> list[str | None]:
        """Write public metadata of up to four orders in one request.

        Gives, in the same order, None where it was written and else what Saleor said against it.
        """
        if not 0 < len(changes) <= METADATA_MAX:
            raise ValueError(f"from 1 to {METADATA_MAX} orders in one request")
        variables: dict[str, Any] = {}
        for place, alias in enumerate(_ALIASES):
            order_id, values = changes[place] if place < len(changes) else (changes[0][0], {})
            variables[f"{alias}Id"] = order_id
            variables[f"{alias}Input"] = [{"key": key, "value": value} for key, value in values.items()]
            if place > 0:
                variables[f"with{alias.upper()}"] = place < len(changes)
        data = self._execute(api_url, token, "update_metadata", variables, partial_answers=True)
        return [_outcome(data.get(alias)) for alias, _ in zip(_ALIASES, changes, strict=False)]


def _edges(data: Mapping[str, Any]) -> list[Any]:
    orders = data.get("orders")
    edges = orders.get("edges") if isinstance(orders, dict) else None
    if not isinstance(edges, list):
        raise SaleorFault("Saleor did not give the orders that were asked for.")
    return edges


def _has_where(version: str | None) -> bool:
    return is_known_since(version, WHERE_SINCE)


def _told(node: Mapping[str, Any]) -> Told | None:
    """Read an order of a list. One that makes no sense must not keep us from the others."""
    try:
        return parse_told(node)
    except (KeyError, TypeError, ValueError, ArithmeticError):
        log.error("an order of a list cannot be understood")  # noqa: TRY400 - the error's text may hold an e-mail
        return None


def _outcome(answer: Any) -> str | None:
    if not isinstance(answer, dict):
        return "Saleor did not write the metadata."
    errors = answer.get("errors")
    if not errors:
        return None
    code = errors[0].get("code") if isinstance(errors[0], dict) else None
    return f"Saleor did not write the metadata ({code})."
