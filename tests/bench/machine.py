"""What the figures come from."""

import os
import platform
import sqlite3
import tempfile
import time
from statistics import median

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from jwt.api_jws import PyJWS
from sqlalchemy import text

from app.db.engine import Database

# Microseconds that PyJWT took for one check on the machine on which the targets in milliseconds were set.
PACE_OF_TARGETS = 72


def machine(database: Database) -> str:
    """Describe this machine in a line; the database is the PostgreSQL of the bench."""
    with database.engine.connect() as connection:
        postgresql = connection.execute(text("SHOW server_version")).scalar_one()
    return (
        f"{os.cpu_count()} cores ({_processor()}), load {os.getloadavg()[0]:.0f} at the start, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, PostgreSQL {postgresql}, "
        f"fsync {_fsync_ms():.2f} ms, PyJWT check {Yardstick().microseconds():.0f} µs"
    )


class Yardstick:
    """Measures how quick this machine is just now, by a piece of work that is the same everywhere.

    It is PyJWT checking the signature of a delivery: a good half of it is Python's work, the rest RSA. A shared machine changes
    its pace from minute to minute.
    """

    def __init__(self) -> None:
        key = generate_private_key(65537, 2048)
        self._public = key.public_key()
        self._jws = PyJWS(algorithms=["RS256"])
        headers = {"b64": False, "crit": ["b64"]}
        self._signed = self._jws.encode(_BODY, key, "RS256", headers=headers, is_payload_detached=True)

    def microseconds(self) -> float:
        """Give the processor time of one check."""
        times = []
        for _ in range(_ROUNDS):
            started = time.process_time()
            for _ in range(_CHECKS):
                self._jws.decode(self._signed, self._public, algorithms=["RS256"], detached_payload=_BODY)
            times.append((time.process_time() - started) / _CHECKS)
        return median(times) * 1e6


_BODY = bytes(1000)
_ROUNDS, _CHECKS = 5, 200


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:  # noqa: PTH123 - no file in the common sense
            return next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def _fsync_ms() -> float:
    times = []
    with tempfile.TemporaryFile() as file:
        for _ in range(50):
            file.write(b"x" * 4096)
            file.flush()
            started = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - started)
    return median(times) * 1000
