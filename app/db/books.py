"""The books of an order: what its movements, claims and adjustments say was granted and taken back."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import or_
from sqlmodel import Session, col, select

from app.db.bulk import IsIn
from app.db.movements import is_open
from app.db.tables import AdjustmentRow, ClaimRow, GoneRow, MovementRow
from app.domain.claim import ClaimState
from app.domain.gone import NOTHING_NEW, ByStaff, Changes, Gone, NewlyGone, gifts_on_link
from app.domain.settlement import Grant, MovementKind, MovementState, Position, TakenBack


class RanOut(NamedTuple):
    """Points of an order that were in a balance and ran out, and when."""

    at: datetime
    points: int


@dataclass(slots=True)
class Books:
    """All that the movements say of one order. `stored_states` are its claims' states as they were loaded.

    `counted_claims` and `counted_staff` name what is counted as gone in `changes`; `newly_gone` is what a look found besides.
    `takings` are what staff took, each with when it was counted; `gifts` what staff gave, each with when.
    `ran_out` are points that ran out in a balance, where whoever loaded the books asked for them.
    """

    accepted: list[MovementRow] = field(default_factory=list)
    open: MovementRow | None = None
    claims: dict[UUID, ClaimRow] = field(default_factory=dict)
    stored_states: dict[UUID, str] = field(default_factory=dict)
    changes: Changes = field(default_factory=Changes)
    counted_claims: set[UUID] = field(default_factory=set)
    counted_staff: set[int] = field(default_factory=set)
    takings: list[tuple[datetime, int]] = field(default_factory=list)
    gifts: list[tuple[datetime, int]] = field(default_factory=list)
    newly_gone: NewlyGone = NOTHING_NEW
    ran_out: tuple[RanOut, ...] = ()

    @property
    def claims_that_changed(self) -> list[ClaimRow]:
        """Claims whose state was found to be another than the stored one."""
        return [claim for claim in self.claims.values() if claim.state != self.stored_states[claim.id]]

    @property
    def gone_claims(self) -> set[UUID]:
        """The claims that ran out and whose points are due no more."""
        return self.counted_claims | self.newly_gone.by_claim.keys()

    @property
    def account_ids(self) -> set[int]:
        """The accounts where anything of the order was ever asked for."""
        account_ids = {movement.account_id for movement in self.accepted}
        account_ids.update(claim.account_id for claim in self.claims.values())
        return account_ids if self.open is None else account_ids | {self.open.account_id}

    def gifts_on_link(self, points: int, granted: int) -> int:
        """Give how many of the points of an open link stay when it is withdrawn, because staff gave them to the order.

        `granted` is what the order's customer has in all. What staff gave since the newest change that went through is in no
        balance yet, and on no link.
        """
        newest = max((movement.planned_at for movement in self.accepted), default=None)
        to_come = sum(gift for at, gift in self.gifts if newest is None or at > newest)
        return gifts_on_link(self.changes, on_link=points, elsewhere=granted - points + to_come)

    @property
    def doubt(self) -> str | None:
        """What a merchant should see although the provider said yes: the newest such remark on a claim."""
        remarks = [movement.reason for movement in self.accepted if movement.kind == MovementKind.CLAIM and movement.reason]
        return remarks[-1] if remarks else None

    @property
    def was_ever_granted(self) -> bool:
        """Tell whether a claim or a credit ever went through."""
        return any(movement.points > 0 for movement in self.accepted)


def books_of(session: Session, order_ids: Collection[int]) -> dict[int, Books]:
    """Load the books of several orders in four queries."""
    books: dict[int, Books] = defaultdict(Books)
    asked = {"order_ids": list(order_ids)}
    for movement in session.exec(_MOVEMENTS, params=asked):
        if movement.state == MovementState.ACCEPTED:
            books[movement.order_id or 0].accepted.append(movement)
        else:
            books[movement.order_id or 0].open = movement
    for claim in session.exec(_CLAIMS, params=asked):
        books[claim.order_id].claims[claim.id] = claim
        books[claim.order_id].stored_states[claim.id] = claim.state
    for change in session.connection().execute(_ADJUSTMENTS, asked):
        _add_change(books[change.order_id], change)
    for gone in session.connection().execute(_GONE, asked):
        _add_gone(books[gone.order_id], gone)
    return {order_id: books[order_id] for order_id in order_ids}


# Built once: for a few orders, building them costs more than running them.
_MOVEMENTS = (
    select(MovementRow)
    .where(
        IsIn(col(MovementRow.order_id), "order_ids"),
        or_(col(MovementRow.state) == MovementState.ACCEPTED, is_open()),  # type: ignore[arg-type]  # a condition
    )
    .order_by(col(MovementRow.planned_at))
)
_CLAIMS = select(ClaimRow).where(IsIn(col(ClaimRow.order_id), "order_ids"))
_ADJUSTMENTS = (
    sa.select(
        col(AdjustmentRow.order_id),
        col(AdjustmentRow.id),
        col(AdjustmentRow.points),
        col(AdjustmentRow.arithmetic),
        col(AdjustmentRow.claim_id),
        col(AdjustmentRow.made_at),
    )
    .where(IsIn(col(AdjustmentRow.order_id), "order_ids"))
    .order_by(col(AdjustmentRow.id))
)
_GONE = sa.select(
    col(GoneRow.order_id),
    col(GoneRow.of_points),
    col(GoneRow.of_gifts),
    col(GoneRow.claim_id),
    col(GoneRow.adjustment_id),
    col(GoneRow.found_at),
).where(IsIn(col(GoneRow.order_id), "order_ids"))


def _add_change(books: Books, row: Any) -> None:
    change = ByStaff(row.id, row.points, is_summed=row.arithmetic is None, is_withdrawal=row.claim_id is not None)
    books.changes = replace(books.changes, staff=(*books.changes.staff, change))
    if row.points > 0:
        books.gifts.append((row.made_at, row.points))


def _add_gone(books: Books, row: Any) -> None:
    gone = Gone(row.of_points, row.of_gifts)
    if row.claim_id is not None:
        books.changes = replace(books.changes, ran_out=books.changes.ran_out + gone)
        books.counted_claims.add(row.claim_id)
    else:
        books.changes = replace(books.changes, taken=books.changes.taken + gone)
        books.counted_staff.add(row.adjustment_id)
        books.takings.append((row.found_at, gone.total))


def position_of(books: Books, accounts_that_change_claims: Collection[int]) -> Position:
    """Add up what accepted movements granted and took back."""
    given_back: dict[UUID, int] = defaultdict(int)
    for movement in books.accepted:
        if movement.target_id is not None and movement.points > 0 and movement.kind != MovementKind.CLAIM:
            given_back[movement.target_id] += movement.points
    taken_back = [
        (movement, -movement.points - given_back[movement.id])
        for movement in books.accepted
        if movement.points < 0 and movement.kind in {MovementKind.DEBIT, MovementKind.WRITE_OFF}
    ]
    undone: dict[UUID, int] = defaultdict(int)
    for movement, points in taken_back:
        if movement.target_id is not None:
            undone[movement.target_id] += points
    return Position(
        grants=(
            *_claim_grants(books.claims.values(), undone, accounts_that_change_claims, books.gone_claims),
            *_credit_grants(books.accepted, undone),
        ),
        taken_back=tuple(
            TakenBack(
                id=movement.id,
                points=points,
                account_id=movement.account_id,
                email=movement.email,
                at=movement.planned_at,
                since=movement.ended_at,
                is_write_off=movement.kind == MovementKind.WRITE_OFF,
                ran_out_before=sum(one.points for one in books.ran_out if one.at <= movement.planned_at),
            )
            for movement, points in taken_back
        ),
        ran_out=sum(one.points for one in books.ran_out),
    )


def _claim_grants(
    claims: Iterable[ClaimRow],
    undone: dict[UUID, int],
    accounts_that_change_claims: Collection[int],
    gone_claims: Collection[UUID],
) -> list[Grant]:
    return [
        Grant(
            id=claim.id,
            points=claim.points,
            account_id=claim.account_id,
            # Whoever took an unbound claim at an account that does not tell is not known.
            email=(claim.taken_by or claim.email or None) if claim.state == ClaimState.TAKEN else claim.email,
            at=claim.created_at,
            claim=ClaimState(claim.state),
            undone=undone[claim.id],
            can_change=claim.account_id in accounts_that_change_claims,
            since=claim.taken_at,
            is_gone=claim.id in gone_claims,
        )
        for claim in claims
    ]


def _credit_grants(accepted: Iterable[MovementRow], undone: dict[UUID, int]) -> list[Grant]:
    return [
        Grant(
            id=movement.id,
            points=movement.points,
            account_id=movement.account_id,
            email=movement.email,
            at=movement.planned_at,
            undone=undone[movement.id],
            since=movement.ended_at,
        )
        for movement in accepted
        if movement.kind == MovementKind.CREDIT and movement.target_id is None
    ]
