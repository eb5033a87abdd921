"""Look at rewards' codes now, not at their next time, when an order comes in that used one.

A voucher's code stands on the order. Of gift cards the order says only that there are some: those of its customer are looked at.
"""

from app.db.keys import keys_in
from app.db.redemption_waking import cards_of, codes_of, wake_cards
from app.sealing import fingerprint
from app.usecases.services import Services
from app.usecases.settling.batch import Batch, Standings


def wake_cards_of(services: Services, batch: Batch, standings: Standings) -> None:
    """Look through the orders as they were just read. Nothing is asked where gift cards paid none of what is new."""
    news = [one.order for one in standings.values() if one.order is not None and one.facts != one.row.read_facts]
    # An order that its card has woken is as it was.
    emails = {order.email for order in news if order.email and order.has_gift_cards}
    marks = {fingerprint(order.voucher_code) for order in news if order.voucher_code}
    if not emails and not marks:
        return
    now = services.clock()
    with services.database.reading() as session:
        keys = {key for email in emails for key in keys_in(session, email)}
        ids = cards_of(session, batch.store_id, keys, now) if keys else []
        ids += codes_of(session, batch.store_id, marks, now) if marks else []
    if ids:
        with services.database.writing() as session:
            wake_cards(session, ids, now)
