"""Many rows, or many values, in one statement: on both databases what they are one by one."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func
from sqlmodel import Session, col, select

from app.db.bulk import IsIn, change_rows, insert_new_rows, insert_rows
from app.db.tables import MovementRow, OrderRow
from app.domain.settlement import MovementKind, MovementState
from tests.world import World

NOW = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
# More than either database takes as parameters of one statement.
VERY_MANY = 300_000


def orders(session: Session, count: int) -> list[int]:
    rows = [
        {
            "id": number,
            "store_id": 1,
            "saleor_order_id": f"order {number}",
            "created_at": NOW,
            "placed_at": NOW,
            "wakes": 1,
            "due": 0,
            "granted": 0,
            "shortfall": 0,
            "failures": 0,
        }
        for number in range(1001, 1001 + count)
    ]
    insert_rows(session, OrderRow, rows)
    return list(range(1001, 1001 + count))


def a_movement(order_id: int, **values: Any) -> dict[str, Any]:
    planned = {
        "id": uuid4(),
        "store_id": 1,
        "order_id": order_id,
        "account_id": 1,
        "kind": MovementKind.CLAIM,
        "state": MovementState.PLANNED,
        "points": 60,
        "email": "ada@example.com",
        "lane": f"lane {order_id}",
        "asks": 0,
        "planned_at": NOW,
        "is_for_staff": False,
    }
    return planned | values


def stored(session: Session, movement_id: UUID) -> MovementRow:
    return session.exec(select(MovementRow).where(MovementRow.id == movement_id)).one()


def test_rows_are_changed_each_by_its_id_and_no_other(embedded_world: World) -> None:
    with embedded_world.services.database.writing() as session:
        first, second, third = orders(session, 3)
        change_rows(
            session,
            OrderRow,
            [
                {"id": second, "due": 5, "moment_at": None, "email": "a' %(b)s :c ?"},
                {"id": first, "due": 2**40, "moment_at": NOW + timedelta(microseconds=1), "email": None},
            ],
        )
        found = {row.id: (row.due, row.moment_at, row.email) for row in session.exec(select(OrderRow))}

    assert found[first] == (2**40, NOW + timedelta(microseconds=1), None)
    assert found[second] == (5, None, "a' %(b)s :c ?")
    assert found[third] == (0, None, None)


def test_what_an_index_does_not_let_in_is_left_out_and_the_others_go_in(embedded_world: World) -> None:
    with embedded_world.services.database.writing() as session:
        first, second = orders(session, 2)
        taken, new, twin = a_movement(first), a_movement(second), a_movement(second)
        assert insert_new_rows(session, MovementRow, [taken]) == {taken["id"]}
        assert insert_new_rows(session, MovementRow, [a_movement(first), new, twin]) == {new["id"]}
        assert stored(session, new["id"]).model_dump() == MovementRow(**new).model_dump()


def test_nothing_is_done_for_no_rows(embedded_world: World) -> None:
    with embedded_world.services.database.writing() as session:
        change_rows(session, OrderRow, [])
        insert_rows(session, OrderRow, [])
        assert insert_new_rows(session, MovementRow, []) == set()


def test_a_value_is_among_however_many(embedded_world: World) -> None:
    with embedded_world.services.database.writing() as session:
        order_ids = orders(session, 2)
        rows = [a_movement(order_id) for order_id in order_ids]
        insert_rows(session, MovementRow, rows)
        count = select(func.count()).select_from(OrderRow)

        assert session.exec(count.where(IsIn(col(OrderRow.id), "ids", range(1002, 1002 + VERY_MANY)))).one() == 1
        assert session.exec(count.where(IsIn(col(OrderRow.id), "ids", []))).one() == 0
        by_mark = select(MovementRow.id).where(IsIn(col(MovementRow.id), "ids"))
        assert session.exec(by_mark, params={"ids": [rows[1]["id"], uuid4()]}).all() == [rows[1]["id"]]
        assert session.exec(by_mark, params={"ids": [row["id"] for row in rows]}).all() != []
        assert session.exec(select(OrderRow.id).where(~IsIn(col(OrderRow.id), "ids", order_ids[:1]))).all() == order_ids[1:]
