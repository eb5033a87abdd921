"""A store's accounts, with their providers, as a worker has them at hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.db.tables import AccountRow, MovementRow, StoreRow
from app.domain.moments import holds
from app.domain.retry import PAUSE_LONGEST
from app.domain.settlement import MovementKind
from app.domain.store import ClaimLink, DebtPolicy
from app.providers.protocol import LocalProvider, PointsProvider


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts that a store ever had, by id, with their providers. `local` holds those that work in our own database."""

    store: StoreRow
    rows: Mapping[int, AccountRow]
    providers: Mapping[int, PointsProvider]
    local: Mapping[int, LocalProvider]

    @property
    def current(self) -> AccountRow:
        """The account of today."""
        return next(account for account in self.rows.values() if account.is_current)

    @property
    def showing_claims(self) -> set[int]:
        """Accounts whose claims can be seen and changed."""
        return {account_id for account_id, provider in self.providers.items() if provider.sees_claims}

    @property
    def has_floor(self) -> bool:
        """True if no balance may go below zero."""
        return self.store.debt_policy == DebtPolicy.FLOOR

    def goes_out_at_once(self, movement: MovementRow) -> bool:
        """True if a claim's own link goes to the shopper: from then on it cannot be withdrawn."""
        is_direct = self.store.claim_link == ClaimLink.DIRECT and not self.providers[movement.account_id].sees_claims
        return movement.kind == MovementKind.CLAIM and is_direct

    def paused_until(self, account_id: int, now: datetime) -> datetime | None:
        """Tell until when an account is not asked."""
        paused_until = self.rows[account_id].paused_until
        return paused_until if holds(paused_until, now, longest=PAUSE_LONGEST) else None
