"""A few calls to the outside at once: most of each is waiting."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import TypeVar

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")
_own = threading.local()


def side_by_side(do: Callable[[_Item], _Made], items: Sequence[_Item], *, at_once: int) -> list[_Made]:
    """Do something for each of them, at most `at_once` at the same time, and give what was made, in their order.

    Each keeps to the deadline of the caller's block. All are done, or have failed, before an error of one is raised.
    """
    if len(items) < 2:
        return [do(item) for item in items]
    return _in_threads(do, items, at_once)


def _in_threads(do: Callable[[_Item], _Made], items: Sequence[_Item], at_once: int) -> list[_Made]:
    pool = _pool(at_once)
    done = [pool.submit(copy_context().run, do, item) for item in items]
    wait(done)
    return [one.result() for one in done]


def _pool(at_once: int) -> ThreadPoolExecutor:
    """Give the threads of the thread that asks. Beginning them anew with each batch took as long as a request."""
    pools: dict[int, ThreadPoolExecutor] = _own.__dict__.setdefault("pools", {})
    if at_once not in pools:
        pools[at_once] = ThreadPoolExecutor(at_once, thread_name_prefix=f"{threading.current_thread().name}-beside")
    return pools[at_once]
