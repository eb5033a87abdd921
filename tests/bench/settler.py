"""A worker's process that settles when it is told to, until nothing waits, and says what that cost it."""

import json
import os
import sys
import time

import psutil

from app.bootstrap import build_services
from app.logs import set_up_logging
from app.settings import load_settings
from app.usecases.settling.settle_orders import settle_orders
from app.worker.loop import spare_what_is_loaded


def main() -> None:
    """Serve standard input, a line a time, until it ends."""
    set_up_logging(log_format="console", level="error")
    services = build_services(load_settings())
    spare_what_is_loaded()
    process = psutil.Process(os.getpid())
    print("ready", flush=True)
    for _ in sys.stdin:
        started, cpu = time.perf_counter(), time.process_time()
        while settle_orders(services):
            pass
        told = {
            "seconds": time.perf_counter() - started,
            "cpu_seconds": time.process_time() - cpu,
            "memory": process.memory_full_info().pss,
        }
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
