"""What the figures come from."""

import os
import platform
import sqlite3
import tempfile
import time
from statistics import median

from sqlalchemy import text

from app.store.database import Database


def machine(database: Database) -> str:
    """Describe this machine in a line; the database is the PostgreSQL of the bench."""
    with database.engine.connect() as connection:
        postgresql = connection.execute(text("SHOW server_version")).scalar_one()
    return (
        f"{os.cpu_count()} cores ({_processor()}), load {os.getloadavg()[0]:.0f} at the start, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, PostgreSQL {postgresql}, "
        f"fsync {_fsync_ms():.2f} ms"
    )


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
