"""See what a product earns: one piece at its present price, in each channel, by the rule in force."""

from dataclasses import dataclass
from decimal import Decimal

from app.db.stores import as_rule, rule_in_force, rules_of
from app.db.tables import StoreRow
from app.domain.catalogue import ProductPrice, SalesChannel, points_for_piece
from app.domain.earning import Rule
from app.errors import Unavailable, UnknownStore
from app.usecases.merchants.list_channels import list_channels
from app.usecases.services import Services

# A shop with more channels sees the first of them: the box stands beside other things.
CHANNELS_MAX = 24


@dataclass(frozen=True, slots=True)
class ChannelEarnings:
    """What one piece earns in a channel, from the cheapest variant to the dearest."""

    channel: str
    currency: str
    price_from: Decimal
    price_to: Decimal
    points_from: int
    points_to: int
    include_tax: bool
    is_active: bool


@dataclass(frozen=True, slots=True)
class ProductBox:
    """What the product's page shows of points. `trouble` is why the channels are not known."""

    earnings: tuple[ChannelEarnings, ...]
    is_gift_card: bool
    has_shipping: bool
    trouble: str


def see_product_box(services: Services, store_id: int, product_id: str) -> ProductBox:
    """Ask the store's Saleor for the prices, and compute the points.

    Raises Unavailable or SaleorRefused when Saleor does not say it.
    """
    with services.database.reading() as session:
        store = session.get_one(StoreRow, store_id)
        rules = rules_of(session, store_id)
    if store.saleor_api_url is None or store.token_sealed is None:
        raise UnknownStore("This Saleor has removed Saleor Points.")
    if store.failures:
        raise Unavailable("Saleor does not serve Saleor Points now. It is asked again by itself; look again later.")
    listed = list_channels(services, store_id)
    channels = [channel for channel in listed.channels if channel.is_active][:CHANNELS_MAX]
    prices: dict[str, ProductPrice] = {}
    if channels:
        token = services.sealer.open(store.token_sealed)
        slugs = [channel.slug for channel in channels]
        with services.bulkheads.look_ups.place(store.saleor_api_url):
            prices = services.saleor.shop.product_prices(store.saleor_api_url, token, product_id, slugs)
    now = services.clock()
    in_force = {channel.slug: as_rule(rule_in_force(rules, channel.slug, now)) for channel in channels}
    sold = [channel for channel in channels if channel.slug in prices]
    return ProductBox(
        earnings=tuple(_earnings(channel, prices[channel.slug], in_force[channel.slug]) for channel in sold),
        is_gift_card=any(price.is_gift_card for price in prices.values()),
        has_shipping=any(in_force[channel.slug].include_shipping for channel in sold),
        trouble=listed.trouble,
    )


def _earnings(channel: SalesChannel, price: ProductPrice, rule: Rule) -> ChannelEarnings:
    return ChannelEarnings(
        channel=channel.name,
        currency=price.currency,
        price_from=price.cheapest.gross if rule.include_tax else price.cheapest.net,
        price_to=price.dearest.gross if rule.include_tax else price.dearest.net,
        points_from=points_for_piece(price.cheapest, rule),
        points_to=points_for_piece(price.dearest, rule),
        include_tax=rule.include_tax,
        is_active=rule.is_active,
    )
