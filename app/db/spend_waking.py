"""Waking payments by points: their order says that something changed which gives points back, or takes them again."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, bindparam, case, exists, or_, update
from sqlmodel import Session, col, select

from app.db.bulk import IsIn
from app.db.columns import UtcTime
from app.db.tables import SpendReturnRow, SpendRow, SpendRuleRow
from app.db.tables.spend_return import RETURN_IS_OWED
from app.domain.spending import ReturnReason, SpendStage, as_amount

STRANDED = "The app was removed from Saleor while this payment was open. It asks Saleor about it soon."


def wake_spends(session: Session, store_id: int, now: datetime, *, over: Collection[str], overcharged: Collection[str]) -> None:
    """Let the worker look at payments whose order was cancelled or has expired (`over`), or is paid above its total.

    They are named by their transactions: of a checkout completed after the first look, the order is not known yet. A younger
    payment waits for that look. One that keeps its points all the same, or gives back all of them already, is not woken: looking
    at it changes its order in Saleor, which would wake it again.

    A worker that is looking at one loses its lease: its answer may be older than the order's change, and the next look decides.
    """
    transaction = col(SpendRow.saleor_transaction_id)
    rule_says_so = exists().where(col(SpendRuleRow.id) == col(SpendRow.rule_id), col(SpendRuleRow.return_on_cancel))
    is_over = and_(IsIn(transaction, "over", over), rule_says_so)
    is_overcharged = and_(IsIn(transaction, "overcharged", overcharged), col(SpendRow.overcharged_since).is_(None))
    is_woken = (
        col(SpendRow.store_id) == store_id,
        col(SpendRow.stage).in_((SpendStage.CHECKING, SpendStage.CONFIRMED, SpendStage.ON_ORDER)),
        col(SpendRow.returned_units) < col(SpendRow.amount_units),
        or_(is_over, is_overcharged),
    )
    # Locked in the order of their ids, as the worker locks them.
    locked = select(SpendRow.id).where(*is_woken).order_by(col(SpendRow.id)).with_for_update(of=SpendRow)
    woken = update(SpendRow).where(col(SpendRow.id).in_(session.exec(locked).all()))
    session.execute(woken.values(look_at=now, lease_token=None, lease_until=None))


def reversed_spends(session: Session, store_id: int, charged: Mapping[str, Decimal]) -> list[int]:
    """Find payments of which a refund gave points back, and whose transaction has charged more than they still pay.

    `charged` is what Saleor has, by transaction. The refund failed or was reversed since; or Saleor was not told of it yet, or
    answered from a replica that lags. The worker's look decides.
    """
    query = select(SpendRow).where(
        col(SpendRow.store_id) == store_id,
        IsIn(col(SpendRow.saleor_transaction_id), "charged", charged),
        col(SpendRow.stage) != SpendStage.REFUSED,
    )
    held: dict[str, Decimal] = defaultdict(Decimal)
    gone_back: dict[str, list[int]] = defaultdict(list)
    for spend in session.exec(query):
        held[spend.saleor_transaction_id] += as_amount(spend.amount_units - spend.returned_units, spend.currency)
        if spend.returned_units > 0:
            gone_back[spend.saleor_transaction_id].append(spend.id or 0)
    return [one for transaction, ids in gone_back.items() if charged[transaction] > held[transaction] for one in ids]


def wake_reversed(session: Session, spend_ids: Collection[int], now: datetime) -> None:
    """Let the worker look at these payments, unless it has them in hand, or a person has to do something about them."""
    gave_back = exists().where(
        col(SpendReturnRow.spend_id) == col(SpendRow.id),
        col(SpendReturnRow.cancelled_at).is_(None),
        col(SpendReturnRow.why) != ReturnReason.NOT_BOOKED,
    )
    is_free = (col(SpendRow.lease_token).is_(None), col(SpendRow.problem_code).is_(None))
    session.execute(update(SpendRow).where(col(SpendRow.id).in_(spend_ids), *is_free, gave_back).values(look_at=now))


def wake_debts(session: Session, store_id: int, email_keys: Collection[str], now: datetime) -> None:
    """Let the worker look at payments of these customers of which points are to be taken again.

    It never waits for whoever holds such a payment: that is somebody who is about to take what is there by then.
    """
    session.connection().execute(_DEBTS_WOKEN, {"of_store": store_id, "email_keys": list(email_keys), "now": now})


def strand_spends(session: Session, store_id: int, now: datetime) -> None:
    """Note on open payments that the app was removed meanwhile, and let the worker look at them now that it is back."""
    is_open = col(SpendRow.stage).in_((SpendStage.TAKEN, SpendStage.CHECKING, SpendStage.CONFIRMED, SpendStage.ON_ORDER))
    noted = {"look_at": now, "problem_code": "stranded", "problem": STRANDED}
    session.execute(update(SpendRow).where(col(SpendRow.store_id) == store_id, is_open).values(noted))


# Built once: it runs whenever a balance rises. Hardly ever is anything owed, so it reads one index that is mostly empty.
_NOW: Any = bindparam("now", type_=UtcTime)
_OWED = (
    select(SpendRow.id)
    .where(
        col(SpendRow.id).in_(select(SpendReturnRow.spend_id).where(RETURN_IS_OWED)),
        col(SpendRow.store_id) == bindparam("of_store"),
        IsIn(col(SpendRow.email_key), "email_keys"),
    )
    .order_by(col(SpendRow.id))
    .with_for_update(skip_locked=True, of=SpendRow)
)
_DEBTS_WOKEN = (
    update(SpendRow)
    .where(col(SpendRow.id).in_(_OWED))
    .values(look_at=case((col(SpendRow.look_at) < _NOW, col(SpendRow.look_at)), else_=_NOW))
    .execution_options(synchronize_session=False)
)
