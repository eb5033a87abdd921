"""Look up what a customer has."""

from app.domain.claim import Balance
from app.ledger import entries as ledger
from app.usecases.api.find_caller import Caller
from app.usecases.services import Services


def look_up_customer(services: Services, caller: Caller, email: str) -> Balance | None:
    """Give a customer's balance; None when nobody of this address ever had points here."""
    with services.database.reading() as session:
        return ledger.balances(session, caller.store_id, [email], services.clock()).get(email)
