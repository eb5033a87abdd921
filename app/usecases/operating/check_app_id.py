"""MANIFEST_APP_ID is frozen once points paid: what they paid belongs to it in Saleor, and could not be refunded by another."""

from app.db.engine import Database
from app.db.payments_app_id import note_app_id, other_app_id
from app.errors import BadSetting


def check_app_id(database: Database, app_id: str) -> None:
    """Stop where points paid by another identifier. Raises BadSetting, which names it."""
    with database.writing() as session:
        note_app_id(session, app_id)
        other = other_app_id(session, app_id)
    if other is not None:
        raise BadSetting(
            f"MANIFEST_APP_ID is {app_id}, but customers paid with points when it was {other}. Those payments belong to {other} "
            f"in Saleor and could not be refunded. Set MANIFEST_APP_ID={other}"
        )
