"""All that is kept of one person in one store, found by e-mail address."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from app.db.batch_changes import changes_in_batches
from app.db.bulk import IsIn
from app.db.keys import has_new_keys, key_in, keys_in, not_ascii, same_person
from app.db.lanes import lane_of
from app.db.mails_of_customer import mails_of, wishes_of
from app.db.stores import accounts_of
from app.db.tables import (
    AdjustmentRow,
    ApprovalRequestRow,
    BatchChangeRow,
    ClaimRow,
    CustomerMoveRow,
    DeletedCustomerRow,
    MailAddressRow,
    MailRefusalRow,
    MailRow,
    MovementRow,
    OrderRow,
    PointsClaimRow,
    PointsCustomerRow,
    PointsEntryRow,
    PointsSpendRow,
    RedemptionRow,
    SignInCodeRow,
    SpendRow,
    SplitCustomerRow,
    StoreRow,
    WalletSessionRow,
)
from app.db.tables.customer_move import UNDER_WAY
from app.domain.email import email_key, former_key
from app.errors import BadRequest


@dataclass(frozen=True, slots=True)
class Person:
    """The rows that name a person, or belong to somebody whom they name."""

    customer: PointsCustomerRow | None
    entries: Sequence[PointsEntryRow]
    points_claims: Sequence[PointsClaimRow]
    orders: Sequence[OrderRow]
    movements: Sequence[MovementRow]
    claims: Sequence[ClaimRow]
    adjustments: Sequence[AdjustmentRow]
    moves: Sequence[CustomerMoveRow] = ()
    deletions: Sequence[DeletedCustomerRow] = ()
    spends: Sequence[PointsSpendRow] = ()
    requests: Sequence[ApprovalRequestRow] = ()
    payments: Sequence[SpendRow] = ()
    batch_changes: Sequence[BatchChangeRow] = ()
    redemptions: Sequence[RedemptionRow] = ()
    mails: Sequence[MailRow] = ()
    mail_wishes: Sequence[MailAddressRow | MailRefusalRow] = ()
    sign_in_codes: Sequence[SignInCodeRow] = ()
    wallet_sessions: Sequence[WalletSessionRow] = ()

    @property
    def is_known(self) -> bool:
        theirs = (self.points_claims, self.orders, self.movements, self.claims, self.adjustments, self.requests, self.payments)
        return self.customer is not None or any((*theirs, self.batch_changes, self.redemptions, self.mails, self.mail_wishes))


def find_person(session: Session, store: StoreRow, email: str, *, lock: bool = False) -> Person:
    """Find all of a person. Locked in everybody's order: orders, claims, spends, the customer, movements, deletions."""
    keys = keys_in(session, email)
    orders = _all(session, select(OrderRow).where(OrderRow.store_id == store.id, col(OrderRow.email_key).in_(keys)), lock=lock)
    customer = session.exec(
        select(PointsCustomerRow).where(
            PointsCustomerRow.store_id == store.id, PointsCustomerRow.email_key == key_in(session, email)
        )
    ).first()
    theirs: Any = col(PointsClaimRow.email_key) == email_key(email)
    if not has_new_keys(session):
        theirs |= col(PointsClaimRow.email_key).is_(None) & _is_spelt_as(session, store, email, customer)
    if customer is not None:
        theirs |= col(PointsClaimRow.customer_id) == customer.id
    points_claims = _all(session, select(PointsClaimRow).where(PointsClaimRow.store_id == store.id, theirs), lock=lock)
    is_payer = (SpendRow.store_id == store.id, col(SpendRow.email_key).in_(keys))
    payments = _all(session, select(SpendRow).where(*is_payer), lock=lock)
    took = (RedemptionRow.store_id == store.id, col(RedemptionRow.email_key).in_(keys))
    redemptions = _all(session, select(RedemptionRow).where(*took), lock=lock)
    their_spends = select(PointsSpendRow).where(PointsSpendRow.customer_id == (customer.id if customer is not None else None))
    if customer is not None and lock:
        # Before the customer: who gives points back holds the spend, and waits for the customer.
        _all(session, their_spends, lock=True)
        session.refresh(customer, with_for_update={"key_share": True})
    order_ids = [order.id for order in orders]

    def of_orders(order_id: Any) -> IsIn:
        return IsIn(col(order_id), "order_ids", order_ids)

    lanes = [lane_of(session, account, email) for account in accounts_of(session, store.id or 0).values()]
    movements = _all(
        session,
        select(MovementRow).where(
            MovementRow.store_id == store.id, or_(col(MovementRow.lane).in_(lanes), of_orders(MovementRow.order_id))
        ),
        lock=lock,
    )
    marks = [claim.token_mark for claim in points_claims]
    claims = _all(
        session,
        select(ClaimRow).where(
            or_(col(ClaimRow.lane).in_(lanes), of_orders(ClaimRow.order_id), IsIn(col(ClaimRow.token_mark), "token_marks", marks))
        ),
        lock=lock,
    )
    adjustments = _all(
        session,
        select(AdjustmentRow).where(
            AdjustmentRow.store_id == store.id,
            or_(col(AdjustmentRow.email_key).in_(keys), of_orders(AdjustmentRow.order_id)),
        ),
    )
    entries = _all(session, select(PointsEntryRow).where(PointsEntryRow.customer_id == customer.id)) if customer else []
    spends = _all(session, their_spends) if customer else []
    is_moved = or_(col(CustomerMoveRow.from_key).in_(keys), col(CustomerMoveRow.to_key).in_(keys))
    moves = _all(session, select(CustomerMoveRow).where(CustomerMoveRow.store_id == store.id, is_moved))
    is_deleted = (DeletedCustomerRow.store_id == store.id, col(DeletedCustomerRow.email_key).in_(keys))
    deletions = _all(session, select(DeletedCustomerRow).where(*is_deleted), lock=lock)
    is_asked = (ApprovalRequestRow.store_id == store.id, col(ApprovalRequestRow.email_key).in_(keys))
    requests = _all(session, select(ApprovalRequestRow).where(*is_asked))
    mails = (mails_of(session, store.id or 0, keys), wishes_of(session, store.id or 0, keys))
    asked = (SignInCodeRow.store_id == store.id, col(SignInCodeRow.email_key).in_(keys))
    codes = _all(session, select(SignInCodeRow).where(*asked), lock=lock)
    signed_in = (WalletSessionRow.store_id == store.id, col(WalletSessionRow.email_key).in_(keys))
    sessions = _all(session, select(WalletSessionRow).where(*signed_in), lock=lock)
    in_batches = changes_in_batches(session, store.id or 0, email)
    further = (spends, requests, payments, in_batches, redemptions, *mails, codes, sessions)
    return Person(customer, entries, points_claims, orders, movements, claims, adjustments, moves, deletions, *further)


def forget_in_lists(session: Session, store_id: int, is_theirs: Callable[[str | None], bool], nobody: str) -> None:
    """Take a person's address out of the moves of customers, and out of the list of those whom an upgrade told apart.

    Raises BadRequest while a move from or to this person is under way.
    """
    for move in session.exec(select(CustomerMoveRow).where(CustomerMoveRow.store_id == store_id).with_for_update()):
        is_from, is_to = is_theirs(move.from_email), is_theirs(move.to_email)
        if (is_from or is_to) and move.state in UNDER_WAY:
            raise BadRequest("This customer's points are being moved to another address. Try again when that is done.")
        if is_from:
            move.from_email = move.from_key = nobody
        if is_to:
            move.to_email = move.to_key = nobody
    for split in session.exec(select(SplitCustomerRow).where(SplitCustomerRow.store_id == store_id)):
        if is_theirs(split.email) or is_theirs(split.other_email):
            session.delete(split)


def _is_spelt_as(session: Session, store: StoreRow, email: str, customer: PointsCustomerRow | None) -> Any:
    """Find claims of versions before, which have no key."""
    spellings = {email.strip(), email.strip().lower(), former_key(email)}
    if customer is not None:
        spellings |= {customer.email, customer.email.lower()}
    # No database lowers every letter as Python does.
    others = select(PointsClaimRow.email).where(PointsClaimRow.store_id == store.id, col(PointsClaimRow.email_key).is_(None))
    spellings |= set(filter(same_person(session, email), session.exec(others.where(not_ascii(session, "email")).distinct())))
    return func.lower(PointsClaimRow.email).in_(spellings) | col(PointsClaimRow.email).in_(spellings)


def _all(session: Session, query: object, *, lock: bool = False) -> list:  # type: ignore[type-arg]  # rows of whichever table
    [entity] = [description["entity"] for description in query.column_descriptions]  # type: ignore[attr-defined]  # a select
    ordered = query.order_by(entity.id)  # type: ignore[attr-defined]
    return list(session.exec(ordered.with_for_update() if lock else ordered))
