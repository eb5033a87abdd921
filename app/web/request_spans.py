"""One span a request, named by its route: a path may hold a claim token or a key."""

from contextlib import ExitStack

from flask import Flask, g, request

from app.tracing import span


def register(app: Flask) -> None:
    """Trace every request. A delivery belongs to the trace that Saleor names."""

    @app.before_request
    def begin() -> None:
        route = request.url_rule.rule if request.url_rule is not None else "unknown"
        g.trace = ExitStack()
        g.trace.enter_context(span(f"{request.method} {route}", headers=request.headers))

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        if "trace" in g:
            g.trace.close()
