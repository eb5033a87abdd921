"""See all that a customer's wallet shows first: balance, what it pays, what waits, and what changed last."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.db.spend_rules import spend_rules_of
from app.domain.catalogue import SalesChannel
from app.errors import Unavailable
from app.usecases.confirmed_shoppers import SignedIn
from app.usecases.services import Services
from app.usecases.shoppers.own_claims import OwnClaim
from app.usecases.shoppers.show_history import ShopperHistory, show_history
from app.usecases.shoppers.show_wallet import Wallet, Worth, show_wallet, worth_in
from app.usecases.shoppers.take_own_claim import list_own_claims

CHANGES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class SeenWallet:
    """What the first page shows. `points` is None while the points provider does not tell the balance, or is not believed."""

    points: Wallet | None
    worths: tuple[Worth, ...]
    claims: tuple[OwnClaim, ...]
    history: ShopperHistory

    @property
    def spendable(self) -> int | None:
        """What the customer can spend; None while that is not known."""
        return None if self.points is None else self.points.spendable

    @property
    def claimable(self) -> int:
        """The points of the claims that one press takes."""
        return sum(claim.points for claim in self.claims if claim.can_be_taken)


def see_wallet(services: Services, shopper: SignedIn, channels: Sequence[SalesChannel]) -> SeenWallet:
    """See a customer's wallet. `channels` are those in which points may pay."""
    try:
        points = show_wallet(services, shopper)
    except Unavailable:
        points = None
    spendable = 0 if points is None else points.spendable
    return SeenWallet(
        points=points,
        worths=_worths(services, shopper.store_id, spendable, channels) if spendable > 0 else (),
        claims=tuple(list_own_claims(services, shopper)),
        history=show_history(services, shopper, size=CHANGES_SHOWN),
    )


def _worths(services: Services, store_id: int, points: int, channels: Sequence[SalesChannel]) -> tuple[Worth, ...]:
    """Tell what points pay, once for each amount: most channels of a currency have one rule."""
    now = services.clock()
    with services.database.reading() as session:
        rules = spend_rules_of(session, store_id)
    found: dict[tuple[Decimal, str], Worth] = {}
    for channel in channels:
        one = worth_in(channel, points, rules, now) if channel.is_active else None
        if one is not None and one.amount > 0:
            found.setdefault((one.amount, channel.currency), one)
    return tuple(found.values())
