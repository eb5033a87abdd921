"""What must be true of batches, of limits and of the list of customers once the world is quiet.

Batches and limits are held against what staff were seen to do, and against the ledger's entries; the list of customers against
the rows that name them. No code of the app adds anything up here.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from uuid import UUID

from sqlmodel import select

from app.db.tables import (
    AdjustmentRow,
    ApprovalRequestRow,
    BatchChangeRow,
    ChangeBatchRow,
    CustomerChangeRow,
    KnownCustomerRow,
    PointsEntryRow,
)
from tests.simulation.invariants import Books, moved_to
from tests.simulation.staff_book import StaffBatch
from tests.simulation.world import World

Wrongs = Iterator[str]
_OVER = frozenset({"checked", "waiting", "refused", "discarded", "done", "undone"})


class StaffRows:
    """What the app wrote down of changes by staff, read once, and what is needed to judge it."""

    def __init__(self, world: World, books: Books) -> None:
        self.books = books
        with world.rig.database.reading() as session:
            self.adjustments = list(session.exec(select(AdjustmentRow)))
            self.requests = {row.id: row for row in session.exec(select(ApprovalRequestRow))}
            self.batches = {row.id: row for row in session.exec(select(ChangeBatchRow))}
            self.changes = list(session.exec(select(BatchChangeRow)))
            self.known = list(session.exec(select(KnownCustomerRow)))
            self.notices = list(session.exec(select(CustomerChangeRow)))
        self.movements = {movement.id: movement for movement in books.movements}
        self.entries = {entry.request_id: entry for entry in books.entries if entry.request_id is not None}
        self.before: dict[int, int] = {}
        balances: Counter[int] = Counter()
        for entry in sorted(books.entries, key=lambda one: one.id or 0):
            self.before[entry.id or 0] = balances[entry.customer_id]
            balances[entry.customer_id] += entry.amount
        self.emails = {customer.id: customer.email.strip().casefold() for customer in books.customers}

    def of(self, batch: StaffBatch) -> list[BatchChangeRow]:
        return [row for row in self.changes if row.batch_id == batch.number]

    def always_had_some(self, email: str, batch: ChangeBatchRow) -> bool:
        """Tell whether a customer had points at each moment at which a batch may have been undone."""
        theirs = {one.id for one in self.books.customers if one.store_id == batch.store_id and self.emails[one.id] == email}
        began_with = 0
        during: list[int] = []
        for entry in sorted(self.books.entries, key=lambda one: one.id or 0):
            if entry.customer_id not in theirs:
                continue
            if batch.undone_at is not None and entry.created_at <= batch.undone_at:
                began_with += entry.amount
            elif batch.ended_at is None or entry.created_at <= batch.ended_at:
                during.append((during or [began_with])[-1] + entry.amount)
        return min((began_with, *during)) > 0

    def is_at_coggins(self, movement_id: UUID | None) -> bool:
        movement = self.movements.get(movement_id) if movement_id is not None else None
        return movement is not None and self.books.is_at_coggins(movement)


def there_to_take(world: World, wanted: int, balance: int) -> int:
    """Give what a taking of `wanted` points moves: all of it, or as much as is there."""
    return wanted if world.setup.debt_policy == "negative" else min(wanted, max(balance, 0))


def each_batch_asks_for_what_staff_asked_for(world: World, rows: StaffRows) -> Wrongs:
    for batch in world.staff.batches:
        asked = {(row.email or "").strip().casefold(): row.points for row in rows.of(batch)}
        if asked != batch.rows:
            yield f"batch {batch.number} asks for {asked}, and staff asked for {batch.rows}"
        state = rows.batches[batch.number].state
        should = "undone" if batch.is_undone else "done"
        if state not in _OVER or (batch.is_run and state != should):
            yield f"batch {batch.number} is {state}, and should be {should}"
        if not batch.is_run and any(row.adjustment_id or row.movement_id for row in rows.of(batch)):
            yield f"batch {batch.number} was {state}, and points were moved"


def each_change_of_a_batch_moved_what_was_there(world: World, rows: StaffRows) -> Wrongs:
    for batch in world.staff.batches:
        for row in rows.of(batch):
            entry = rows.entries.get(row.movement_id) if row.movement_id else None
            if row.state in {"ready", "asked", "undo_asked"} and batch.is_run and not batch.is_undone:
                yield f"a change of batch {batch.number} is still {row.state}"
            if rows.is_at_coggins(row.movement_id) or row.movement_id is None:
                continue
            points = row.points or 0
            balance = rows.before[entry.id or 0] if entry is not None else 0
            should = points if points > 0 else -there_to_take(world, -points, balance)
            if entry is not None and entry.amount != should:
                yield f"a change of {points} in batch {batch.number} moved {entry.amount}, and should have moved {should}"
            if entry is None and points > 0:
                yield f"a change of {points} in batch {batch.number} moved nothing"


def a_batch_that_was_undone_left_each_balance_as_if_it_had_not_been(world: World, rows: StaffRows) -> Wrongs:
    for batch in world.staff.batches:
        if not batch.is_undone:
            continue
        for row in rows.of(batch):
            moved = rows.entries.get(row.movement_id) if row.movement_id else None
            if moved is not None:
                yield from _wrong_undo(world, rows, batch, row, moved)
            elif rows.is_at_coggins(row.movement_id):
                yield from _wrong_undo_at_coggins(rows, batch, row)


def _wrong_undo(world: World, rows: StaffRows, batch: StaffBatch, row: BatchChangeRow, moved: PointsEntryRow) -> Wrongs:
    back = rows.entries.get(row.undo_movement_id) if row.undo_movement_id else None
    movement = rows.movements[row.movement_id or UUID(int=0)]
    # A customer who is moved after the undo takes along what is left.
    undone_at = back.created_at if back is not None else None
    purse = rows.books.purse(movement)
    holder = moved_to(rows.books, purse, movement.email, movement.ended_at, until=undone_at).strip().casefold()
    what = f"a change of {moved.amount} in batch {batch.number}"
    if back is not None and rows.emails[back.customer_id] != holder:
        yield f"{what} was undone for {rows.emails[back.customer_id]}, and {holder} held the points"
    elif moved.amount < 0:
        if back is None or back.amount != -moved.amount:
            yield f"{what} was undone by {back and back.amount}"
    elif back is not None:
        should = there_to_take(world, moved.amount, rows.before[back.id or 0])
        if -back.amount != should:
            yield f"{what} was undone by {back.amount}, and should have been by {-should}"
    elif world.setup.debt_policy == "negative" or rows.always_had_some(holder, rows.batches[batch.number]):
        yield f"{what} was not undone, and {holder} had points"


def _wrong_undo_at_coggins(rows: StaffRows, batch: StaffBatch, row: BatchChangeRow) -> Wrongs:
    """What is there at Coggins nobody else can tell for a moment that is over; more than was moved never comes back."""
    moved = rows.movements[row.movement_id or UUID(int=0)]
    back = rows.movements.get(row.undo_movement_id) if row.undo_movement_id else None
    if moved.state != "accepted" or back is None or back.state != "accepted":
        return
    if moved.points * back.points > 0 or abs(back.points) > abs(moved.points):
        yield f"a change of {moved.points} in batch {batch.number} was undone by {back.points}"
    if moved.points < 0 and back.points != -moved.points:
        yield f"{-moved.points} points were taken in batch {batch.number}, and {back.points} came back"


def nothing_above_a_limit_moved_before_somebody_else_approved_it(world: World, rows: StaffRows) -> Wrongs:
    made = Counter(row.request_id for row in rows.adjustments if row.request_id is not None)
    for asked in world.staff.asked:
        request = rows.requests[asked.number]
        if request.state != asked.state:
            yield f"request {asked.number} is {request.state}, and was {asked.state}"
        should = 1 if asked.state == "approved" and asked.points is not None else 0
        if made[asked.number] != should:
            yield f"request {asked.number}, {asked.state}, was made {made[asked.number]} times"
    if len(rows.requests) != len(world.staff.asked):
        yield f"{len(rows.requests)} changes asked for approval, and {len(world.staff.asked)} should have"
    of_batches = {row.adjustment_id for row in rows.changes} | {row.undo_adjustment_id for row in rows.changes}
    by_day: defaultdict[tuple[int, str, object], int] = defaultdict(int)
    for row in rows.adjustments:
        if row.id in of_batches or row.request_id is not None or row.claim_id is not None:
            continue
        by_day[row.store_id, row.made_by, row.made_at.date()] += abs(row.points)
        if abs(row.points) > world.setup.change_max:
            yield f"{row.made_by} changed {row.points} points, and {world.setup.change_max} are the limit"
    for (_, who, day), points in by_day.items():
        if points > world.setup.day_max:
            yield f"{who} changed {points} points on {day}, and {world.setup.day_max} are the limit of a day"


def the_list_of_customers_agrees_with_the_books(world: World, rows: StaffRows) -> Wrongs:
    if rows.notices:
        yield f"{len(rows.notices)} changes of customers are not taken in"
    balances: Counter[int] = Counter()
    for entry in rows.books.entries:
        balances[entry.customer_id] += entry.amount
    have: dict[tuple[int, str], int] = {
        (customer.store_id, rows.emails[customer.id]): balances[customer.id or 0] for customer in rows.books.customers
    }
    waiting: Counter[tuple[int, str]] = Counter()
    named = {*have, *((order.store_id, _folded(order.email)) for order in rows.books.orders)}
    for claim in rows.books.points_claims:
        named.add((claim.store_id, _folded(claim.email)))
        if claim.state == "open":
            waiting[claim.store_id, _folded(claim.email)] += claim.amount
    named = {(store_id, email) for store_id, email in named if email}
    listed = {(row.store_id, _folded(row.email)): row for row in rows.known}
    for store_id, email in sorted(named ^ listed.keys()):
        yield f"{email} is {'not ' if (store_id, email) in named else ''}in the list of customers of store {store_id}"
    for key in named & listed.keys():
        row, should = listed[key], (have.get(key, 0), waiting[key])
        if (row.available, row.waiting) != should:
            yield f"the list has {row.available} points of {key[1]}, {row.waiting} waiting, and it should be {should}"


def _folded(email: str | None) -> str:
    return (email or "").strip().casefold()


Check = Callable[[World, StaffRows], Wrongs]
CHECKS: tuple[Check, ...] = (
    each_batch_asks_for_what_staff_asked_for,
    each_change_of_a_batch_moved_what_was_there,
    a_batch_that_was_undone_left_each_balance_as_if_it_had_not_been,
    nothing_above_a_limit_moved_before_somebody_else_approved_it,
    the_list_of_customers_agrees_with_the_books,
)


def staff_wrongs(world: World, books: Books) -> Iterator[str]:
    """List what is wrong with changes by staff, and with what staff are shown."""
    rows = StaffRows(world, books)
    for check in CHECKS:
        for wrong in check(world, rows):
            yield f"{check.__name__.replace('_', ' ')}: {wrong}"
