"""The `orders` query: which orders, in which order, one page at a time."""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, NoReturn

from graphql import GraphQLError

from tests.standins.saleor.orders import Order
from tests.standins.saleor.wire import instant

PAGE_MAX = 100
ORDER_KEY = re.compile(r"Order:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_order_id(order_id: str) -> bool:
    try:
        return ORDER_KEY.fullmatch(base64.b64decode(order_id, validate=True).decode()) is not None
    except (binascii.Error, UnicodeDecodeError):
        return False


def filtered(orders: Iterable[Order], wanted: Mapping[str, Any]) -> list[Order]:
    """Apply `filter`; an empty list of ids filters nothing, as observed, and one malformed id spoils the query."""
    ids = frozenset(wanted.get("ids") or ())
    for order_id in ids:
        if not is_order_id(order_id):
            message = f"Invalid ID specified: {order_id}"
            raise GraphQLError(message, extensions={"exception": {"code": "GraphQLError"}})
    changed = wanted.get("updatedAt") or {}
    created = wanted.get("created") or {}
    first_day, last_day = (None if created.get(name) is None else date.fromisoformat(created[name]) for name in ("gte", "lte"))
    since, until = (_moment(changed.get(name)) for name in ("gte", "lte"))
    return [
        order
        for order in orders
        if (not ids or order.id in ids)
        and (since is None or order.updated_at >= since)
        and (until is None or order.updated_at <= until)
        and (first_day is None or order.created.date() >= first_day)
        and (last_day is None or order.created.date() <= last_day)
    ]


def found_where(orders: Iterable[Order], wanted: Mapping[str, Any]) -> list[Order]:
    """Apply `where`: as `filter`, but an empty list of ids finds nothing, and orders are created at moments."""
    if wanted.get("ids") == []:
        return []
    since, until = (_moment((wanted.get("createdAt") or {}).get(name)) for name in ("gte", "lte"))
    code = (wanted.get("voucherCode") or {}).get("eq")
    return [
        order
        for order in filtered(orders, {name: wanted.get(name) for name in ("ids", "updatedAt")})
        if (since is None or order.created >= since)
        and (until is None or order.created <= until)
        and (code is None or order.voucher_code == code)
    ]


def page(orders: list[Order], sort_by: Mapping[str, str] | None, first: int | None, after: str | None) -> dict[str, Any]:
    """Return one page; a cursor says where the last one ended, so an order that moved comes again at its new place."""
    if first is None:
        _refuse("You must provide a `first` or `last` value to properly paginate the `orders` connection.")
    elif first > PAGE_MAX:
        _refuse(f"Requesting {first} records on the `orders` connection exceeds the `first` limit of {PAGE_MAX} records.")
    sort_by = sort_by or {"field": "NUMBER", "direction": "DESC"}
    is_descending = sort_by["direction"] == "DESC"
    rows = sorted(((_place(order, sort_by["field"]), order) for order in orders), key=lambda row: row[0], reverse=is_descending)
    start = _decoded(after)
    if start is not None:
        rows = [row for row in rows if (row[0] < start if is_descending else row[0] > start)]
    shown = rows[:first]
    edges = [{"node": order, "cursor": _encoded(place)} for place, order in shown]
    info = {
        "hasNextPage": len(rows) > len(shown),
        "hasPreviousPage": after is not None,
        "startCursor": edges[0]["cursor"] if edges else None,
        "endCursor": edges[-1]["cursor"] if edges else None,
    }
    return {"edges": edges, "pageInfo": info, "totalCount": len(orders)}


def _place(order: Order, field: str) -> list[str]:
    places = {
        "NUMBER": f"{order.number:012}",
        "CREATED_AT": instant(order.created),
        "LAST_MODIFIED_AT": instant(order.updated_at),
    }
    return [places[field], order.id]


def _encoded(place: list[str]) -> str:
    return base64.b64encode(json.dumps(place).encode()).decode()


def _decoded(cursor: str | None) -> list[str] | None:
    if cursor is None:
        return None
    try:
        place: list[str] = json.loads(base64.b64decode(cursor, validate=True))
    except ValueError:
        _refuse("Received cursor is invalid.")
    return place


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _refuse(message: str) -> NoReturn:
    raise GraphQLError(message, extensions={"exception": {"code": "GraphQLError"}})
