"""Short writes that wait for SQLite's only writer, done together: one commit, so one wait for the disk, for all of them.

Each is a function of the session. Whoever gets the writer's turn does the writes of those who wait by then, each within a
savepoint. The others find theirs done when their turn comes. If a write has a defect, nothing of the group stays, and each is
done alone: only the one with the defect fails.
"""

import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar, cast

import structlog
from sqlmodel import Session

from app.errors import AppError

log = structlog.get_logger()

# So many are done in one transaction: others who write, such as webhooks, wait no longer than for that.
GROUP_MAX = 16

T = TypeVar("T")


class _Write:
    """A write, and what came of it: nothing yet, a result, or a refusal. One whose group failed is done alone."""

    __slots__ = ("is_alone", "is_done", "refusal", "result", "work")

    def __init__(self, work: Callable[[Session], Any]) -> None:
        self.work = work
        self.result: Any = None
        self.refusal: AppError | None = None
        self.is_done = self.is_alone = False


class GroupCommit:
    """`turn` is the lock of the writer; `transaction` opens a durable transaction for whoever holds it."""

    def __init__(self, turn: threading.Lock, transaction: Callable[[], AbstractContextManager[Session]]) -> None:
        self._turn, self._transaction = turn, transaction
        self._waiting: deque[_Write] = deque()

    def __len__(self) -> int:
        """Give how many writes wait for their turn."""
        return len(self._waiting)

    def do(self, work: Callable[[Session], T]) -> T:
        """Do a write. When this returns, it is committed; when it raises, nothing of it was done."""
        write = _Write(work)
        self._waiting.append(write)
        with self._turn:
            if not write.is_done and not write.is_alone:
                self._do_together(self._group(write))
            if not write.is_done:
                with self._transaction() as session:
                    write.result = work(session)
        if write.refusal is not None:
            raise write.refusal
        return cast("T", write.result)

    def _group(self, write: _Write) -> list[_Write]:
        """Take the one whose turn it is, and the first of the others who wait."""
        self._waiting.remove(write)
        others = [self._waiting.popleft() for _ in range(min(GROUP_MAX - 1, len(self._waiting)))]
        return [*others, write]

    def _do_together(self, group: list[_Write]) -> None:
        if len(group) == 1:
            return
        try:
            with self._transaction() as session:
                for write in group:
                    _within_savepoint(session, write)
        except Exception as fault:  # noqa: BLE001 - each does its own write now, and the one whose fault it is raises it again
            log.warning("group of writes undone", writes=len(group), fault=type(fault).__name__)
        else:
            for write in group:
                write.is_done = True
        finally:
            for write in group:
                write.is_alone = not write.is_done
                if write.is_alone:
                    write.refusal = None


def _within_savepoint(session: Session, write: _Write) -> None:
    """Do one write. If it is refused, nothing of it stays, and the others go on."""
    connection = session.connection()
    connection.exec_driver_sql("SAVEPOINT one_write")
    try:
        write.result = write.work(session)
        session.flush()
    except AppError as refusal:
        session.expunge_all()
        connection.exec_driver_sql("ROLLBACK TO one_write")
        write.refusal = refusal
    connection.exec_driver_sql("RELEASE one_write")
