"""Runs settling until told to stop; the batch in hand is always finished."""

import threading
from collections.abc import Callable

import structlog

from app.errors import AppError
from app.logs import innermost_place
from app.usecases.services import Services
from app.usecases.settle_orders import settle_orders

log = structlog.get_logger()

# How long an idle worker waits before it asks the database again: a shopper looks at the page within seconds.
IDLE_SECONDS = 1
# After a fault of our own, the database's or a disk's: not at once again, and not for long.
FAULT_SECONDS = 10


def run(services: Services, stop: threading.Event) -> None:
    """Settle batch after batch until `stop` is set."""
    log.info("worker started")
    while not stop.is_set():
        stop.wait(run_once(lambda: settle_orders(services)))
    log.info("worker stopped")


def run_once(step: Callable[[], bool]) -> float:
    """Do one step, and give the seconds to wait before the next."""
    try:
        return 0 if step() else IDLE_SECONDS
    except AppError as error:
        log.error("step failed", code=error.code, reason=error.message)  # noqa: TRY400 - an error of our own tells all in its sentence
    except Exception as error:  # noqa: BLE001 - the loop must outlive any fault; its lease runs out and the orders come again
        log.error("step failed", code="DEFECT", kind=type(error).__name__, where=innermost_place(error))  # noqa: TRY400 - the text of a database error holds e-mails
    return FAULT_SECONDS
