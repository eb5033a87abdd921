"""Short writes that wait for SQLite's writer at the same time: one commit, and an outcome of their own for each."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from app.db.engine import Database
from app.db.group_commit import GROUP_MAX, GroupCommit
from app.errors import BadRequest
from tests.waiting import wait_until


class Notebook:
    """A table of words in an SQLite file, and a lock that the test holds while writes gather before it."""

    def __init__(self, path: Path) -> None:
        self.database = Database(f"sqlite:///{path}")
        self.turn = threading.Lock()
        self.commits = 0
        self.group_commit = GroupCommit(self.turn, self._transaction)
        with self.database.writing() as session:
            session.execute(text("CREATE TABLE word (word TEXT)"))

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with self.database.writing() as session:
            yield session
        self.commits += 1

    def gathered(self, *works: Callable[[Session], Any]) -> list["Future[Any]"]:
        """Do these writes, after all of them have waited for the same turn, in this order."""
        with ThreadPoolExecutor(len(works)) as pool:
            with self.turn:
                done = []
                for number, work in enumerate(works, start=1):
                    done.append(pool.submit(self.group_commit.do, work))
                    wait_until(lambda number=number: len(self.group_commit) == number, what="a write that waits")  # type: ignore[misc]  # its default
            return done

    def words(self) -> list[str]:
        with self.database.reading() as session:
            return list(session.execute(text("SELECT word FROM word ORDER BY rowid")).scalars())


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Notebook]:
    opened = Notebook(tmp_path / "words.sqlite3")
    yield opened
    opened.database.close()


def writes(word: str, *, fault: Exception | None = None) -> Callable[[Session], str]:
    def work(session: Session) -> str:
        session.execute(text("INSERT INTO word VALUES (:word)"), {"word": word})
        if fault is not None:
            raise fault
        return f"{word} is written"

    return work


def test_one_write_has_a_transaction_of_its_own(notebook: Notebook) -> None:
    assert notebook.group_commit.do(writes("a")) == "a is written"
    assert (notebook.words(), notebook.commits) == (["a"], 1)


def test_writes_that_wait_together_are_committed_once(notebook: Notebook) -> None:
    done = notebook.gathered(*(writes(word) for word in "abcde"))

    assert [one.result() for one in done] == [f"{word} is written" for word in "abcde"]
    assert (sorted(notebook.words()), notebook.commits) == (list("abcde"), 1)


def test_one_that_is_refused_leaves_nothing_and_the_others_are_written(notebook: Notebook) -> None:
    done = notebook.gathered(writes("a"), writes("b", fault=BadRequest("Not this one.")), writes("c"))

    with pytest.raises(BadRequest, match="Not this one"):
        done[1].result()
    assert [done[0].result(), done[2].result()] == ["a is written", "c is written"]
    assert sorted(notebook.words()) == ["a", "c"]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_defect_fails_its_own_write_only(notebook: Notebook, place: int) -> None:
    works = [writes(word, fault=ZeroDivisionError() if number == place else None) for number, word in enumerate("abc")]

    done = notebook.gathered(*works)

    assert [one.exception() is None for one in done] == [number != place for number in range(3)]
    assert sorted(notebook.words()) == sorted("abc".replace("abc"[place], ""))


def test_what_was_refused_in_a_group_that_failed_is_judged_anew(notebook: Notebook) -> None:
    failed = []

    def fails(session: Session) -> None:
        failed.append(session)
        raise ZeroDivisionError

    def waits_for_it(word: str) -> Callable[[Session], str]:
        def work(session: Session) -> str:
            if not failed:
                raise BadRequest("Not now.")
            return writes(word)(session)

        return work

    # Whichever of the three gets the turn comes last: in any case one of the others stands before the one that fails.
    done = notebook.gathered(waits_for_it("a"), waits_for_it("b"), fails)

    assert [one.exception() is None for one in done] == [True, True, False]
    assert sorted(notebook.words()) == ["a", "b"]


def test_a_row_that_the_database_refuses_fails_its_own_write_only(notebook: Notebook) -> None:
    with notebook.database.writing() as session:
        session.execute(text("CREATE UNIQUE INDEX once ON word (word)"))

    done = notebook.gathered(writes("a"), writes("a"), writes("c"))

    assert sorted(type(one.exception()).__name__ for one in done) == ["IntegrityError", "NoneType", "NoneType"]
    assert sorted(notebook.words()) == ["a", "c"]


def test_a_group_has_a_bound(notebook: Notebook) -> None:
    notebook.gathered(*(writes(str(number)) for number in range(GROUP_MAX + 1)))

    assert (len(notebook.words()), notebook.commits) == (GROUP_MAX + 1, 2)
