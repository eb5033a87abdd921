"""Show a store's settings."""

from dataclasses import dataclass

from app.db.points_policies import as_policy
from app.db.spend_rules import points_can_pay
from app.db.stores import brand_of, customer_types_of, store_and_account, storefront_origins_of
from app.domain.brand import Brand
from app.domain.expiry_policy import NEVER
from app.domain.mails import MailKind
from app.domain.store import AccountKind
from app.saleor.manifest import tells_of_deleted_customers
from app.usecases.mailing.outbox import is_on
from app.usecases.merchants.change_expiry import newest_policy, say_policy
from app.usecases.services import Services


@dataclass(frozen=True, slots=True)
class ShownAccount:
    """Where a store's points are kept. `problem` is why its provider does not serve us."""

    kind: AccountKind
    url: str | None
    is_paused: bool
    problem: str | None


@dataclass(frozen=True, slots=True)
class ShownSettings:
    """What a merchant may set, as it is now.

    `tells_of_deleted_customers`: whether this Saleor can. `sends_codes`: the store mails the codes by
    which customers sign in, or will once the wallet is on.
    """

    account: ShownAccount
    brand: Brand
    claim_link: str
    debt_policy: str
    time_zone: str
    default_expires_days: int | None
    customer_types: tuple[str, ...]
    order_notes: bool
    dashboard_url: str | None
    erase_after_days: int | None
    tells_of_deleted_customers: bool
    staff_change_max: int | None
    staff_day_max: int | None
    points_can_pay: bool
    storefront_api: bool
    storefront_origins: tuple[str, ...]
    policy: str
    hosted_wallet: bool
    sends_codes: bool


def show_settings(services: Services, store_id: int) -> ShownSettings:
    """Show a store's settings, by three queries."""
    with services.database.reading() as session:
        store, account = store_and_account(session, store_id)
        can_pay = points_can_pay(session, store_id)
        policy = newest_policy(session, store_id)
        # Switching the wallet on switches their mail on.
        can_send = services.courier is not None and store.mail_sender is not None
        sends_codes = is_on(session, services, store, MailKind.SIGN_IN) if store.hosted_wallet else can_send
    return ShownSettings(
        account=ShownAccount(AccountKind(account.kind), account.url, account.paused_until is not None, account.problem),
        brand=brand_of(store),
        claim_link=store.claim_link,
        debt_policy=store.debt_policy,
        time_zone=store.time_zone,
        default_expires_days=store.default_expires_days,
        customer_types=customer_types_of(store),
        order_notes=store.order_notes,
        dashboard_url=store.dashboard_url,
        erase_after_days=store.erase_after_days,
        tells_of_deleted_customers=tells_of_deleted_customers(store.saleor_version),
        staff_change_max=store.staff_change_max,
        staff_day_max=store.staff_day_max,
        points_can_pay=can_pay,
        storefront_api=store.storefront_api,
        storefront_origins=storefront_origins_of(store),
        policy=say_policy(NEVER if policy is None else as_policy(policy)),
        hosted_wallet=store.hosted_wallet,
        sends_codes=sends_codes,
    )
