"""Stores that were there before the wallet have none until it is switched on, and lose nothing by going back."""

from datetime import timedelta

from sqlalchemy import text
from sqlmodel import select

from app.db.engine import Database
from app.db.tables import StoreRow, WalletSessionRow
from tests.clock import START
from tests.test_rewards.rows import new_reward
from tests.test_upgrade.revisions import bring_to

ADA = "ada@example.com"
BEFORE = "0050"


def _store(database: Database) -> dict[str, object]:
    with database.reading() as session:
        [row] = session.connection().execute(text("SELECT * FROM store")).mappings()
        return dict(row)


def test_a_store_gets_no_wallet_by_the_upgrade_and_keeps_all_else_when_it_goes_back(database: Database) -> None:
    new_reward(database)
    bring_to(database, BEFORE)
    before = _store(database)
    assert "hosted_wallet" not in before

    bring_to(database, "head")

    assert _store(database) == before | {"hosted_wallet": False}
    with database.writing() as session:
        session.exec(select(StoreRow)).one().hosted_wallet = True
        seen = {
            "email": "ada@example.com",
            "email_key": "ada@example.com",
            "made_at": START,
            "ends_at": START + timedelta(days=30),
        }
        session.add(WalletSessionRow(store_id=1, token_mark="0" * 64, **seen))  # type: ignore[arg-type]  # values of several types
    bring_to(database, BEFORE)
    assert _store(database) == before
    bring_to(database, "head")
    assert _store(database) == before | {"hosted_wallet": False}
