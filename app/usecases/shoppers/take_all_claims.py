"""Take all that waits for a customer, by one press."""

import structlog

from app.errors import ClaimOver, NoClaim
from app.usecases.confirmed_shoppers import SignedIn
from app.usecases.services import Services
from app.usecases.shoppers.take_own_claim import list_own_claims, take_own_claim

log = structlog.get_logger()


def take_all_claims(services: Services, shopper: SignedIn) -> int:
    """Take the claims that wait for a customer, each in a transaction of its own; gives their points.

    What was withdrawn, or ran out, while the page was open is left out.
    """
    points = 0
    for claim in list_own_claims(services, shopper):
        if not claim.can_be_taken:
            continue
        try:
            points += take_own_claim(services, shopper, claim.id)
        except (ClaimOver, NoClaim) as left_out:
            log.info("claim not taken", store_id=shopper.store_id, code=left_out.code)
    return points
