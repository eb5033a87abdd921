"""Statements compiled once: for what runs with each delivery, building a statement costs more than running it."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement
from sqlalchemy.types import TypeEngine

_DIALECTS: dict[str, Any] = {"sqlite": pysqlite, "postgresql": psycopg}


class CompiledStatement:
    """A statement in one database's own words. Values are checked and turned by their columns' types, as ever."""

    def __init__(self, statement: ClauseElement, dialect_name: str) -> None:
        dialect = _DIALECTS[dialect_name].dialect()
        compiled: Any = statement.compile(dialect=dialect)
        self._text = str(compiled)
        self._positions: tuple[str, ...] | None = compiled.positiontup and tuple(compiled.positiontup)
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        self._asked = tuple(name for name in compiled.params if name not in self._fixed)
        self._turns = {name: turn for name in self._asked if (turn := _turn(compiled.binds[name].type, dialect)) is not None}

    def run(self, connection: Any, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Run it on a connection of the driver, with the values of its parameters by name. Gives the first row, if any."""
        turned = self._fixed | {name: values[name] for name in self._asked}
        for name, turn in self._turns.items():
            turned[name] = turn(turned[name])
        parameters = turned if self._positions is None else tuple([turned[name] for name in self._positions])
        row: tuple[Any, ...] | None = connection.execute(self._text, parameters).fetchone()
        return row


def _turn(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """Give what turns a value into the driver's; None where it is taken as it is."""
    return kind.dialect_impl(dialect).bind_processor(dialect)
