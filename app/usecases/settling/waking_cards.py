"""Look at a customer's reward gift cards now, not at their next time, when an order comes in that gift cards paid a part of."""

from app.db.keys import keys_in
from app.db.redemption_waking import cards_of, wake_cards
from app.usecases.services import Services
from app.usecases.settling.batch import Batch, Standing, Standings


def wake_cards_of(services: Services, batch: Batch, standings: Standings) -> None:
    """Look through the orders as they were just read. Nothing is asked where gift cards paid none of what is new."""
    emails = {one.order.email for one in standings.values() if one.order is not None and one.order.email and _is_news(one)}
    if not emails:
        return
    now = services.clock()
    with services.database.reading() as session:
        keys = {key for email in emails for key in keys_in(session, email)}
        ids = cards_of(session, batch.store_id, keys, now)
    if ids:
        with services.database.writing() as session:
            wake_cards(session, ids, now)


def _is_news(standing: Standing) -> bool:
    """True for an order with gift cards that is not as it was read before. One that its card has woken is as it was."""
    order = standing.order
    return order is not None and order.has_gift_cards and standing.facts != standing.row.read_facts
