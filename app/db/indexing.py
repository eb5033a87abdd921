"""What migrations need to change large tables while the version before goes on serving."""

from collections.abc import Sequence

from alembic import op
from sqlalchemy import text


def add_index(name: str, table: str, columns: Sequence[str], *, is_unique: bool = False, where: str | None = None) -> None:
    """Build an index without keeping anybody from writing to the table. It comes last in a migration.

    What the migration did before is committed by it. One that was cut short is built anew when the migration runs again.
    """
    condition = None if where is None else text(where)
    if op.get_bind().dialect.name != "postgresql":
        op.create_index(name, table, list(columns), unique=is_unique, sqlite_where=condition)
        return
    with op.get_context().autocommit_block():
        op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
        op.create_index(name, table, list(columns), unique=is_unique, postgresql_concurrently=True, postgresql_where=condition)
