"""Rows of rewards and of redemptions, made as the use cases make them."""

from typing import Any
from uuid import uuid4

from sqlmodel import select

from app.db.engine import Database
from app.db.tables import (
    AccountRow,
    MovementRow,
    RedemptionReturnRow,
    RedemptionRow,
    RewardAmountRow,
    RewardRow,
    RewardVersionRow,
)
from app.domain.redemptions import BackReason
from app.domain.rewards import RewardKind
from app.domain.settlement import CauseKind, MovementKind, MovementState
from app.domain.store import AccountKind
from app.sealing import fingerprint
from tests.clock import START, MovableClock
from tests.test_points.conftest import new_store
from tests.test_points.ledger_calls import ADA


def new_reward(database: Database, *, store_id: int | None = None, **says: Any) -> RewardVersionRow:
    """Store a reward: a gift card of 10.00 USD for 500 points."""
    store_id = store_id or new_store(database, MovableClock(), uuid4().hex)
    with database.writing() as session:
        reward = RewardRow(store_id=store_id, kind=RewardKind.AMOUNT, made_at=START, made_by="tests")
        session.add(reward)
        session.flush()
        common: dict[str, Any] = {"name": "10 off", "points": 500, "in_force_from": START, "created_by": "tests"}
        version = RewardVersionRow(**common | {"reward_id": reward.id, **says})
        session.add(version)
        session.flush()
        session.add(RewardAmountRow(version_id=version.id or 0, currency="USD", amount_units=1_000))
        account = AccountRow(
            store_id=store_id, kind=AccountKind.EMBEDDED, lane_mark=uuid4().hex, is_current=False, created_at=START
        )
        session.add(account)
    return version


def new_redemption(database: Database, version: RewardVersionRow, **values: Any) -> RedemptionRow:
    """Store a redemption that is asked for."""
    with database.writing() as session:
        reward = session.get_one(RewardRow, version.reward_id)
        account = session.exec(select(AccountRow).where(AccountRow.store_id == reward.store_id)).first()
        row = RedemptionRow(
            **{
                "store_id": reward.store_id,
                "reward_id": reward.id,
                "version_id": version.id,
                "reference": uuid4(),
                "email": ADA,
                "email_key": ADA,
                "account_id": account.id if account is not None else 0,
                "points": 500,
                "currency": "USD",
                "amount_units": 1_000,
                "code_sealed": "sealed",
                "code_mark": fingerprint(uuid4().hex),
                "asked_at": START,
                **values,
            }
        )
        session.add(row)
    return row


def pay(database: Database, redemption: RedemptionRow, *, points: int | None = None, **values: Any) -> None:
    """Take the points of a redemption by a debit."""
    with database.writing() as session:
        debit = MovementRow(
            **{
                "id": uuid4(),
                "store_id": redemption.store_id,
                "cause_kind": CauseKind.REWARD,
                "cause_id": redemption.id,
                "account_id": redemption.account_id,
                "kind": MovementKind.DEBIT,
                "state": MovementState.ACCEPTED,
                "points": -(points or redemption.points),
                "email": redemption.email,
                "lane": uuid4().hex,
                "planned_at": START,
                **values,
            }
        )
        session.add(debit)
        session.flush()
        row = session.get_one(RedemptionRow, redemption.id)
        row.stage, row.taken_at, row.debit_id = "taken", START, debit.id


def new_return(database: Database, redemption: RedemptionRow, points: int) -> None:
    """Store what goes back of a redemption."""
    with database.writing() as session:
        session.add(
            RedemptionReturnRow(
                redemption_id=redemption.id or 0,
                reference=uuid4(),
                why=BackReason.WITHDRAWN,
                points=points,
                written_at=START,
            )
        )
