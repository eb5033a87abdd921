"""What staff did by hand is one list of three tables: paged without a gap, found by who, and quick however much there is."""

from collections import Counter
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event, insert, text
from sqlalchemy.engine import Connection
from sqlmodel import select

from app.db.staff_changes import ChangeSource, Place
from app.db.tables import AccountRow, AdjustmentRow, CustomerMoveRow, MovementRow
from app.domain.settlement import MovementKind, MovementState
from app.usecases.merchants.list_staff_changes import StaffChange, list_staff_changes
from tests.test_settling.test_refunds import paid_order
from tests.world import World

EVE, DAN = "eve@example.com", "dan@example.com"
INDEXES = {
    "": ("adjustment_by_moment", "movement_written_off", "customer_move_by_moment"),
    EVE: ("adjustment_by_staff_moment", "movement_written_off_by", "customer_move_by_staff"),
}


def make_changes(world: World, moments: int, *, who: str = EVE) -> int:
    """Write two changes of each kind, all at the same moment, for each of some moments. Gives how many they are.

    No two changes have as many points. As many write-offs are undone, which no staff user did.
    """
    store_id = world.store().id
    order_id = world.order(paid_order(world)).id
    with world.services.database.writing() as session:
        account_id = session.exec(select(AccountRow.id)).first()
        subject = {"store_id": store_id, "reason": "why", "made_by": who}
        moved = {"account_id": account_id, "from_email": EVE, "from_key": EVE, "to_email": DAN, "to_key": DAN, "state": "done"}
        asked = {
            "store_id": store_id,
            "order_id": order_id,
            "account_id": account_id,
            "lane": "x",
            "kind": MovementKind.WRITE_OFF,
        }
        rows: dict[Any, list[dict[str, Any]]] = {AdjustmentRow: [], CustomerMoveRow: [], MovementRow: []}
        for moment in range(moments):
            world.clock.advance(seconds=1)
            now = world.clock()
            ended = {"state": MovementState.ACCEPTED, "planned_at": now, "ended_at": now}
            for points in (2 * moment + 1, 2 * moment + 2):
                rows[AdjustmentRow].append({**subject, "email_key": EVE, "points": points, "made_at": now})
                rows[CustomerMoveRow].append({**subject, **moved, "points": points, "made_at": now, "moved_at": now})
                rows[MovementRow].append({**asked, **ended, "id": uuid4(), "points": -points, "decided_by": who})
                rows[MovementRow].append({**asked, **ended, "id": uuid4(), "points": points, "decided_by": None})
        for table, values in rows.items():
            session.execute(insert(table), values)
    return 6 * moments


@pytest.mark.parametrize("who", ["", EVE])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 50])
def test_pages_have_each_change_once_whatever_table_keeps_it(world: World, who: str, size: int) -> None:
    count = make_changes(world, 10)
    if not who:
        count += make_changes(world, 1, who=DAN)
    everything: list[StaffChange] = []
    before = ""

    while before or not everything:
        page = list_staff_changes(world.services, world.store().id or 0, who=who, before=before, size=size)
        everything += page.changes
        before = page.older
        assert len(everything) <= count

    moments = [change.made_at for change in everything]
    assert moments == sorted(moments, reverse=True)
    assert len(everything) == count
    assert len({(change.source, change.points, change.made_by) for change in everything}) == count
    assert set(Counter(change.source for change in everything).values()) == {count // 3}


def test_what_was_done_meanwhile_moves_no_older_page(world: World) -> None:
    make_changes(world, 4)
    store_id = world.store().id or 0
    newest = list_staff_changes(world.services, store_id, size=10)
    before = list_staff_changes(world.services, store_id, before=newest.older, size=10)

    make_changes(world, 2, who=DAN)

    assert list_staff_changes(world.services, store_id, before=newest.older, size=10) == before


@pytest.mark.parametrize("who", ["", EVE])
@pytest.mark.parametrize("source", [None, *ChangeSource])
def test_each_table_is_read_by_an_index_in_its_order(world: World, who: str, source: ChangeSource | None) -> None:
    make_changes(world, 300)
    make_changes(world, 300, who=DAN)
    place = None if source is None else Place(world.clock(), source, uuid4() if source == ChangeSource.WRITE_OFF else 200)

    plans = plans_of(world, who, "" if place is None else place.key())

    assert len(plans) == 3
    for plan, index in zip(plans, INDEXES[who], strict=True):
        assert f"{index} " in plan, plan
        assert "TEMP B-TREE" not in plan, plan
        assert "Sort" not in plan, plan


def plans_of(world: World, who: str, before: str) -> list[str]:
    """Explain the queries that look for changes."""
    said: list[str] = []
    database = world.services.database
    if not database.is_sqlite:
        with database.writing() as session:
            session.connection().execute(text("ANALYZE adjustment, movement, customer_move"))

    def explain(connection: Connection, cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        if 'LEFT OUTER JOIN "order"' in statement and "EXPLAIN" not in statement:
            with closing(connection.connection.cursor()) as plan:
                plan.execute(f"EXPLAIN {'QUERY PLAN ' if database.is_sqlite else ''}{statement}", parameters)
                said.append("\n".join(" ".join(str(part) for part in line) for line in plan.fetchall()))

    event.listen(database.engine, "before_cursor_execute", explain)
    try:
        list_staff_changes(world.services, world.store().id or 0, who=who, before=before)
    finally:
        event.remove(database.engine, "before_cursor_execute", explain)
    return said
