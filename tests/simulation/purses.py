"""Whose points are where: the ledgers behind the stores' accounts, as their own books have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam
from sqlmodel import col, select

from app.db.tables import AccountRow, PointsClaimRow, PointsCustomerRow
from app.db.tables.points_entry import EntryKind
from app.domain.store import AccountKind
from app.ledger import entries as ledger
from app.sealing import fingerprint
from tests.simulation.rig import API_KEYS, PROVIDER_URL

if TYPE_CHECKING:
    from tests.simulation.world import World
    from tests.standins.coggins import Claim

_CURRENT = select(col(AccountRow.kind), col(AccountRow.lane_mark)).where(
    col(AccountRow.store_id) == bindparam("store_id"), col(AccountRow.is_current)
)
_AVAILABLE = select(col(PointsCustomerRow.available)).where(
    col(PointsCustomerRow.store_id) == bindparam("store_id"), col(PointsCustomerRow.email_key) == bindparam("email")
)
_CLAIMS = select(col(PointsClaimRow.token_mark), col(PointsClaimRow.amount))
_KEYS = {fingerprint(f"coggins {PROVIDER_URL} {key}"): key for key in API_KEYS}


class Purses:
    """A ledger is named by its API key at Coggins, or by the number of the store that keeps its own."""

    def __init__(self, world: World) -> None:
        self._world = world

    @staticmethod
    def named(kind: str, lane_mark: str, store_id: int) -> str:
        """Give the name of the ledger behind an account."""
        return _KEYS[lane_mark] if kind == AccountKind.COGGINS else f"{store_id}"

    def current(self, store_id: int) -> str:
        """Give the name of the ledger where a store's new points live."""
        [(kind, lane_mark)] = self._world.rig.ground.look(_CURRENT, store_id=store_id)
        return self.named(kind, lane_mark, store_id)

    def available(self, name: str, email: str) -> int:
        """Say what a customer can spend."""
        if name in API_KEYS:
            return self._world.coggins.books(name).balance(email).available
        found = self._world.rig.ground.look(_AVAILABLE, store_id=int(name), email=email.casefold())
        return found[0][0] if found else 0

    def change(self, name: str, email: str, points: int) -> None:
        """Change a balance as another client does, by what makes no debt."""
        if self.available(name, email) + points < 0:
            return
        if name in API_KEYS:
            self._world.truth.disturbed.add((name, email.casefold()))
            self._world.coggins.adjust(email, points, key=name)
        elif not self._post(int(name), email, points):
            return
        self._world.truth.by_others[name, email.casefold()] += points

    def spend(self, name: str, email: str, points: int) -> None:
        """Let a shopper spend what is there."""
        if name in API_KEYS:
            self._world.coggins.spend(email, points, key=name)
        elif self._post(int(name), email, -points):
            self._world.truth.by_others[name, email.casefold()] -= points

    def _post(self, store_id: int, email: str, points: int) -> bool:
        """Change a balance of a ledger that is kept here, as another client of the Points API does."""
        entry = ledger.Entry(email, points, EntryKind.INSTANT)
        with self._world.rig.database.writing() as session:
            return bool(ledger.post(session, store_id, [entry], self._world.clock())[0])

    def embedded_claims(self) -> dict[str, int]:
        """Give what each claim holds in the ledgers that are kept here, by its mark."""
        return dict(self._world.rig.ground.look(_CLAIMS))

    def claims(self) -> list[tuple[str, Claim]]:
        """List all claims at Coggins, each with its key."""
        return [(key, claim) for key in API_KEYS for claim in self._world.coggins.books(key).claims]
