"""A move of a customer, as far as the ledger needs one."""

from datetime import datetime

from sqlmodel import Session, select

from app.db.tables import AccountRow, CustomerMoveRow
from app.db.tables.customer_move import MoveState
from app.domain.store import AccountKind
from tests.test_points.ledger_calls import ADA, BOB


def stored_move(session: Session, store_id: int, now: datetime) -> int:
    account = session.exec(select(AccountRow).where(AccountRow.store_id == store_id)).first()
    if account is None:
        account = AccountRow(store_id=store_id, kind=AccountKind.EMBEDDED, lane_mark="a mark", created_at=now)
        session.add(account)
        session.flush()
    move = CustomerMoveRow(
        store_id=store_id,
        account_id=account.id or 0,
        from_email=ADA,
        from_key=ADA,
        to_email=BOB,
        to_key=BOB,
        state=MoveState.DONE,
        reason="",
        made_by="a test",
        made_at=now,
        moved_at=now,
    )
    session.add(move)
    session.flush()
    assert move.id is not None
    return move.id
