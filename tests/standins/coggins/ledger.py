"""The points behind one API key: balances by e-mail, claims and what was done at once."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal

BelowZero = Literal["allow", "refuse", "floor"]


def folded(email: str) -> str:
    return email.strip().casefold()


def _undashed(token: str) -> str:
    return token.replace("-", "")


@dataclass(frozen=True)
class Balance:
    available: int = 0
    used: int = 0


@dataclass(frozen=True)
class Claim:
    token: str
    amount: int
    email: str | None
    customer_type: str | None
    created_on: date
    expires_on: date | None
    taken_by: str | None = None

    @property
    def path(self) -> str:
        return f"/claim/points/{_undashed(self.token)}"


@dataclass(frozen=True)
class Instant:
    """One adjustment that was applied; `amount` is what the balance moved by."""

    email: str
    amount: int


@dataclass(frozen=True)
class Books:
    """Everything an account holds, to be compared in assertions."""

    balances: dict[str, Balance]
    claims: tuple[Claim, ...]
    instants: tuple[Instant, ...]

    @property
    def open_claims(self) -> tuple[Claim, ...]:
        return tuple(claim for claim in self.claims if claim.taken_by is None)

    def balance(self, email: str) -> Balance:
        return self.balances.get(folded(email), Balance())


@dataclass
class Ledger:
    today: Callable[[], date]
    below_zero: BelowZero = "allow"
    _balances: dict[str, Balance] = field(default_factory=dict)
    _claims: dict[str, Claim] = field(default_factory=dict)
    _instants: list[Instant] = field(default_factory=list)

    def books(self) -> Books:
        return Books(dict(self._balances), tuple(self._claims.values()), tuple(self._instants))

    def balance(self, email: str) -> Balance | None:
        """Return the balance, or None for an e-mail that never had points."""
        return self._balances.get(folded(email))

    def add_claim(self, amount: int, *, email: str | None, customer_type: str | None, expires_days: int | None) -> Claim:
        today = self.today()
        expires_on = None if expires_days is None else today + timedelta(days=expires_days)
        claim = Claim(str(uuid.uuid4()), amount, email, customer_type, today, expires_on)
        self._claims[_undashed(claim.token)] = claim
        return claim

    def adjust(self, email: str, amount: int) -> None:
        """Add or take points at once; ValueError when there are too few and the account refuses that."""
        balance = self._balances.get(folded(email), Balance())
        if amount < 0 and balance.available + amount < 0:
            if self.below_zero == "refuse":
                message = f"{email.strip()} has only {balance.available} points."
                raise ValueError(message)
            if self.below_zero == "floor":
                amount = -max(0, balance.available)
        self._balances[folded(email)] = replace(balance, available=balance.available + amount)
        self._instants.append(Instant(folded(email), amount))

    def claim(self, token: str) -> Claim:
        """Return the claim of a token with or without its dashes; LookupError when there is none."""
        claim = self._claims.get(_undashed(token))
        if claim is not None:
            return claim
        message = "No such claim."
        raise LookupError(message)

    def take(self, token: str, email: str | None = None) -> Claim:
        """Let a shopper take a claim; ValueError when it is taken or expired, or not the shopper's."""
        claim = self.claim(token)
        taker = claim.email or email
        if taker is None or (email is not None and folded(email) != folded(taker)):
            message = "This claim belongs to another customer." if claim.email else "Whose points are these?"
            raise ValueError(message)
        if claim.taken_by is not None:
            message = "These points were taken already."
            raise ValueError(message)
        if claim.expires_on is not None and self.today() > claim.expires_on:
            message = "This claim has expired."
            raise ValueError(message)
        balance = self._balances.get(folded(taker), Balance())
        self._balances[folded(taker)] = replace(balance, available=balance.available + claim.amount)
        taken = replace(claim, taken_by=folded(taker))
        self._claims[_undashed(claim.token)] = taken
        return taken

    def spend(self, email: str, amount: int) -> None:
        """Let a shopper pay with points: they move from available to used."""
        balance = self._balances.get(folded(email), Balance())
        if balance.available < amount:
            message = f"{email} has only {balance.available} points."
            raise ValueError(message)
        self._balances[folded(email)] = Balance(balance.available - amount, balance.used + amount)
