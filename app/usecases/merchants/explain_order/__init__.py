"""Explain an order's number: the arithmetic, and all that was ever asked, answered and decided for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from app.db.books import books_of
from app.db.rows import as_value
from app.db.snapshots import stored_order
from app.db.stores import accounts_of, rules_of
from app.db.tables import AdjustmentRow, ClaimRow, EventRow, GoneRow, MovementRow, OrderRow, PointsClaimRow, StoreRow
from app.domain.claim import ClaimState
from app.domain.gone import Changes
from app.domain.order import Order
from app.domain.settlement import INSTANT_KINDS, MovementState
from app.domain.store import AccountKind
from app.usecases.merchants.explain_order.arithmetic import Arithmetic, Version, recompute, version_for
from app.usecases.merchants.explain_order.other_holders import find_other_holders
from app.usecases.merchants.explain_order.timeline import Happening, TimelineEntry, timeline
from app.usecases.merchants.history import ShownAdjustment, ShownClaim, ShownEvent, ShownMovement, ShownOrder
from app.usecases.merchants.list_requests import ShownRequest, requests_of_order
from app.usecases.merchants.shown_payments import ShownPayment, payments_of_order
from app.usecases.services import Services

__all__ = ["Arithmetic", "Explanation", "Happening", "TimelineEntry", "UnknownCall", "Version", "explain_order"]

_Row = TypeVar("_Row", MovementRow, AdjustmentRow)


@dataclass(frozen=True, slots=True)
class UnknownCall:
    """A call to the provider whose answer was lost: how many of its changes are unknown, of this order and of others."""

    call_id: UUID
    unknown: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """All about one order's points. `arithmetic` and `version` are None for an order that was never read, or cannot be.

    `ran_out` is what ran out with each claim, `taken` what each taking by staff really took, by their ids.
    `other_holders` are the addresses that have points of this order, and are not the order's own. `gifts_on_links` is what stays
    of each link when it is withdrawn, because staff gave it.
    """

    order: ShownOrder
    arithmetic: Arithmetic | None
    version: Version | None
    movements: tuple[ShownMovement, ...]
    claims: tuple[ShownClaim, ...]
    adjustments: tuple[ShownAdjustment, ...]
    events: tuple[ShownEvent, ...]
    accounts: Mapping[int, AccountKind]
    unknown_calls: tuple[UnknownCall, ...]
    timeline: tuple[TimelineEntry, ...]
    now: datetime
    ran_out: Mapping[UUID, int]
    taken: Mapping[int, int]
    other_holders: tuple[str, ...] = ()
    requests: tuple[ShownRequest, ...] = ()
    payments: tuple[ShownPayment, ...] = ()
    gifts_on_links: Mapping[UUID, int] = field(default_factory=dict)

    @property
    def is_waiting(self) -> bool:
        """Tell whether the order is to be looked at now, so that what stands here may change at once."""
        return self.order.look_at is not None and self.order.look_at <= self.now

    @property
    def is_older_than_told(self) -> bool:
        """Tell whether Saleor has told of a change that was not read yet."""
        order = self.order
        return order.told_at is not None and order.read_at is not None and order.told_at > order.read_at

    @property
    def points_there(self) -> int:
        """Give the points of the order that staff can take."""
        return max(self.arithmetic.due.points if self.arithmetic is not None else self.order.due, 0)

    @property
    def agrees(self) -> bool:
        """Tell whether what was decided is what the same arithmetic gives now."""
        return self.arithmetic is not None and self.arithmetic.due.points == self.order.due

    @property
    def unknown(self) -> tuple[ShownMovement, ...]:
        """The changes of balances whose outcome nobody knows."""
        return tuple(one for one in self.movements if one.state == MovementState.UNKNOWN and one.kind in INSTANT_KINDS)

    @property
    def has_claims_at_coggins(self) -> bool:
        """Tell whether a link is Coggins' own, which tells us nothing of it."""
        return any(self.accounts[one.account_id] is AccountKind.COGGINS for one in self.claims)

    @property
    def voidable(self) -> tuple[ShownClaim, ...]:
        """The links that nobody has seen or taken, and that are not about to be withdrawn."""
        going = {one.claim_id for one in self.adjustments}
        return tuple(one for one in self.claims if one.state == ClaimState.OPEN and one.points > 0 and one.id not in going)


def explain_order(services: Services, store_id: int, saleor_order_id: str) -> Explanation | None:
    """Explain an order of a store; None when it has no such order. The number of queries does not depend on how much happened."""
    now = services.clock()
    with services.database.reading() as session:
        found = session.exec(
            select(OrderRow, StoreRow)
            .join(StoreRow, col(StoreRow.id) == col(OrderRow.store_id))
            .where(OrderRow.store_id == store_id, OrderRow.saleor_order_id == saleor_order_id)
        ).first()
        if found is None:
            return None
        row, store = found
        rules = rules_of(session, store_id)
        movements = [as_value(ShownMovement, one) for one in _of(session, MovementRow, row, MovementRow.planned_at)]
        claims = _claims(session, row)
        adjustments = [as_value(ShownAdjustment, one) for one in _of(session, AdjustmentRow, row, AdjustmentRow.made_at)]
        events = _events(session, row)
        accounts = {number: AccountKind(one.kind) for number, one in accounts_of(session, store_id).items()}
        unknown_calls = _unknown_calls(session, movements)
        books = books_of(session, [row.id or 0])[row.id or 0]
        gone = session.exec(select(GoneRow).where(GoneRow.order_id == row.id)).all()
        other_holders = find_other_holders(session, row, books)
        requests = requests_of_order(session, store_id, row.id)
        payments = payments_of_order(session, store_id, saleor_order_id)
    order = stored_order(row)
    version = version_for(rules, row, order) if order is not None else None
    shown = as_value(ShownOrder, row)
    return Explanation(
        order=shown,
        arithmetic=_arithmetic(row, order, version, store, books.changes, now),
        version=version,
        movements=tuple(movements),
        claims=tuple(claims),
        adjustments=tuple(adjustments),
        events=tuple(events),
        accounts=accounts,
        unknown_calls=tuple(unknown_calls),
        timeline=tuple(timeline(shown, movements=movements, claims=claims, adjustments=adjustments, events=events)),
        now=now,
        ran_out={one.claim_id: one.of_points + one.of_gifts for one in gone if one.claim_id is not None},
        taken={one.adjustment_id: one.of_points + one.of_gifts for one in gone if one.adjustment_id is not None},
        other_holders=tuple(other_holders),
        requests=tuple(requests),
        payments=payments,
        gifts_on_links={claim.id: books.gifts_on_link(claim.points, row.granted) for claim in claims},
    )


def _arithmetic(
    row: OrderRow,
    order: Order | None,
    version: Version | None,
    store: StoreRow,
    changes: Changes,
    now: datetime,
) -> Arithmetic | None:
    if order is None or version is None:
        return None
    return recompute(row, order, version.rule, awards_from=store.awards_from, changes=changes, now=now)


def _of(session: Session, table: type[_Row], order: OrderRow, at: datetime | None) -> list[_Row]:
    return list(session.exec(select(table).where(table.order_id == order.id).order_by(col(at))))


def _claims(session: Session, order: OrderRow) -> list[ShownClaim]:
    """Find an order's links, each with when it was first opened.

    The page of an embedded claim notes it. Of a claim elsewhere only the moment is known at which its link was given out.
    """
    query = select(ClaimRow, PointsClaimRow.opened_at).where(ClaimRow.order_id == order.id)
    query = query.outerjoin(PointsClaimRow, col(PointsClaimRow.token_mark) == col(ClaimRow.token_mark))
    found = session.exec(query.order_by(col(ClaimRow.created_at)))
    return [as_value(ShownClaim, row, opened_at=opened_at or row.shown_at) for row, opened_at in found]


def _events(session: Session, order: OrderRow) -> list[ShownEvent]:
    query = select(EventRow).where(EventRow.store_id == order.store_id, EventRow.saleor_order_id == order.saleor_order_id)
    return [as_value(ShownEvent, row) for row in session.exec(query.order_by(col(EventRow.first_at)))]


def _unknown_calls(session: Session, movements: Sequence[ShownMovement]) -> list[UnknownCall]:
    calls = {one.call_id for one in movements if one.state == MovementState.UNKNOWN and one.kind in INSTANT_KINDS and one.call_id}
    if not calls:
        return []
    query = (
        select(MovementRow.call_id, func.count())
        .where(col(MovementRow.call_id).in_(calls), MovementRow.state == MovementState.UNKNOWN)
        .group_by(col(MovementRow.call_id))
    )
    return [UnknownCall(call_id, unknown) for call_id, unknown in session.exec(query) if call_id is not None and unknown > 1]
