"""Books from before points could run out go on: what customers had has no day, and triggers hold as before."""

from app.db.engine import Database
from app.db.migrations import migrate
from app.domain.expiry_policy import ExpiryPolicy, PolicyKind
from tests.clock import MovableClock
from tests.test_points.conftest import new_provider, new_store
from tests.test_points.ledger_calls import entries_of
from tests.test_points.lot_calls import available, bring, give_back, ran_out, set_policy, spend
from tests.test_upgrade.bringing import bring_to


def test_points_from_before_the_upgrade_never_run_out(database: Database, clock: MovableClock) -> None:
    provider = new_provider(database, new_store(database, clock))
    bring(provider, 100)
    spent = spend(provider, 40, 1)
    assert spent is not None
    bring_to(database, "0049")

    migrate(database)
    set_policy(provider, ExpiryPolicy(PolicyKind.ROLLING, months=1), 2)
    give_back(provider, spent, 40, 3)
    bring(provider, 7, 4)

    assert available(provider, 4) == 107
    assert available(provider, 400) == 100
    assert ran_out(database) == []
    assert [entry.amount for entry in entries_of(database)] == [100, -40, 40, 7]
