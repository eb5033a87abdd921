"""The language in which a customer is written to."""

from sqlmodel import Session, col, select

from app.db.tables import OrderRow
from app.domain.email import email_key


def language_of_newest_order(session: Session, store_id: int, email: str) -> str | None:
    """Guess the language of a customer: that of the newest order."""
    query = select(OrderRow.language).where(OrderRow.store_id == store_id, OrderRow.email_key == email_key(email))
    return session.exec(query.order_by(col(OrderRow.placed_at).desc(), col(OrderRow.id).desc()).limit(1)).first()
