"""A Saleor and a Coggins that cost little and answer well: one process, canned answers, each after the same wait.

Arguments: the port, and the milliseconds that each answer and each look-up of a balance take. `GET /bench/counts` tells how
often each was called.
"""

import asyncio
import json
import sys
from collections import Counter
from uuid import uuid4

_NODE: dict[str, object] = {
    "number": "1",
    "created": "2026-05-04T08:59:00+00:00",
    "updatedAt": "2026-05-04T09:00:00+00:00",
    "status": "UNFULFILLED",
    "user": None,
    "channel": {"slug": "default-channel"},
    "total": {"gross": {"amount": 66.0, "currency": "USD"}},
    "subtotal": {"gross": {"amount": 60.0}},
    "shippingPrice": {"gross": {"amount": 6.0}, "net": {"amount": 5.0}},
    "totalCharged": {"amount": 66.0},
    "totalRefunded": {"amount": 0.0},
    "transactions": [
        {
            "createdBy": None,
            "chargedAmount": {"amount": 66.0},
            "refundedAmount": {"amount": 0.0},
            "refundPendingAmount": {"amount": 0.0},
            "events": [{"type": "CHARGE_SUCCESS", "amount": {"amount": 66.0}}],
        }
    ],
    "events": [
        {"type": "PLACED", "date": "2026-05-04T08:59:00+00:00"},
        {"type": "ORDER_FULLY_PAID", "date": "2026-05-04T09:00:00+00:00"},
    ],
    "lines": [
        {
            "id": f"T3JkZXJMaW5lOj{line}",
            "quantityToFulfill": 1,
            "totalPrice": {"gross": {"amount": 30.0}, "net": {"amount": 25.0}},
            "variant": {"product": {"productType": {"kind": "NORMAL"}}},
        }
        for line in range(2)
    ],
    "payments": [],
    "giftCards": [],
    "original": None,
    "fulfillments": [],
    "metafields": {},
}
_WRITTEN: dict[str, object] = {"errors": []}


class Outside:
    """Answers, and counts."""

    def __init__(self, wait_seconds: float, look_up_seconds: float) -> None:
        self._wait_seconds = wait_seconds
        self._look_up_seconds = look_up_seconds
        self._counts: Counter[str] = Counter()

    async def serve(self, port: int) -> None:
        server = await asyncio.start_server(self._connection, "127.0.0.1", port)
        async with server:
            await server.serve_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                method, path, _ = head.split(" ", 2)
                length = head.lower().partition("content-length:")[2].partition("\r\n")[0].strip()
                body = await reader.readexactly(int(length)) if length else b""
                answer = json.dumps(await self._answer(method, path, body)).encode()
                kept = "connection: close" not in head.lower()
                words = "keep-alive" if kept else "close"
                start = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: {words}\r\n"
                writer.write(f"{start}Content-Length: {len(answer)}\r\n\r\n".encode() + answer)
                await writer.drain()
                if not kept:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _answer(self, method: str, path: str, body: bytes) -> object:
        if path == "/bench/counts":
            return self._counts
        await asyncio.sleep(self._look_up_seconds if method == "GET" else self._wait_seconds)
        if path.startswith("/graphql/"):
            return {"data": self._saleor(json.loads(body)["variables"])}
        self._counts["provider"] += 1
        if method == "GET":
            return {"AvailablePoints": 0, "UsedPoints": 0}
        items = json.loads(body)
        return [item | {"success": True} for item in items] if path.endswith("/INSTANT") else [_claim(item) for item in items]

    def _saleor(self, variables: dict[str, object]) -> dict[str, object]:
        self._counts["saleor"] += 1
        ids = variables.get("ids")
        if isinstance(ids, list):
            return {"orders": {"edges": [{"node": order(id_)} for id_ in ids]}}
        written = ["a", *(name for name in ("b", "c", "d") if variables[f"with{name.upper()}"])]
        return dict.fromkeys(written, _WRITTEN)


def order(id_: str) -> dict[str, object]:
    return _NODE | {"id": id_, "userEmail": f"shopper{id_[-12:]}@example.com"}


def _claim(item: dict[str, object]) -> dict[str, object]:
    token = uuid4()
    return item | {"claimToken": str(token), "claimUrl": f"http://localhost/claim/points/{token.hex}", "created": True}


if __name__ == "__main__":
    asyncio.run(Outside(float(sys.argv[2]) / 1000, float(sys.argv[3]) / 1000).serve(int(sys.argv[1])))
