"""Note which share of an order went back, beside the rewards' codes that it used: the worker then gives their points back."""

from fractions import Fraction

from sqlalchemy import update
from sqlmodel import Session, col, select

from app.db.bulk import IsIn
from app.db.tables import RedemptionRow, RedemptionUseRow
from app.domain.order import Order
from app.domain.reward_refunds import share_gone_back
from app.domain.spending import as_amount
from app.usecases.services import Services
from app.usecases.settling.batch import Batch, Standings


def note_shares(services: Services, batch: Batch, standings: Standings) -> None:
    """Note the shares of the orders as they were just read. Nothing is asked where no order used a code."""
    orders = {one.order.id: one.order for one in standings.values() if one.order is not None and _used_a_code(one.order)}
    if not orders:
        return
    with services.database.reading() as session:
        changed = _changed(session, batch.store_id, orders)
    if not changed:
        return
    now = services.clock()
    with services.database.writing() as session:
        for use_id, share in sorted(changed.items()):
            values = {"went_back": share.numerator, "of_charged": share.denominator, "look_at": now}
            session.execute(update(RedemptionUseRow).where(col(RedemptionUseRow.id) == use_id).values(**values))


def _used_a_code(order: Order) -> bool:
    return bool(order.has_used_cards or order.voucher_code)


def _changed(session: Session, store_id: int, orders: dict[str, Order]) -> dict[int, Fraction]:
    query = (
        select(RedemptionUseRow, RedemptionRow)
        .join(RedemptionRow, col(RedemptionRow.id) == col(RedemptionUseRow.redemption_id))
        .where(RedemptionRow.store_id == store_id)
        .where(IsIn(col(RedemptionUseRow.saleor_order_id), "order_ids", list(orders)))
    )
    changed = {}
    for use, redemption in session.exec(query):
        order = orders[use.saleor_order_id]
        share = share_gone_back(order) if _is_off_the_total(use, redemption, order) else Fraction(0)
        if (share.numerator, share.denominator) != (use.went_back, use.of_charged):
            changed[use.id or 0] = share
    return changed


def _is_off_the_total(use: RedemptionUseRow, redemption: RedemptionRow, order: Order) -> bool:
    """Tell whether a code lowered an order's total.

    A gift card that paid as a transaction did not, and is not on the order: Saleor puts a refund of that onto the card itself.
    One that was deleted since is not on the order either. A voucher has no currency.
    """
    if not redemption.currency or redemption.saleor_id in order.gift_cards:
        return True
    return not order.gift_cards and order.value - order.total >= as_amount(use.amount_units, redemption.currency)
