"""Spans for OpenTelemetry: nothing at all until an operator switches it on. Names are routes and hosts, never whole addresses."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_tracer: Any = None


def use_tracer(tracer: Any) -> None:
    """Let spans go to this tracer from now on; None ends it."""
    global _tracer  # noqa: PLW0603 - one for the process, set once at its start
    _tracer = tracer


def is_traced() -> bool:
    """Tell whether spans go anywhere."""
    return _tracer is not None


@contextmanager
def span(name: str, *, headers: Any = None, **attributes: str | int) -> Iterator[None]:
    """Trace a piece of work. `headers` of a request may name the trace that it belongs to."""
    if _tracer is None:
        yield
        return
    from opentelemetry.propagate import extract  # noqa: PLC0415 - there is a tracer, so it is installed

    context = extract(headers) if headers is not None else None
    # An exception's text may hold what must not leave: its kind is in the log.
    with _tracer.start_as_current_span(
        name, context=context, attributes=attributes, record_exception=False, set_status_on_exception=False
    ):
        yield
