"""Many rows, or many values, in one statement.

A parameter for each of a hundred values makes a statement that driver and database read anew each time: that costs more than
what it does. PostgreSQL gets each column as one array. SQLite gets the values as JSON, and rows one after the other for one
prepared statement.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, BindParameter, Boolean, Connection, String, bindparam, column, func, select, update
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Session, SQLModel

from app.db.dialects import insert_into


class _Values(TypeDecorator[Sequence[Any]]):
    """Values of a column's type, as one parameter."""

    impl = String
    cache_ok = True

    def __init__(self, of: TypeEngine[Any]) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String() if dialect.name == "sqlite" else ARRAY(self.of))

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        bind_value = self.of.dialect_impl(dialect).bind_processor(dialect)
        return json.dumps(list(value) if bind_value is None else [bind_value(one) for one in value])


class IsIn(FunctionElement[bool]):
    """`column IN (values)`, with all values as one parameter."""

    type = Boolean()
    inherit_cache = True

    def __init__(self, of: Any, name: str, values: Collection[Any] | None = None) -> None:
        """Give the column, the parameter's name and, where the statement is not kept for other ones, its values."""
        kind = _Values(of.type)
        super().__init__(
            of, bindparam(name, type_=kind) if values is None else bindparam(name, list(values), type_=kind, unique=True)
        )

    def self_group(self, against: Any = None) -> "IsIn":  # noqa: ARG002 - SQLAlchemy's signature
        """Stand in a condition as it is; SQLAlchemy would compare it with 1 where there is no type for truth."""
        return self


@compiles(IsIn, "sqlite")
def _is_in_for_sqlite(element: IsIn, compiler: Any, **kwargs: Any) -> str:
    of, values = element.clauses
    return f"{compiler.process(of, **kwargs)} IN (SELECT value FROM json_each({compiler.process(values, **kwargs)}))"  # noqa: S608 - a column and a parameter


@compiles(IsIn, "postgresql")
def _is_in_for_postgresql(element: IsIn, compiler: Any, **kwargs: Any) -> str:
    of, values = element.clauses
    return f"{compiler.process(of, **kwargs)} = ANY ({compiler.process(values, **kwargs)})"


class RowParameters:
    """The rows that a statement is carried out for, as parameters: `each["points"]` is a value of the row."""

    def __init__(self, dialect_name: str, **types: Any) -> None:
        self._dialect_name = dialect_name
        self._is_array = dialect_name == "postgresql"
        self._names = tuple(types)
        self.columns: Any = {name: bindparam(name, type_=kind) for name, kind in types.items()}
        if self._is_array:
            arrays: list[BindParameter[Any]] = [bindparam(name, type_=ARRAY(kind)) for name, kind in types.items()]
            named = (column(name, kind) for name, kind in types.items())
            self.columns = func.unnest(*arrays).table_valued(*named).render_derived(name="each_row").c

    def __getitem__(self, name: str) -> Any:
        return self.columns[name]

    def inserted_into(self, table: Any) -> Any:
        """Begin the INSERT of all rows, in the dialect's own words."""
        new = insert_into(self._dialect_name, table)
        if self._is_array:
            return new.from_select(self._names, select(*self.columns), include_defaults=False)
        return new.values(self.columns)

    def run(self, connection: Connection, statement: Any, rows: Sequence[Mapping[str, Any]], **common: Any) -> Any:
        """Carry the statement out for all rows, of which there is one at least; `common` are parameters alike for all."""
        if self._is_array:
            return connection.execute(statement, {name: [row[name] for row in rows] for name in self._names} | common)
        return connection.execute(statement, [{**row, **common} for row in rows])


def change_rows(session: Session, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Change rows of a table, each found by its `id`; all name the same columns."""
    if rows:
        connection = session.connection()
        each, statement = _change(connection.dialect.name, model, tuple(rows[0]))
        each.run(connection, statement, [{_new(name): value for name, value in row.items()} for row in rows])


def insert_rows(session: Session, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows into a table; all name the same columns."""
    if rows:
        connection = session.connection()
        each, statement = _insert(connection.dialect.name, model, tuple(rows[0]))
        each.run(connection, statement, rows)


def insert_new_rows(session: Session, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> set[Any]:
    """Insert rows, but for those that a unique index does not let in. Gives the ids of the inserted."""
    if not rows:
        return set()
    connection = session.connection()
    each, statement = _insert(connection.dialect.name, model, tuple(rows[0]))
    table: Any = model.__table__  # type: ignore[attr-defined]  # every table model has it
    return set(each.run(connection, statement.on_conflict_do_nothing().returning(table.c.id), rows).scalars())


@cache
def _change(dialect: str, model: type[SQLModel], names: tuple[str, ...]) -> tuple[RowParameters, Any]:
    table: Any = model.__table__  # type: ignore[attr-defined]  # every table model has it
    each = RowParameters(dialect, **{_new(name): table.c[name].type for name in names})
    changed = {name: each[_new(name)] for name in names if name != "id"}
    return each, update(table).where(table.c.id == each[_new("id")]).values(changed)


@cache
def _insert(dialect: str, model: type[SQLModel], names: tuple[str, ...]) -> tuple[RowParameters, Any]:
    table: Any = model.__table__  # type: ignore[attr-defined]  # every table model has it
    each = RowParameters(dialect, **{name: table.c[name].type for name in names})
    return each, each.inserted_into(table)


def _new(name: str) -> str:
    """Tell a parameter from the column of the same name: SQLAlchemy keeps those names for itself."""
    return f"new_{name}"
