"""What SQLite and PostgreSQL say in the same words, and SQLAlchemy in two."""

from typing import Any

from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import SQLModel


def insert_into(dialect: str, model: type[SQLModel]) -> Any:
    """Begin an INSERT that knows ON CONFLICT, in the words of the dialect of this name."""
    new_insert = sqlite_insert if dialect == "sqlite" else postgresql_insert
    return new_insert(model.__table__)  # type: ignore[attr-defined]  # every table model has it
