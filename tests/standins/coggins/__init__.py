"""A Coggins Points API to test against, and the words to drive it with."""

from tests.standins.coggins.ledger import Balance, Books, Claim, Instant
from tests.standins.coggins.standin import StandInCoggins

__all__ = ["Balance", "Books", "Claim", "Instant", "StandInCoggins"]
