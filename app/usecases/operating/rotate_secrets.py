"""Seal everything anew with the newest SECRET_KEY, so that the previous one can be thrown away."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select, update
from sqlmodel import SQLModel

from app.db.sealed import SEALED
from app.usecases.services import Services

BATCH = 500


def count_sealed(services: Services) -> int:
    """Count what is sealed."""
    with services.database.reading() as session:
        return sum(session.execute(select(func.count()).select_from(model)).scalar_one() for model, _ in SEALED)


def rotate_secrets(services: Services) -> Iterator[int]:
    """Seal all of it anew, batch by batch; yields how many rows were looked at. May be stopped, and run again."""
    for model, name in SEALED:
        yield from _rotate(services, model, name)


def _rotate(services: Services, model: type[SQLModel], name: str) -> Iterator[int]:
    key: Any = model.__table__.c.id  # type: ignore[attr-defined]  # every table model has it
    sealed: Any = model.__table__.c[name]  # type: ignore[attr-defined]
    last: Any = None
    while True:
        with services.database.writing() as session:
            query = select(key, sealed).order_by(key).limit(BATCH).with_for_update()
            rows = session.execute(query if last is None else query.where(key > last)).all()
            for row_id, text in rows:
                if text is not None:
                    session.execute(update(model).where(key == row_id).values({name: services.sealer.reseal(text)}))
        if not rows:
            return
        last = rows[-1][0]
        yield len(rows)
