"""When a customer last earned and spent, worked out anew from entries."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from app.db.tables.points_entry import EntryKind
from app.ledger.lot_facts import Fact, Spend

EARNS = frozenset({EntryKind.CLAIM, EntryKind.INSTANT, EntryKind.IMPORT})


@dataclass(slots=True)
class ReplayedActivity:
    """When a customer last earned, and last earned or spent. Empty before the first lot.

    `elsewhere` are points of this customer's spends that came back to other customers: pairs of an entry's id and the points.
    """

    customer_id: int
    elsewhere: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    earned_at: datetime | None = None
    active_at: datetime | None = None
    _spends: dict[int, Spend] = field(default_factory=dict)
    _back: Counter[int] = field(default_factory=Counter)

    def after(self, fact: Fact) -> tuple[datetime | None, datetime | None]:
        """Tell when the customer has earned and been active, this entry counted. It is kept only if `keep` is called."""
        earned_at, active_at = self.earned_at, self.active_at
        if fact.kind == EntryKind.SPEND and fact.spend is not None:
            self._spends[fact.spend.id] = fact.spend
        if fact.kind == EntryKind.GIVE_BACK and fact.spend is not None:
            self._back[fact.spend.id] += fact.amount
        if fact.kind in EARNS and fact.amount > 0 and fact.undoes_id is None:
            return fact.created_at, fact.created_at
        if fact.kind == EntryKind.SPEND and active_at is not None:
            return earned_at, fact.created_at
        if self._came_back_whole(fact):
            others = [one.created_at for one in self._spends.values() if self._back_of(one, fact.id) < one.points]
            last = [at for at in (earned_at, *others) if at is not None]
            return earned_at, max(last, default=active_at)
        if fact.kind == EntryKind.MOVE and fact.source is not None and fact.source.giver_active_at is not None:
            given = fact.source.giver_active_at
            return max(given, earned_at or given), max(given, active_at or given)
        return earned_at, active_at

    def keep(self, earned_at: datetime | None, active_at: datetime | None) -> None:
        self.earned_at, self.active_at = earned_at, active_at

    def _came_back_whole(self, fact: Fact) -> bool:
        spend = fact.spend
        if fact.kind != EntryKind.GIVE_BACK or spend is None or spend.customer_id != self.customer_id:
            return False
        return self._back_of(spend, fact.id) == spend.points and spend.created_at == self.active_at

    def _back_of(self, spend: Spend, entry_id: int) -> int:
        return self._back[spend.id] + sum(points for id_, points in self.elsewhere.get(spend.id, ()) if id_ < entry_id)
