"""List the channels of a store's Saleor, and refuse a channel that it does not have."""

from datetime import timedelta

import structlog

from app.db.tables import StoreRow
from app.domain.catalogue import ChannelList, SalesChannel
from app.errors import AppError, BadRequest, Unavailable
from app.http.bulkhead import WAIT_SECONDS
from app.http.deadlines import within
from app.usecases.services import Services

log = structlog.get_logger()

# A channel is made a few times in a shop's life; one that is missing is asked for anew.
KEPT_FOR = timedelta(minutes=5)
NAMED_MAX = 50
# A Saleor that does not answer is asked again after this.
TRIED_AGAIN_AFTER = timedelta(minutes=1)


def list_channels(services: Services, store_id: int, *, is_fresh: bool = False) -> ChannelList:
    """List a store's channels; `is_fresh` asks Saleor in any case. A store without a Saleor has none.

    Where Saleor does not answer, this gives the channels that it told before, and says so.
    """
    now = services.clock()
    with services.database.reading() as session:
        store = session.get_one(StoreRow, store_id)
    if store.saleor_api_url is None or store.token_sealed is None:
        return ChannelList((), now, "This store has no Saleor, and so no channels.")
    known = services.channel_lists.get(store.saleor_api_url)
    if known is not None and not is_fresh and now - known.asked_at < KEPT_FOR:
        return known
    try:
        with services.bulkheads.look_ups.place(store.saleor_api_url):
            channels = services.saleor.shop.channels(store.saleor_api_url, services.sealer.open(store.token_sealed))
    except AppError as error:
        earlier = known.channels if known is not None else ()
        return ChannelList(earlier, now, f"Saleor did not give its list of channels. {error.message}")
    services.channel_lists[store.saleor_api_url] = ChannelList(channels, now)
    return services.channel_lists[store.saleor_api_url]


def known_channels(services: Services, store_id: int) -> tuple[SalesChannel, ...]:
    """Give a store's channels as this process knows them, and never wait for its Saleor.

    What is old is asked for anew while the page is shown as it is. A process that has just begun knows none.
    """
    now = services.clock()
    with services.database.reading() as session:
        store = session.get_one(StoreRow, store_id)
    url, token = store.saleor_api_url, store.token_sealed
    if url is None or token is None:
        return ()
    known = services.channel_lists.get(url)
    if known is None or not known.asked_at <= now < known.asked_at + KEPT_FOR:
        services.errands.begin(f"channels of {store.slug}", lambda: _learn(services, url, token), now, every=TRIED_AGAIN_AFTER)
    return known.channels if known is not None else ()


def _learn(services: Services, url: str, token_sealed: str) -> None:
    """Ask a Saleor for its channels, without taking a place of a request that waits for an answer."""
    try:
        with within(WAIT_SECONDS):
            channels = services.saleor.shop.channels(url, services.sealer.open(token_sealed))
    except AppError as error:
        log.info("channels not learnt", code=error.code)
        return
    services.channel_lists[url] = ChannelList(channels, services.clock())


def require_channel(services: Services, store_id: int, slug: str) -> None:
    """Refuse a channel that the store's Saleor does not have.

    Raises BadRequest with the channels that there are, Unavailable when Saleor does not say.
    """
    if list_channels(services, store_id).has(slug):
        return
    listed = list_channels(services, store_id, is_fresh=True)
    if listed.has(slug):
        return
    if listed.trouble:
        raise Unavailable(f"{listed.trouble} So nobody can say whether the channel {slug} exists. Please try again in a moment.")
    names = ", ".join(channel.slug for channel in listed.channels[:NAMED_MAX])
    raise BadRequest(f"Saleor has no channel {slug}. It has: {names}.")
