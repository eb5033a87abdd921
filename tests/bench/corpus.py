"""Deliveries made beforehand: distinct orders, really signed."""

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from uuid import UUID

from tests.standins.saleor.keys import SigningKey
from tests.standins.saleor.orders import global_id

API_URL = "http://localhost:8000/graphql/"
APP_ID = "QXBwOjU="
# Where the order ids of deliveries begin, far from those that fill the tables.
FIRST_ORDER = 1 << 64


def order_id(number: int) -> str:
    return global_id("Order", str(UUID(int=number)))


def write_deliveries(path: Path, key: SigningKey, count: int) -> None:
    """Write so many deliveries, as `write_requests` does."""
    shares = [(key.pem(), start, min(500, count - start)) for start in range(0, count, 500)]
    with ProcessPoolExecutor(max_workers=2) as pool:
        write_requests(path, chain.from_iterable(pool.map(_signed, shares)))


def write_requests(path: Path, requests: Iterable[bytes]) -> None:
    """Write whole requests, but for their first line, each with its length before it."""
    with path.open("wb") as file:
        for request in requests:
            file.write(len(request).to_bytes(4) + request)


def read_requests(path: Path) -> Iterator[bytes]:
    data = path.read_bytes()
    place = 0
    while place < len(data):
        length = int.from_bytes(data[place : place + 4])
        yield data[place + 4 : place + 4 + length]
        place += 4 + length


def _signed(share: tuple[bytes, int, int]) -> list[bytes]:
    pem, start, count = share
    key = SigningKey.of(pem)
    return [_request(key, number) for number in range(start, start + count)]


def _request(key: SigningKey, number: int) -> bytes:
    body = json.dumps(_body(number)).encode()
    headers = {
        "Saleor-Event": "order_paid",
        "Saleor-Domain": "localhost:8000",
        "Saleor-Api-Url": API_URL,
        "Saleor-Signature": key.sign_detached(body),
    }
    return as_request(headers, body)


def as_request(headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """Write a request but for its first line."""
    named = {"Host": "localhost", **headers}
    if body:
        named |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    return "".join(f"{name}: {value}\r\n" for name, value in named.items()).encode() + b"\r\n" + body


def _body(number: int) -> dict[str, object]:
    total = {"gross": {"amount": 60 + number % 100}}
    order = {
        "id": order_id(FIRST_ORDER + number),
        "updatedAt": datetime(2026, 5, 4, 9, 0, number % 60, number % 1_000_000, tzinfo=UTC).isoformat(),
        "status": "UNFULFILLED",
        "userEmail": f"shopper{number}@example.com",
        "total": total,
        "subtotal": total,
        "shippingPrice": {"gross": {"amount": 0.0}},
        "totalCharged": {"amount": 60.0},
        "totalRefunded": {"amount": 0.0},
    }
    return {"__typename": "OrderPaid", "recipient": {"id": APP_ID}, "order": order}
