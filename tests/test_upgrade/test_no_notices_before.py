"""Points that had a day before the mails about it came: they are told of after the upgrade, and going back loses no point."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from app.db.ending_lots import ending_lots
from app.db.engine import Database
from app.db.given_notices import given_notices, write_notices
from app.domain.ending_notices import FARTHEST, notices_given, to_tell
from app.domain.expiry_policy import ExpiryPolicy, PolicyKind
from tests.clock import MovableClock
from tests.test_points.conftest import new_provider, new_store
from tests.test_points.lot_calls import available, bring, lots, ran_out, run_daily, set_policy, spend
from tests.test_upgrade.revisions import bring_to

BEFORE = "0053"
# As the version before writes it.
SWITCH_ON = "INSERT INTO mail_kind (store_id, kind, is_on, on_since) VALUES (1, :kind, true, '2026-05-04 09:00:00.000000')"


def _rows(database: Database, sql: str) -> Sequence[Any]:
    with database.reading() as session:
        return session.connection().execute(text(sql)).all()


def _switch_on(database: Database, kind: str) -> None:
    with database.writing() as session:
        session.connection().execute(text(SWITCH_ON), {"kind": kind})


def test_points_from_before_the_upgrade_are_told_of_after_it(database: Database, clock: MovableClock) -> None:
    provider = new_provider(database, new_store(database, clock))
    set_policy(provider, ExpiryPolicy(PolicyKind.ROLLING, months=3))
    bring(provider, 100)
    spend(provider, 40, 1)
    bring_to(database, BEFORE)
    _switch_on(database, "points_end")
    before = lots(database)
    ends = before[0][0]
    assert ends is not None

    bring_to(database, "head")

    assert lots(database) == before
    assert _rows(database, "SELECT is_on, looked_on, looked_ends, looked_after FROM mail_kind") == [(True, None, None, None)]
    now = ends - timedelta(days=20)
    with database.writing() as session:
        told = to_tell(ending_lots(session, 1, [1], now, now + FARTHEST), set(), now, "UTC")
        write_notices(session, notices_given(told, set(), now, "UTC"), uuid4(), now)
        assert [lot.points for lot in told] == [60]
        assert len(given_notices(session, told)) == 1
    # The version before may go on at these tables, and goes on after going back.
    _switch_on(database, "reminder")
    bring(provider, 7, 5)
    bring_to(database, BEFORE)
    assert _rows(database, "SELECT kind FROM mail_kind ORDER BY kind") == [("points_end",), ("reminder",)]
    bring_to(database, "head")
    run_daily(provider, 100)
    assert available(provider, 100) == 0
    assert ran_out(database) == [(ends, 60), (ends + timedelta(days=5), 7)]
