"""What SQLite and PostgreSQL say in the same words, and SQLAlchemy in two."""

from typing import Any

from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert


def insert_into(dialect: str, table: Any) -> Any:
    """Begin an INSERT that knows ON CONFLICT into a table, or a model's, in the words of the dialect of this name."""
    return (sqlite_insert if dialect == "sqlite" else postgresql_insert)(table)
