"""Questions asked of stores, their accounts and their rules."""

import json
import re
from datetime import datetime

from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from app.db.engine import Database
from app.db.tables import AccountRow, RuleRow, StoreRow
from app.domain.brand import Brand
from app.domain.earning import Award, Moment, Rule
from app.domain.evidence import DISBELIEVED_FOR
from app.domain.store import StoreState

SLUG_LENGTH_MAX = 48

# Built once: building them costs more than running them.
_BY_SLUG = select(StoreRow).where(StoreRow.slug == bindparam("slug"))
_ACCOUNTS = select(AccountRow).where(AccountRow.store_id == bindparam("store_id"))
_RULES = select(RuleRow).where(RuleRow.store_id == bindparam("store_id")).order_by(col(RuleRow.in_force_from), col(RuleRow.id))


def find_store(session: Session, saleor_api_url: str) -> StoreRow | None:
    """Find a store, installed now or once, by its API URL."""
    return session.exec(select(StoreRow).where(StoreRow.saleor_api_url == saleor_api_url)).first()


def find_store_by_slug(session: Session, slug: str, *, lock: bool = False) -> StoreRow | None:
    """Find a store by the name that stands in its order links."""
    return session.exec(_BY_SLUG.with_for_update() if lock else _BY_SLUG, params={"slug": slug}).first()


def as_slug(name: str) -> str:
    """Give the form in which a store's name stands in links; empty where the name has no plain letter and no digit."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:SLUG_LENGTH_MAX].strip("-")


def is_slug_taken(session: Session, slug: str) -> bool:
    """Tell whether a store has this slug."""
    return find_store_by_slug(session, slug) is not None


def current_account(session: Session, store_id: int) -> AccountRow | None:
    """Find the account that new points of a store go to."""
    return session.exec(select(AccountRow).where(AccountRow.store_id == store_id, col(AccountRow.is_current))).first()


def store_and_account(session: Session, store_id: int) -> tuple[StoreRow, AccountRow]:
    """Give a store with the account that its new points go to, by one query."""
    return session.exec(
        select(StoreRow, AccountRow)
        .join(AccountRow, col(AccountRow.store_id) == col(StoreRow.id))
        .where(StoreRow.id == store_id, col(AccountRow.is_current))
    ).one()


def accounts_of(session: Session, store_id: int) -> dict[int, AccountRow]:
    """Find all accounts that a store ever had, by id."""
    accounts = session.exec(_ACCOUNTS, params={"store_id": store_id})
    return {account.id: account for account in accounts if account.id is not None}


def remember_echo(database: Database, account: AccountRow) -> None:
    """Remember that an account honours an Idempotency-Key: it sent one back."""
    if account.honours_idempotency:
        return
    account.honours_idempotency = True
    with database.writing() as session:
        session.execute(update(AccountRow).where(col(AccountRow.id) == account.id).values(honours_idempotency=True))


def answers_of_nobody_with_zeros(account: AccountRow, now: datetime) -> bool:
    """Tell whether an account was lately seen to answer with zeros about a customer whom it does not know."""
    return account.zeros_for_nobody_at is not None and now - account.zeros_for_nobody_at < DISBELIEVED_FOR


def rules_of(session: Session, store_id: int) -> list[RuleRow]:
    """Find all versions of a store's rules, oldest first."""
    return list(session.exec(_RULES, params={"store_id": store_id}))


def rule_in_force(rules: list[RuleRow], channel: str, created_at: datetime) -> RuleRow:
    """Choose the version that was in force for a channel when an order was created.

    A channel without a rule of its own at that time, or whose own rule had ended, has the default. An order
    older than every version has the oldest default.
    """
    in_force = [rule for rule in rules if rule.in_force_from <= created_at]
    of_channel = [rule for rule in in_force if rule.channel == channel]
    if of_channel and not of_channel[-1].follows_default:
        return of_channel[-1]
    defaults = [rule for rule in in_force if rule.channel is None]
    return defaults[-1] if defaults else next(rule for rule in rules if rule.channel is None)


def as_rule(row: RuleRow) -> Rule:
    """Turn a stored version into the domain's value."""
    if row.id is None:
        raise ValueError("a rule that was never stored")
    return Rule(
        id=row.id,
        points_per_unit=row.points_per_unit,
        include_tax=row.include_tax,
        include_shipping=row.include_shipping,
        minimum_total=row.minimum_total,
        maximum_points=row.maximum_points,
        award=Award(row.award),
        award_when=Moment(row.award_when),
        hold_days=row.hold_days,
        expires_days=row.expires_days,
        bind_email=row.bind_email,
        customer_type=row.customer_type,
        is_active=row.is_active,
        exclude_gift_cards=row.exclude_gift_cards,
        count_returned=row.count_returned,
        points_earn=row.points_earn,
    )


def customer_types_of(store: StoreRow) -> tuple[str, ...]:
    """Give the customer types that a store takes from clients of its Points API; none: any."""
    return customer_types_in(store.customer_types)


def customer_types_in(stored: str | None) -> tuple[str, ...]:
    """Read a stored list of customer types."""
    return tuple(json.loads(stored or "[]"))


def storefront_origins_of(store: StoreRow) -> tuple[str, ...]:
    """Give the origins whose pages may ask for their shoppers' points."""
    return tuple(json.loads(store.storefront_origins or "[]"))


def brand_of(store: StoreRow) -> Brand:
    """Read a store's brand off its row."""
    return Brand(store.slug, store.name, store.accent, store.page_text, store.logo_mark)


def is_served(store: StoreRow) -> bool:
    """Tell whether a store's Saleor may call us."""
    return store.state != StoreState.DELETED and store.app_id is not None
