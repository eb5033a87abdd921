"""SQLite changes a constraint by building the table anew, and loses the table's triggers with it."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op
from sqlalchemy import text


@contextmanager
def keeping_triggers() -> Iterator[None]:
    """Drop all triggers of a SQLite database while tables of it are built anew, and create them again after."""
    if op.get_bind().dialect.name != "sqlite":
        yield
        return
    triggers = op.get_bind().execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
    for name, _ in triggers:
        op.execute(f'DROP TRIGGER "{name}"')
    yield
    for _, statement in triggers:
        op.execute(text(statement.replace(":", "\\:")))
