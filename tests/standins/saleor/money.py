"""Money as a channel holds it: Decimal, with the digits of its currency."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

Amount = Decimal | str | int

ZERO = Decimal(0)
# ISO 4217; two digits for every currency that is not named.
DIGITS = {"JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3}


def digits_of(currency: str) -> int:
    return DIGITS.get(currency, 2)


def in_currency(amount: Amount, currency: str) -> Decimal:
    """Return `amount` with the currency's digits; ValueError when it has more."""
    exact = Decimal(amount)
    rounded = exact.quantize(Decimal(1).scaleb(-digits_of(currency)))
    if rounded != exact:
        message = f"{currency} has no {amount}"
        raise ValueError(message)
    return rounded


def rounded(amount: Amount | float, currency: str) -> Decimal:
    """Return `amount` as Saleor rounds it without an error: half to even."""
    return Decimal(str(amount)).quantize(Decimal(1).scaleb(-digits_of(currency)), ROUND_HALF_EVEN)


@dataclass(frozen=True)
class Taxed:
    """An amount with and without tax."""

    gross: Decimal
    net: Decimal

    def __add__(self, other: "Taxed") -> "Taxed":
        return Taxed(self.gross + other.gross, self.net + other.net)

    def less(self, amount: Decimal) -> "Taxed":
        """Return what a gift card of `amount` leaves to be paid."""
        return Taxed(max(ZERO, self.gross - amount), max(ZERO, self.net - amount))
