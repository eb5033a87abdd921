"""Whether an address can be a customer's: typed well, or known from an order."""

from sqlmodel import Session

from app.domain.email import is_typed_well
from app.errors import BadRequest
from app.usecases.merchants.list_orders import newest_of_customer


def check_address(session: Session, store_id: int, email: str) -> None:
    """Raise BadRequest where an address cannot be one, unless an order has it: Saleor's addresses are taken as they are."""
    if not is_typed_well(email) and not newest_of_customer(session, store_id, email, limit=1):
        raise BadRequest("This is not an e-mail address.")
