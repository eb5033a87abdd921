"""Create a store without a Saleor: a points service of its own, for clients of the Points API."""

import structlog
from sqlalchemy.exc import IntegrityError

from app.db.stores import as_slug, is_slug_taken
from app.db.tables import StoreRow
from app.domain.staff_limits import new_store_limits
from app.domain.store import AccountKind
from app.errors import BadRequest
from app.usecases.operating.change_account import new_account
from app.usecases.services import Services

log = structlog.get_logger()

NAME_LENGTH_MAX = 256


def create_store(services: Services, name: str) -> str:
    """Create a store with points kept here, and give its slug.

    Raises BadRequest when the name will not do, or another store has its slug.
    """
    name = name.strip()
    slug = as_slug(name)
    if not slug or not name.isprintable() or len(name) > NAME_LENGTH_MAX:
        raise BadRequest("A store's name must be printable text with letters from a to z or digits in it.")
    now = services.clock()
    try:
        with services.database.writing() as session:
            if is_slug_taken(session, slug):
                raise BadRequest(f"There is a store {slug} already.")
            store = StoreRow(slug=slug, name=name, awards_from=now, created_at=now, **new_store_limits(now))
            session.add(store)
            session.flush()
            session.add(new_account(services, store.id or 0, kind=AccountKind.EMBEDDED, url="", key=""))
    except IntegrityError:
        raise BadRequest(f"There is a store {slug} already.") from None
    log.info("store created", store=slug)
    return slug
