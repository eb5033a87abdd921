"""Check that SECRET_KEY opens what the database holds, before anything is done with it."""

from typing import Any

from sqlmodel import select

from app.db.engine import Database
from app.db.sealed import SEALED
from app.sealing import Sealer


def check_secret(database: Database, sealer: Sealer) -> None:
    """Open one sealed text of each kind, if there is one.

    Raises BadSetting when none of the secrets fits: going on would seal new texts with a key that the old ones do not have.
    """
    with database.reading() as session:
        for model, name in SEALED:
            sealed: Any = model.__table__.c[name]  # type: ignore[attr-defined]  # every table model has it
            text = session.execute(select(sealed).where(sealed.is_not(None)).limit(1)).scalar()
            if text is not None:
                sealer.open(text)
