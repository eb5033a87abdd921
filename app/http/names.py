"""Looks up a server's name in bounded time, whatever the name server does: `getaddrinfo` takes no time-out."""

import socket
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

# Family, kind, protocol, canonical name and address, as `getaddrinfo` gives them.
Address = tuple[int, int, int, str, Any]

# Look-ups of the same name that come while one is under way share its thread: a name server that never answers takes one.
_under_way: dict[tuple[str, int], "Future[Sequence[Address]]"] = {}
_changing = threading.Lock()


def look_up(host: str, port: int, seconds: float) -> Sequence[Address]:
    """Look up a name in a thread, which is left behind when the time is over.

    Raises TimeoutError then, and what `getaddrinfo` raises.
    """
    name = host, port
    with _changing:
        found = _under_way.get(name)
        if found is None:
            found = _under_way[name] = Future()
            threading.Thread(target=_resolve, args=(name, found), name="resolver", daemon=True).start()
    return found.result(seconds)


def _resolve(name: tuple[str, int], found: "Future[Sequence[Address]]") -> None:
    try:
        addresses = socket.getaddrinfo(*name, type=socket.SOCK_STREAM)
    except Exception as error:  # noqa: BLE001 - the caller raises it
        _forget(name)
        found.set_exception(error)
    else:
        _forget(name)
        found.set_result(addresses)


def _forget(name: tuple[str, int]) -> None:
    with _changing:
        del _under_way[name]
