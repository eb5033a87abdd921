"""By which identifier of the app points paid: what they paid belongs to it in Saleor, and no other app can refund it."""

from sqlalchemy import exists, update
from sqlmodel import Session, col, select

from app.db.tables import SpendRow, StoreRow


def freeze_app_id(session: Session, store_id: int, app_id: str) -> None:
    """Note by which identifier points pay in a store, in the transaction of a payment. Only the first one changes anything."""
    is_first = (col(StoreRow.id) == store_id, col(StoreRow.payments_app_id).is_(None))
    session.execute(update(StoreRow).where(*is_first).values(payments_app_id=app_id))


def note_app_id(session: Session, app_id: str) -> None:
    """Note it where a version before let points pay: that one did not write it."""
    has_paid = exists().where(col(SpendRow.store_id) == col(StoreRow.id))
    session.execute(update(StoreRow).where(col(StoreRow.payments_app_id).is_(None), has_paid).values(payments_app_id=app_id))


def other_app_id(session: Session, app_id: str) -> str | None:
    """Give an identifier by which points paid and that is not this one. None where there is none."""
    return session.exec(select(StoreRow.payments_app_id).where(StoreRow.payments_app_id != app_id).limit(1)).first()
