"""Rows of spends, made as the charge makes them."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

from app.db.engine import Database
from app.db.tables import AccountRow, SpendReturnRow, SpendRow, SpendRuleRow
from app.domain.spending import ReturnReason, SpendStage
from app.domain.store import AccountKind
from tests.clock import START, MovableClock
from tests.test_points.conftest import new_store
from tests.test_points.ledger_calls import ADA


def new_spend(database: Database, **values: Any) -> SpendRow:
    """Store a spend of 1,000 points for 10.00 that are taken, with all that it names."""
    store_id = values.pop("store_id", None) or new_store(database, MovableClock(), uuid4().hex)
    with database.writing() as session:
        account = AccountRow(
            store_id=store_id, kind=AccountKind.EMBEDDED, lane_mark=uuid4().hex, is_current=False, created_at=START
        )
        rule = SpendRuleRow(store_id=store_id, in_force_from=START, points_per_unit=Decimal(100), created_by="tests")
        session.add_all([account, rule])
        session.flush()
        spend = SpendRow(
            **{
                "store_id": store_id,
                "reference": uuid4(),
                "saleor_transaction_id": uuid4().hex,
                "saleor_checkout_id": "Q2hlY2tvdXQ6MQ==",
                "channel": "default-channel",
                "email": ADA,
                "email_key": ADA,
                "account_id": account.id,
                "rule_id": rule.id,
                "currency": "USD",
                "amount_units": 1_000,
                "points": 1_000,
                "stage": SpendStage.TAKEN,
                "asked_at": START,
                "taken_at": START,
                **values,
            }
        )
        session.add(spend)
    return spend


def new_return(database: Database, spend: SpendRow, units: int, points: int, **values: Any) -> SpendReturnRow:
    """Store a return of a part of a spend."""
    row = SpendReturnRow(
        **{
            "spend_id": spend.id,
            "reference": uuid4(),
            "why": ReturnReason.REFUND,
            "amount_units": units,
            "points": points,
            "written_at": START,
            **values,
        }
    )
    with database.writing() as session:
        session.add(row)
    return row
