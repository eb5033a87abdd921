"""The app's server in a process of its own, around an application that says what it was asked. See the end for its arguments."""

import json
import sys
import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from flask import Flask, Response, request

from app.logs import set_up_logging
from app.web.server.receiving import BODY_BYTES_MAX
from app.web.server.serving import serve
from tests.waiting import PATIENCE_SECONDS

THREADS = 2
POLL_SECONDS = 0.01
PIECES = 50
PIECE = b"0123456789" * 2_000


def create() -> Flask:
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    gate = threading.Event()

    @app.route("/", defaults={"rest": ""}, methods=["GET", "POST"])
    @app.route("/<path:rest>", methods=["GET", "POST"])
    def echo(rest: str) -> Response:
        body = request.get_data()
        told = {
            "method": request.method,
            "path": rest,
            "query": request.args.to_dict(flat=False),
            "headers": {name.lower(): value for name, value in request.headers.items()},
            "address": request.remote_addr,
            "length": request.content_length,
            "digest": sha256(body).hexdigest(),
            "secret": "PLANTED_IN_ENVIRONMENT" in request.environ,
        }
        return Response(json.dumps(told), mimetype="application/json")

    @app.get("/pieces")
    def pieces() -> Response:
        def give() -> Iterator[bytes]:
            for _ in range(number):
                yield PIECE

        number = PIECES * int(request.args.get("times", 1))
        return Response(give(), mimetype="text/plain")

    @app.get("/whole")
    def whole() -> Response:
        return Response(PIECE * PIECES * int(request.args.get("times", 1)), mimetype="text/plain")

    @app.get("/unchanged")
    def unchanged() -> Response:
        return Response(status=304, headers={"ETag": '"1"'})

    @app.get("/waits")
    def waits() -> str:
        return str(gate.wait(PATIENCE_SECONDS))

    @app.get("/opens")
    def opens() -> str:
        gate.set()
        return "opened"

    _add_faults(app)
    _add_turns(app)
    return app


def _add_faults(app: Flask) -> None:
    """Serve what fails once its answer has begun."""

    @app.get("/breaks")
    def breaks() -> Response:
        def give() -> Iterator[bytes]:
            yield PIECE
            raise RuntimeError

        return Response(give(), mimetype="text/plain")

    @app.get("/breaks-at-its-end")
    def breaks_at_its_end() -> Response:
        answer = Response(PIECE)
        answer.call_on_close(_break)
        return answer


def _break() -> None:
    raise AttributeError


def _add_turns(app: Flask) -> None:
    """Serve what takes a thread until it is let go, and what counts the requests that were worked off."""
    counted: list[int] = []

    @app.get("/until")
    def until() -> str:
        """Take a thread until a file is there."""
        while not Path(request.args["file"]).exists():
            time.sleep(POLL_SECONDS)
        return "there"

    @app.post("/api/v1/points")
    def points() -> str:
        """Take a thread, as an array of the Points API may."""
        counted.append(1)
        return until()

    @app.post("/count")
    def count() -> str:
        counted.append(1)
        return ""

    @app.get("/counted")
    def how_many() -> str:
        return str(len(counted))


if __name__ == "__main__":
    set_up_logging(log_format="console", level="warning")
    entry = "tests.test_processes.echo:create"
    port, body_seconds, write_seconds = map(int, sys.argv[1:])
    serve(
        "127.0.0.1",
        port,
        processes=1,
        threads=THREADS,
        entry=entry,
        body_seconds=body_seconds,
        write_seconds=write_seconds,
    )
