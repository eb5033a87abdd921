"""An installed Saleor, or a points service of its own, and its logo."""

from datetime import datetime

from sqlalchemy import CheckConstraint, false
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, UtcTime, one_of
from app.domain.store import ClaimLink, DebtPolicy, StoreState


class StoreRow(SQLModel, table=True):
    """An installed Saleor, or a points service of its own: that one has no `saleor_api_url`."""

    __tablename__ = "store"
    __table_args__ = (
        one_of("state", StoreState, name="store_state"),
        one_of("debt_policy", DebtPolicy, name="store_debt_policy"),
        one_of("claim_link", ClaimLink, name="store_claim_link"),
        CheckConstraint("state <> 'active' OR saleor_api_url IS NULL OR token_sealed IS NOT NULL", name="store_active_has_token"),
        CheckConstraint("state <> 'deleted' OR token_sealed IS NULL", name="store_deleted_has_no_token"),
        CheckConstraint("default_expires_days BETWEEN 0 AND 36500", name="store_default_expires_days"),
        CheckConstraint("staff_change_max >= 0", name="store_staff_change_max"),
        CheckConstraint("staff_day_max >= 0", name="store_staff_day_max"),
        CheckConstraint("erase_after_days BETWEEN 0 AND 365", name="store_erase_after_days"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    slug: str = Field(max_length=64, unique=True)
    name: str = Field(max_length=256)
    state: str = Field(default=StoreState.ACTIVE, max_length=16)
    saleor_api_url: str | None = Field(default=None, max_length=512, unique=True)
    saleor_version: str | None = Field(default=None, max_length=32)
    app_id: str | None = Field(default=None, max_length=256)
    token_sealed: str | None = None
    # MANIFEST_APP_ID when points first paid here: what they paid belongs to it in Saleor. None: they never did.
    payments_app_id: str | None = Field(default=None, max_length=256)
    # The mark of the webhooks that this Saleor is known to have: another mark means that they are to be brought up to date.
    webhooks_mark: str | None = Field(default=None, max_length=64)
    jwks: str | None = None
    jwks_asked_at: datetime | None = Field(default=None, sa_type=UtcTime)
    awards_from: datetime = Field(sa_type=UtcTime)
    debt_policy: str = Field(default=DebtPolicy.FLOOR, max_length=16)
    claim_link: str = Field(default=ClaimLink.OWN, max_length=16)
    time_zone: str = Field(default="UTC", max_length=64)
    # How the shoppers' pages look, beside the name. The mark names the logo's picture: another picture, another mark.
    accent: str | None = Field(default=None, max_length=7)
    page_text: str | None = Field(default=None, max_length=512)
    logo_mark: str | None = Field(default=None, max_length=64)
    # Days of a claim for which nobody says any; none: it never expires.
    default_expires_days: int | None = None
    # The customer types that the Points API takes, as a JSON array; none: it takes any.
    customer_types: str | None = None
    # Days after which a customer whom Saleor deleted is erased; none: nobody is.
    erase_after_days: int | None = None
    # The most points that staff may change at once, and one person on one day, without approval; none: no limit.
    staff_change_max: int | None = None
    staff_day_max: int | None = Field(default=None, sa_type=BigId)
    # Since when these limits are what somebody wanted; none: nobody thought about them yet.
    limits_checked_at: datetime | None = Field(default=None, sa_type=UtcTime)
    # Whether changes of an order's points are noted in its history.
    order_notes: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    # Whether storefronts may ask for their shoppers' points, and the origins of pages that may, as a JSON array.
    storefront_api: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    storefront_origins: str | None = None
    # Whether its customers see their points on our own pages, signed in with a mail.
    hosted_wallet: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    # Where this store's Dashboard is, as its bridge told at the first handshake of a verified staff user.
    dashboard_url: str | None = Field(default=None, max_length=512)
    # Whom the app's own mails come from, and whom an answer to one goes to; none: no mail is sent, or answers go to the sender.
    mail_sender: str | None = Field(default=None, max_length=254)
    mail_reply_to: str | None = Field(default=None, max_length=254)
    # Why the mail server takes nothing from this sender, and until when it is not asked again.
    mail_problem: str | None = Field(default=None, max_length=512)
    mail_paused_until: datetime | None = Field(default=None, sa_type=UtcTime)
    # The first day's checklist: since when there is a rule that somebody looked at, and a mail that leads to an order link.
    rule_checked_at: datetime | None = Field(default=None, sa_type=UtcTime)
    link_checked_at: datetime | None = Field(default=None, sa_type=UtcTime)
    # When staff made a test claim last, to see what shoppers see.
    test_made_at: datetime | None = Field(default=None, sa_type=UtcTime)
    # When staff ended the tests that were made until then.
    tests_ended_at: datetime | None = Field(default=None, sa_type=UtcTime)
    # The problems that were told to Saleor and not taken back yet, as a JSON object of keys and sentences; and, where Saleor did
    # not take them, when it is told again.
    problems_told: str | None = Field(default=None, max_length=1024)
    problems_told_at: datetime | None = Field(default=None, sa_type=UtcTime)
    # How far, by Saleor's clock, its orders were looked through for changes that nobody told; when that began last, whatever came
    # of it, and when it last reached the end.
    sweep_cursor: datetime | None = Field(default=None, sa_type=UtcTime)
    swept_at: datetime | None = Field(default=None, sa_type=UtcTime)
    sweep_ended_at: datetime | None = Field(default=None, sa_type=UtcTime)
    served_at: datetime | None = Field(default=None, sa_type=UtcTime)
    # While this lies ahead nothing is asked of this Saleor; `problem` says why in a sentence for the merchant.
    paused_until: datetime | None = Field(default=None, sa_type=UtcTime)
    failures: int = 0
    # The first of these failures. It counts only while there are any.
    failing_since: datetime | None = Field(default=None, sa_type=UtcTime)
    problem: str | None = Field(default=None, max_length=1024)
    created_at: datetime = Field(sa_type=UtcTime)


class StoreLogoRow(SQLModel, table=True):
    """A store's logo. It stands apart, so that whoever asks for a store does not load the picture."""

    __tablename__ = "store_logo"

    store_id: int | None = Field(default=None, primary_key=True, foreign_key="store.id", sa_type=BigId)
    png: bytes
