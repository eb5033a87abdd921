"""Rows that settling makes and changes by the hundred are the rows that their constructors make."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from app.db.rows import change, new_row
from app.db.tables import MovementRow
from app.domain.settlement import MovementKind, MovementState

VALUES: dict[str, Any] = {
    "id": uuid4(),
    "store_id": 1,
    "order_id": 2,
    "account_id": 3,
    "kind": MovementKind.CLAIM,
    "state": MovementState.PLANNED,
    "points": 60,
    "email": "ada@example.com",
    "lane": "lane",
    "planned_at": datetime(2026, 5, 4, tzinfo=UTC),
}


def test_a_row_made_past_its_constructor_is_the_one_that_it_makes() -> None:
    assert new_row(MovementRow, **VALUES).model_dump() == MovementRow(**VALUES).model_dump()


def test_rows_share_nothing() -> None:
    one, other = new_row(MovementRow, **VALUES), new_row(MovementRow, **VALUES)

    change(one, state=MovementState.SENDING, asks=1)

    assert (one.state, one.asks) == (MovementState.SENDING, 1)
    assert (other.state, other.asks) == (MovementState.PLANNED, 0)
