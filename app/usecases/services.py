"""All that the use cases work with. `bootstrap` makes it; nothing below chooses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.db.engine import Database
from app.db.intake import Signer
from app.db.tables import AccountRow, StoreRow
from app.domain.catalogue import ChannelList
from app.domain.permissions import AppPermissions
from app.http.bulkhead import Bulkheads
from app.mail.courier import Courier
from app.providers.protocol import PointsProvider
from app.saleor.client import SaleorClient
from app.saleor.webhooks import Webhook
from app.sealing import Sealer
from app.usecases.confirmed_shoppers import ConfirmedShoppers
from app.usecases.errands import Errands
from app.usecases.known_prices import KnownPrices
from app.usecases.moving.causes import Cause

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class DefaultAccount:
    """Where the points of a new store live: Coggins when `url` and `key` are given, else embedded."""

    url: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Services:
    """The outside, the database and the clock. `manifest_for` gives the manifest for a Saleor's version."""

    database: Database
    sealer: Sealer
    saleor: SaleorClient
    provider_of: Callable[[StoreRow, AccountRow], PointsProvider]
    clock: Clock
    claim_url_base: str
    saleor_urls_allowed: tuple[str, ...]
    manifest_for: Callable[[str | None], dict[str, Any]]
    # The webhook by which Saleor tells of deleted customers: in no manifest, because few stores want it.
    customers_webhook: Webhook
    # Those by which points pay: in no manifest, because a shop is no gateway until it wants to be.
    payment_webhooks: tuple[Webhook, ...]
    # What movements may be for, by the word in `movement.cause_kind`.
    causes: Mapping[str, Cause]
    # Where a Saleor may have read the manifest. The first is the one to install from.
    manifest_urls: tuple[str, ...]
    # The app's identifier in Saleor: MANIFEST_APP_ID.
    app_id: str = ""
    default_account: DefaultAccount = DefaultAccount()
    # Takes the app's own mails away; None: it sends none.
    courier: Courier | None = None
    # Where browsers reach this app.
    public_url: str = ""
    bulkheads: Bulkheads = field(default_factory=Bulkheads, compare=False)
    # Of the stores that have sent a delivery to this process, by API URL.
    signers: dict[str, Signer] = field(default_factory=dict, compare=False)
    # What Saleors told this process of their channels, by API URL.
    channel_lists: dict[str, ChannelList] = field(default_factory=dict, compare=False)
    # What this process asks of Saleors while nobody waits.
    errands: Errands = field(default_factory=Errands, compare=False)
    # The shoppers of storefronts whom Saleors confirmed to this process.
    confirmed_shoppers: ConfirmedShoppers = field(default_factory=ConfirmedShoppers, compare=False)
    # What Saleors told this process of the prices of variants.
    known_prices: KnownPrices = field(default_factory=KnownPrices, compare=False)
    # The permissions that Saleors gave the app, by API URL.
    app_permissions: dict[str, AppPermissions] = field(default_factory=dict, compare=False)
