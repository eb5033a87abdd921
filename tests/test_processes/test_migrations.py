"""Migrations: harmless when repeated, one at a time, and in agreement with the models."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect
from sqlmodel import SQLModel

import app.db.tables  # noqa: F401 - fills the metadata
from app.db.engine import Database
from app.db.migrations import MIGRATIONS, head, is_migrated, migrate
from tests.waiting import PATIENCE_SECONDS

AT_ONCE = 5
MIGRATE = """
import multiprocessing
import sys

import alembic.command

from app.db.engine import Database
from app.db.migrations import migrate

# Forked, so that they share what took long to load, and begin as one.
fork = multiprocessing.get_context("fork")
together = fork.Barrier(int(sys.argv[2]))


def begin():
    database = Database(sys.argv[1])
    together.wait(int(sys.argv[3]))
    migrate(database)


processes = [fork.Process(target=begin) for _ in range(together.parties)]
for process in processes:
    process.start()
for process in processes:
    process.join()
print([process.exitcode for process in processes])
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    fresh: Callable[[], str] = request.getfixturevalue("fresh_postgresql")
    url = fresh()
    with closing(Database(url)) as database, database.engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    return url


@pytest.fixture
def empty_database(empty_database_url: str) -> Iterator[Database]:
    with closing(Database(empty_database_url)) as database:
        yield database


def _downgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.downgrade(config, "base")


def _tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names()) - {"alembic_version"}


def test_migrating_twice_is_harmless(empty_database: Database) -> None:
    migrate(empty_database)

    assert migrate(empty_database) == head()
    assert is_migrated(empty_database)


def test_migrating_from_several_processes_at_once_is_harmless(empty_database_url: str) -> None:
    command = [sys.executable, "-c", MIGRATE, empty_database_url, str(AT_ONCE), str(PATIENCE_SECONDS)]

    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)

    assert done.stdout.strip() == str([0] * AT_ONCE), done.stderr


def test_the_newest_revision_is_the_one_that_alembic_finds() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [head()]


def test_models_and_migrations_agree(empty_database: Database) -> None:
    migrate(empty_database)

    with empty_database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_migrations_go_down_and_up_again(empty_database: Database) -> None:
    migrate(empty_database)
    tables = _tables(empty_database)

    with empty_database.engine.begin() as connection:
        _downgrade(connection)
    assert _tables(empty_database) == set()

    migrate(empty_database)
    assert _tables(empty_database) == tables
