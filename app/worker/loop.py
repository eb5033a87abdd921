"""Runs settling until told to stop; the batch in hand is always finished."""

import gc
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.domain.mails import Urgency
from app.errors import AppError
from app.logs import fault_name, innermost_place
from app.metrics import timed_batch
from app.usecases.mailing.announce_ending import announce_ending
from app.usecases.mailing.send_mails import send_mails
from app.usecases.merchants.batches.run_batches import run_batches
from app.usecases.merchants.continue_moves import continue_moves
from app.usecases.moving.move_waiting import move_waiting
from app.usecases.operating.end_lots import end_lots
from app.usecases.operating.housekeeping import do_housekeeping
from app.usecases.rewards.look_after_redemptions import look_after_redemptions
from app.usecases.rewards.refund_rewards import refund_rewards
from app.usecases.services import Services
from app.usecases.settling.expire_claims import expire_claims
from app.usecases.settling.settle_orders import settle_orders
from app.usecases.settling.sweep_orders import sweep_orders
from app.usecases.shoppers.send_sign_in_codes import send_sign_in_codes
from app.usecases.spending.look_after_spends import look_after_spends

log = structlog.get_logger()

# How long an idle worker waits before it asks the database again: a shopper looks at the page within seconds.
IDLE_SECONDS = 1
# How often what is too old, or past its time, is looked for, and what Saleor is told of our problems is compared with what
# they are.
HOUSE_SECONDS = 30
# After a fault of our own, the database's or a disk's: not at once again, and not for long.
FAULT_SECONDS = 10


def run(services: Services, stop: threading.Event, *, settlers: int = 1, sweep_every: timedelta = timedelta()) -> None:
    """Settle, sweep, run batches, let claims and points run out, look after payments and rewards, sign in, send mails.

    All of it goes on side by side until `stop` is set. No `sweep_every`, no sweep.
    """
    log.info("worker started", settlers=settlers)
    loops = [
        threading.Thread(target=_repeat, args=(lambda: _settle(services), stop), name=f"settler {n}") for n in range(settlers)
    ]
    if sweep_every:
        loops.append(threading.Thread(target=_repeat, args=(lambda: _sweep(services, sweep_every, stop), stop), name="sweeper"))
    house = (lambda: do_housekeeping(services), stop, HOUSE_SECONDS)
    loops.append(threading.Thread(target=_repeat, args=house, name="housekeeper"))
    expiry = (lambda: expire_claims(services), stop, HOUSE_SECONDS)
    loops.append(threading.Thread(target=_repeat, args=expiry, name="expirer"))
    ending = (lambda: end_lots(services), stop, HOUSE_SECONDS)
    loops.append(threading.Thread(target=_repeat, args=ending, name="lots"))
    telling = (lambda: announce_ending(services), stop, HOUSE_SECONDS)
    loops.append(threading.Thread(target=_repeat, args=telling, name="ending points"))
    loops.append(threading.Thread(target=_repeat, args=(lambda: run_batches(services), stop), name="batches"))
    loops.append(threading.Thread(target=_repeat, args=(lambda: look_after_spends(services), stop), name="spends"))
    loops.append(threading.Thread(target=_repeat, args=(lambda: _reward(services), stop), name="rewards"))
    for urgency in Urgency:
        # Each has its own: somebody waits for a code, while many other mails, or a slow server, take their time.
        step = partial(send_mails, services, urgency)
        loops.append(threading.Thread(target=_repeat, args=(step, stop), name=f"mails {urgency.name.lower()}"))
    loops.append(threading.Thread(target=_repeat, args=(lambda: send_sign_in_codes(services), stop), name="sign-ins"))
    for loop in loops:
        loop.start()
    for loop in loops:
        loop.join()
    log.info("worker stopped")


def spare_what_is_loaded() -> None:
    """Keep the garbage collector off all that a process has loaded by now, and keeps until its end.

    Settling makes so many rows that the collector would go through all of it again and again: a sixth of the worker's time.
    """
    gc.collect()
    gc.freeze()


def _repeat(step: Callable[[], bool], stop: threading.Event, idle_seconds: float = IDLE_SECONDS) -> None:
    while not stop.is_set():
        stop.wait(run_once(step, idle_seconds))


def _settle(services: Services) -> bool:
    """Settle a batch of orders, or else go on with other movements that wait, and with moves of customers."""
    with timed_batch() as batch:
        batch.counts = settle_orders(services)
    return batch.counts or move_waiting(services) or continue_moves(services)


def _reward(services: Services) -> bool:
    """Give back what refunds of orders brought, which asks nobody outside, and go on with the codes."""
    refunded = refund_rewards(services)
    return look_after_redemptions(services) or refunded


def _sweep(services: Services, every: timedelta, stop: threading.Event) -> bool:
    """Sweep one store, page by page; a stop takes effect after a page."""
    has_swept = False
    for _ in sweep_orders(services, every):
        has_swept = True
        if stop.is_set():
            break
    return has_swept


def run_once(step: Callable[[], bool], idle_seconds: float = IDLE_SECONDS) -> float:
    """Do one step, and give the seconds to wait before the next."""
    try:
        return 0 if step() else idle_seconds
    except AppError as error:
        log.error("step failed", code=error.code, reason=error.message)  # noqa: TRY400 - an error of our own tells all in its sentence
    except (OperationalError, InterfaceError, InternalError, PoolTimeout) as fault:
        log.error("step failed", code="DATABASE", reason="The database does not do its work.", kind=fault_name(fault))  # noqa: TRY400 - the text of a database error holds e-mails
    except Exception as error:  # noqa: BLE001 - the loop must outlive any fault; its lease runs out and the orders come again
        log.error("step failed", code="DEFECT", kind=type(error).__name__, where=innermost_place(error))  # noqa: TRY400 - the text of a database error holds e-mails
    return FAULT_SECONDS
