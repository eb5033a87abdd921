"""Settings → everything that the app works with. The only place that chooses."""

from datetime import UTC, datetime
from functools import partial

from app.db.stores import answers_of_nobody_with_zeros, remember_echo
from app.db.tables import AccountRow, StoreRow
from app.domain.store import AccountKind
from app.http import NewAdapter
from app.mail.courier import Courier
from app.mail.folder_courier import FolderCourier
from app.mail.smtp_courier import SmtpCourier
from app.mail_url import MailFolder, MailServer
from app.providers.coggins.evidence import evidence_for
from app.providers.coggins.http import CogginsProvider
from app.providers.embedded import EmbeddedProvider
from app.providers.protocol import PointsProvider
from app.saleor.api_urls import is_of_a_known_domain
from app.saleor.client import SaleorClient
from app.saleor.manifest import customers_webhook, manifest
from app.saleor.payment_webhooks import payment_webhooks
from app.sealing import Sealer
from app.settings import Settings, secret_keys
from app.usecases.merchants.customer_cause import CustomerCause
from app.usecases.merchants.move_cause import MoveCause
from app.usecases.operating.prepare_database import open_database
from app.usecases.rewards.reward_cause import RewardCause
from app.usecases.services import Clock, DefaultAccount, Services
from app.usecases.settling.order_cause import OrderCause
from app.usecases.spending.spend_cause import SpendCause


def utc_now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)


def build_services(settings: Settings, *, clock: Clock = utc_now, new_adapter: NewAdapter | None = None) -> Services:
    """Build the services. Opens no connection yet. `new_adapter` carries all calls to the outside another way."""
    database = open_database(settings)
    sealer = Sealer(secret_keys(settings))

    def provider_of(store: StoreRow, account: AccountRow) -> PointsProvider:
        if account.kind == AccountKind.COGGINS:
            note_echo = None if account.honours_idempotency else partial(remember_echo, database, account)
            return CogginsProvider(
                account.url or "",
                sealer.open(account.key_sealed or ""),
                note_echo=note_echo,
                evidence=evidence_for(database, account, answers_zeros=answers_of_nobody_with_zeros(account, clock())),
                new_adapter=new_adapter,
                public_only=settings.app_env == "production" and account.url != settings.points_api_url,
            )
        return EmbeddedProvider(database, sealer, account.store_id, settings.claim_url_base, store.time_zone, clock=clock)

    def is_anybodys(api_url: str) -> bool:
        """Tell whether whoever installs the app says where a Saleor's name leads, and not the operator."""
        is_named = api_url in settings.saleor_urls_reached or is_of_a_known_domain(api_url, settings.saleor_urls_allowed)
        return settings.app_env == "production" and not is_named

    return Services(
        database=database,
        sealer=sealer,
        saleor=SaleorClient(url_map=settings.saleor_urls_reached, new_adapter=new_adapter, public_only=is_anybodys),
        provider_of=provider_of,
        clock=clock,
        claim_url_base=settings.claim_url_base,
        saleor_urls_allowed=settings.saleor_urls_allowed,
        manifest_for=lambda version: manifest(
            app_id=settings.manifest_app_id,
            app_name=settings.app_name,
            api_url=settings.api_base_url,
            public_url=settings.browser_url,
            iframe_url=settings.iframe_base_url,
            schema_version=version,
        ),
        app_id=settings.manifest_app_id,
        customers_webhook=customers_webhook(settings.api_base_url),
        payment_webhooks=payment_webhooks(settings.api_base_url),
        causes={cause.kind: cause for cause in (OrderCause(), CustomerCause(), MoveCause(), SpendCause(), RewardCause())},
        courier=_courier(settings.mails_go_to),
        public_url=settings.browser_url,
        manifest_urls=tuple(f"{base}/api/manifest" for base in settings.own_urls),
        default_account=DefaultAccount(settings.points_api_url, settings.points_api_key.get_secret_value()),
    )


def _courier(to: MailServer | MailFolder | None) -> Courier | None:
    if isinstance(to, MailServer):
        return SmtpCourier(to)
    return FolderCourier(to.path) if to is not None else None
