"""The web process, with two addresses more: one verifies a delivery and does nothing else with it, one only says hello."""

import os
import sys

from flask import Flask, Response, jsonify, request

from app.logs import set_up_logging
from app.saleor.signature import verify
from app.web.server.serving import serve
from app.wsgi import create as create_app

VERIFY_ONLY_PATH = "/bench/verify"
HELLO_PATH = "/bench/hello"


def create() -> Flask:
    """Build the web application, and what it is compared with."""
    app = create_app()
    jwks = os.environ["BENCH_JWKS"]

    @app.post(VERIFY_ONLY_PATH)
    def verify_only() -> Response:
        verify(request.get_data(cache=False), request.headers.get("Saleor-Signature", ""), jwks)
        return jsonify(success=True)

    @app.get(HELLO_PATH)
    def hello() -> Response:
        return Response("hello", mimetype="text/plain")

    return app


if __name__ == "__main__":
    set_up_logging(log_format="console", level="warning")
    serve(
        "127.0.0.1",
        int(sys.argv[1]),
        processes=int(sys.argv[3]),
        threads=int(sys.argv[2]),
        entry="tests.bench.intake_server:create",
    )
