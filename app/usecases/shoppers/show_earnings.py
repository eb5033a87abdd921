"""Tell what a checkout, or a list of variants, earns: by the function that awards points, and without asking who buys."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlmodel import Session

from app.db.spends import amount_held, open_spends_of
from app.db.stored_rewards import cards_of_rewards
from app.db.stores import as_rule, rule_in_force, rules_of
from app.domain.basket import Basket, basket_due
from app.domain.earning import Because
from app.domain.order import Line
from app.domain.spending import SpendStage
from app.errors import NoCheckout, NoVariant
from app.saleor.basket_reads import VariantPrice
from app.usecases.services import Services
from app.usecases.shoppers.verify_shopper import Storefront

# Of the others nobody knows yet whether Saleor has booked them.
_PAYS = frozenset({SpendStage.TAKEN, SpendStage.CHECKING, SpendStage.CONFIRMED, SpendStage.ON_ORDER})


@dataclass(frozen=True, slots=True)
class Earnings:
    """What an order would earn. `because` says why it is nothing; `hold_days` is how long the points wait once it is paid."""

    points: int
    because: Because
    hold_days: int


def checkout_earnings(services: Services, storefront: Storefront, checkout_id: str) -> Earnings:
    """Tell what an open checkout earns once all of it is paid; Saleor is asked once.

    Raises NoCheckout where there is none, or it is an order by now, and Unavailable when a later attempt may pass.
    """
    api_url = storefront.store.saleor_api_url or ""
    with services.bulkheads.baskets.place(api_url):
        basket = services.saleor.baskets.checkout(api_url, checkout_id)
    if basket is None:
        raise NoCheckout
    with services.database.reading() as session:
        return _earnings(services, session, storefront, basket, checkout_id)


def variant_earnings(services: Services, storefront: Storefront, channel: str, wanted: Mapping[str, int]) -> Earnings:
    """Tell what so many pieces of variants earn, were they an order without shipping; Saleor is asked once, if at all.

    Raises NoVariant where one of them is not sold in the channel, and Unavailable when a later attempt may pass.
    """
    prices = _prices(services, storefront, channel, wanted)
    missing = [variant_id for variant_id, price in prices.items() if price is None]
    if missing or not prices:
        raise NoVariant
    lines = tuple(_line(variant_id, price, wanted[variant_id]) for variant_id, price in prices.items() if price is not None)
    subtotal = sum((line.gross for line in lines), Decimal(0))
    currency = next(price.currency for price in prices.values() if price is not None)
    basket = Basket(channel, currency, lines, subtotal, Decimal(0), Decimal(0), subtotal)
    with services.database.reading() as session:
        return _earnings(services, session, storefront, basket, None)


def _prices(
    services: Services, storefront: Storefront, channel: str, wanted: Mapping[str, int]
) -> dict[str, VariantPrice | None]:
    now, place = services.clock(), (storefront.store_id, channel)
    known = services.known_prices.get(place, wanted.keys(), now)
    asked = [variant_id for variant_id in wanted if variant_id not in known]
    if asked:
        api_url = storefront.store.saleor_api_url or ""
        with services.bulkheads.baskets.place(api_url):
            told = services.saleor.baskets.variant_prices(api_url, channel, asked)
        found = {variant_id: told.get(variant_id) for variant_id in asked}
        services.known_prices.add(place, found, now)
        known |= found
    return {variant_id: known[variant_id] for variant_id in wanted}


def _line(variant_id: str, price: VariantPrice, pieces: int) -> Line:
    return Line(variant_id, price.gross * pieces, price.net * pieces, pieces, earns=price.earns, quantity=pieces)


def _earnings(services: Services, session: Session, storefront: Storefront, basket: Basket, checkout_id: str | None) -> Earnings:
    now, store_id = services.clock(), storefront.store_id
    rule = as_rule(rule_in_force(rules_of(session, store_id), basket.channel, now))
    paid = open_spends_of(session, store_id, checkout_id=checkout_id, order_id=None) if checkout_id is not None else ()
    due = basket_due(
        basket,
        rule,
        now,
        awards_from=storefront.store.awards_from,
        by_points=sum((amount_held(spend) for spend in paid if spend.stage in _PAYS), Decimal(0)),
        rewards=cards_of_rewards(session, store_id, [card.id for card in basket.cards]),
    )
    return Earnings(due.earned, due.because, rule.hold_days)
