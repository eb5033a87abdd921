"""Note which share of an order went back, beside the rewards' codes that it used: the worker then gives their points back."""

from fractions import Fraction

from sqlalchemy import update
from sqlmodel import Session, col, select

from app.db.bulk import IsIn
from app.db.tables import RedemptionRow, RedemptionUseRow
from app.domain.order import Order
from app.domain.reward_refunds import share_gone_back
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
    return bool(order.gift_cards or order.voucher_code)


def _changed(session: Session, store_id: int, orders: dict[str, Order]) -> dict[int, Fraction]:
    query = (
        select(RedemptionUseRow, RedemptionRow.currency, RedemptionRow.saleor_id)
        .join(RedemptionRow, col(RedemptionRow.id) == col(RedemptionUseRow.redemption_id))
        .where(RedemptionRow.store_id == store_id)
        .where(IsIn(col(RedemptionUseRow.saleor_order_id), "order_ids", list(orders)))
    )
    changed = {}
    for use, currency, card_id in session.exec(query):
        order = orders[use.saleor_order_id]
        # A gift card that paid as a transaction is not on the order: Saleor puts a refund of that onto the card itself.
        # A voucher has no currency.
        is_off_the_total = not currency or card_id in order.gift_cards
        share = share_gone_back(order) if is_off_the_total else Fraction(0)
        if (share.numerator, share.denominator) != (use.went_back, use.of_charged):
            changed[use.id or 0] = share
    return changed
