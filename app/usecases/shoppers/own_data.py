"""Give a customer all that is kept of them, and forget them."""

from collections.abc import Mapping
from typing import Any

from app.db.keys import same_person
from app.domain.email import masked
from app.errors import BadRequest
from app.usecases.confirmed_shoppers import SignedIn
from app.usecases.operating.erase_customer import erase_customer
from app.usecases.operating.show_customer import export_customer
from app.usecases.services import Services
from app.usecases.shoppers.wallet_sessions import sign_out_everywhere

# As staff read it in the log: no address stands there.
_WHO = "the customer"
# Who of the staff did it, and why, stays in the shop.
_OF_STAFF = frozenset({"made_by", "asked_by", "decided_by", "undone_by", "kept_by", "user_id", "reason", "refusal", "problem"})


def export_own_data(services: Services, shopper: SignedIn) -> dict[str, Any]:
    """Give all that is kept of a customer, as operators export it, without what is the staff's.

    Other addresses of a moved customer are masked. A customer of whom nothing is kept any more gets nothing.
    """
    try:
        found = export_customer(services, shopper.store_slug, shopper.email)
    except BadRequest:
        return {"store": shopper.store_slug, "exported_at": services.clock().isoformat()}
    with services.database.reading() as session:
        is_theirs = same_person(session, shopper.email)
    moves = [
        {name: masked(value) if "@" in str(value) and not is_theirs(str(value)) else value for name, value in move.items()}
        for move in found["moves"]
    ]
    return {name: _without_staff(value) for name, value in {**found, "moves": moves}.items()}


def forget_own(services: Services, shopper: SignedIn) -> bool:
    """Erase a customer at their own wish, with all sessions; False while something of theirs is under way."""
    try:
        erase_customer(services, shopper.store_slug, shopper.email, who=_WHO)
    except BadRequest:
        if "customer" in export_own_data(services, shopper):
            return False
        # Nothing is kept of them but that they are signed in.
        sign_out_everywhere(services, shopper)
    return True


def _without_staff(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_staff(one) for name, one in value.items() if name not in _OF_STAFF}
    return [_without_staff(one) for one in value] if isinstance(value, list) else value
