"""Take a claim that is bound to the signed-in shopper's address: no link is needed."""

from uuid import UUID

from sqlmodel import select

from app.db.stores import accounts_of
from app.db.tables import PointsClaimRow, StoreRow
from app.domain.claim import ClaimState
from app.errors import ClaimOver, NoClaim
from app.usecases.confirmed_shoppers import SignedIn
from app.usecases.services import Services
from app.usecases.shoppers.claim_points import take_marked_claim
from app.usecases.shoppers.own_claims import OwnClaim, claims_that_wait, is_theirs


def list_own_claims(services: Services, shopper: SignedIn) -> list[OwnClaim]:
    """List the claims that wait for a shopper, newest first."""
    now = services.clock()
    with services.database.reading() as session:
        store = session.get_one(StoreRow, shopper.store_id)
        accounts = accounts_of(session, shopper.store_id)
        return claims_that_wait(session, store, shopper.email, accounts.values(), now, base=services.claim_url_base)


def take_own_claim(services: Services, shopper: SignedIn, claim_id: UUID) -> int:
    """Take a claim for its own address, which is the shopper's; gives its points. Taking it again gives the same answer.

    Raises NoClaim when no claim of this id waits for the shopper, or did, and ClaimOver when it expired or was withdrawn.
    """
    with services.database.reading() as session:
        store = session.get_one(StoreRow, shopper.store_id)
        theirs = is_theirs(session, store, shopper.email)
        mark = session.exec(select(PointsClaimRow.token_mark).where(PointsClaimRow.request_id == claim_id, *theirs)).first()
    if mark is None:
        raise NoClaim
    view = take_marked_claim(services, mark, shopper.email)
    if view is None:
        raise NoClaim
    if not view.is_taken_now and view.state is not ClaimState.TAKEN:
        raise ClaimOver
    return view.points
