"""Check that this process can serve: its database has the tables it needs, and room to write."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import col

from app.db.migrations import head, is_migrated
from app.db.queue import is_waiting
from app.db.tables import OrderRow
from app.errors import Unavailable
from app.usecases.operating.store_figures import COUNTED_MAX
from app.usecases.services import Services

# A batch of a hundred orders writes about as much.
FREE_BYTES_MIN = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Readiness:
    """The newest revision that this version knows, and how many orders' time to be looked at has come.

    COUNTED_MAX stands for so many or more.
    """

    migration: str
    waiting_orders: int


def check_ready(services: Services) -> Readiness:
    """Tell how things stand.

    Raises Unavailable where nothing can be served now, with what to do about it.
    """
    if not is_migrated(services.database):
        raise Unavailable("The database does not have this version's tables. Run: saleor-points migrate")
    free = services.database.free_bytes()
    if free is not None and free < FREE_BYTES_MIN:
        raise Unavailable("The disk of the database is full: nothing can be written until there is room on it.")
    with services.database.reading() as session:
        some = select(col(OrderRow.id)).where(*is_waiting(services.clock())).limit(COUNTED_MAX)
        waiting = session.scalars(select(func.count()).select_from(some.subquery())).one()
    return Readiness(head(), waiting)
