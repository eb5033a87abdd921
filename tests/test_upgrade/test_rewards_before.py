"""Rewards that older versions gave stay as they were, wherever each stands."""

import pytest
from sqlalchemy import text

from app.db.engine import Database
from app.db.tables import RedemptionRow
from app.domain.redemptions import RedemptionStage
from tests.test_rewards.rows import new_redemption, new_reward, pay
from tests.test_upgrade.revisions import bring_to

# Rewards came, said why they ended, and gave points back for refunded orders.
BEFORE = ("0038", "0047", "0052")
_NOT_PAID = frozenset({RedemptionStage.ASKED, RedemptionStage.REFUSED})
_GOES_BACK = {
    RedemptionStage.WITHDRAWING: "withdrawn",
    RedemptionStage.RETURNING: "withdrawn",
    RedemptionStage.WITHDRAWN: "withdrawn",
    RedemptionStage.EXPIRED: "expired",
    RedemptionStage.NOT_MADE: "not_made",
}


def _taken(database: Database, stage: RedemptionStage) -> None:
    reward = new_reward(database)
    redemption = new_redemption(database, reward)
    if stage not in _NOT_PAID:
        pay(database, redemption)
    with database.writing() as session:
        row = session.get_one(RedemptionRow, redemption.id)
        row.stage, row.back_reason, row.problem = stage, _GOES_BACK.get(stage), f"What was said of one that is {stage}."
        if stage in {RedemptionStage.GIVEN, RedemptionStage.USED}:
            row.given_at = row.taken_at
        if stage is RedemptionStage.USED:
            row.used_units = row.amount_units


def _rows(database: Database) -> list[tuple[object, ...]]:
    query = "SELECT id, stage, points, returned_points, used_units, back_reason, problem, code_mark FROM redemption ORDER BY id"
    with database.reading() as session:
        return [tuple(row) for row in session.connection().execute(text(query))]


@pytest.mark.parametrize("version", BEFORE)
def test_rewards_stay_as_they_were_and_nothing_is_made_up(database: Database, version: str) -> None:
    for stage in RedemptionStage:
        _taken(database, stage)
    bring_to(database, version)
    before = _rows(database)

    bring_to(database, "head")

    assert _rows(database) == before
    assert [row[1] for row in before] == list(RedemptionStage)
    with database.reading() as session:
        assert session.connection().execute(text("SELECT because FROM redemption WHERE because IS NOT NULL")).all() == []
        assert session.connection().execute(text("SELECT sum(refunded_points) FROM redemption")).scalar_one() == 0
        assert not any(session.connection().execute(text("SELECT return_on_refund FROM reward_version")).scalars())
