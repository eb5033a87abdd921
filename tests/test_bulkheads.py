"""Bulkheads: how many at once may wait for the outside, and until when all their calls must be over."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import fields
from queue import SimpleQueue

import pytest
import requests

from app import http as outside
from app.errors import Crowded
from app.http.bulkhead import PLACES, Bulkhead, Bulkheads, Turns
from app.http.deadlines import within
from tests.test_http import SHORT_SECONDS, raw_server, says_nothing

LONG_SECONDS = 600


def test_who_finds_no_place_is_told_at_once() -> None:
    bulkhead = Bulkhead(places=2, places_each=2)

    with bulkhead.place("a"), bulkhead.place("b"), pytest.raises(Crowded), bulkhead.place("c"):
        pass


def test_one_server_cannot_take_all_places() -> None:
    bulkhead = Bulkhead(places=2, places_each=1)

    with bulkhead.place("a"), bulkhead.place("b"):
        pass
    with bulkhead.place("a"), pytest.raises(Crowded), bulkhead.place("a"):
        pass


def test_a_place_is_given_back_however_its_block_ends() -> None:
    bulkhead = Bulkhead(places=1, places_each=1)

    for _ in range(3):
        with pytest.raises(ValueError, match="it failed"), bulkhead.place("a"):
            raise ValueError("it failed")


def test_who_waits_for_the_outside_hands_its_turn_on_and_takes_one_again() -> None:
    bulkhead, turns = Bulkhead(places=1, places_each=1), Turns(1)
    jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
    has_worked, has_worked_again = threading.Event(), threading.Event()

    def wait_outside() -> None:
        with bulkhead.place("a"):
            # In the only turn there is, by the other thread.
            jobs.put(has_worked.set)
            assert has_worked.wait(LONG_SECONDS)

    for _ in range(2):
        threading.Thread(target=turns.work, args=(jobs.get,), daemon=True).start()
    jobs.put(wait_outside)

    assert has_worked.wait(LONG_SECONDS)
    for _ in range(10):
        jobs.put(lambda: None)
    jobs.put(has_worked_again.set)
    assert has_worked_again.wait(LONG_SECONDS)


def test_the_server_has_a_thread_for_every_place() -> None:
    taken = 0
    bulkheads = Bulkheads()
    with ExitStack() as stack:
        for bulkhead in (getattr(bulkheads, field.name) for field in fields(bulkheads)):
            for number in range(PLACES + 1):
                try:
                    stack.enter_context(bulkhead.place(f"{number}"))
                except Crowded:
                    break
                taken += 1

    assert taken == PLACES


def test_all_calls_of_a_block_share_its_time() -> None:
    bulkhead = Bulkhead(places=1, places_each=1, seconds=SHORT_SECONDS)
    with raw_server(says_nothing) as address, outside.new_session(total_seconds=LONG_SECONDS) as session, bulkhead.place("a"):
        with pytest.raises(requests.Timeout):
            session.post(f"http://{address}/", json={})
        with pytest.raises(outside.NotConnected):
            session.post(f"http://{address}/", json={})


def test_a_block_within_another_ends_no_later() -> None:
    with raw_server(says_nothing) as address, outside.new_session(total_seconds=LONG_SECONDS) as session:
        with within(SHORT_SECONDS), within(LONG_SECONDS), pytest.raises(requests.Timeout):
            session.post(f"http://{address}/", json={})
        with within(LONG_SECONDS), within(SHORT_SECONDS), pytest.raises(requests.Timeout):
            session.post(f"http://{address}/", json={})
