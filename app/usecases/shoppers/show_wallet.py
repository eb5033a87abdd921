"""Show a signed-in shopper their points: what they have, what it is worth, and what is on its way."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlmodel import Session

from app.db.debts import points_owed
from app.db.spend_rules import as_spend_rule, spend_rule_in_force, spend_rules_of
from app.db.stores import accounts_of
from app.db.tables import SpendRuleRow, StoreRow
from app.domain.catalogue import SalesChannel
from app.domain.claim import Balance
from app.domain.days import last_day
from app.domain.spending import worth
from app.domain.store import AccountKind
from app.errors import Unavailable
from app.ledger.lot_books import runs_out_next
from app.providers.protocol import Absent, NotSent, held
from app.usecases.confirmed_shoppers import SignedIn
from app.usecases.moving.balances_now import balances_now
from app.usecases.services import Services
from app.usecases.shoppers.own_claims import points_that_wait
from app.usecases.shoppers.pending_points import pending_points


@dataclass(frozen=True, slots=True)
class Worth:
    """What points pay at the checkout of a channel."""

    amount: Decimal
    channel: SalesChannel


@dataclass(frozen=True, slots=True)
class RunsOut:
    """Points that run out next, and the last day on which they can be used."""

    points: int
    last_day: date


@dataclass(frozen=True, slots=True)
class Wallet:
    """A customer's points.

    `owed` is what refunds are still to take back: it cannot be spent. `claimable` waits to be taken. `pending` is what orders
    that were paid will bring later. `worth` is what points pay in a channel; None where no channel was asked about, or points
    pay nothing there. `runs_out` is None where no points run out, and where points are kept elsewhere.
    """

    balance: Balance
    owed: int
    claimable: int
    pending: int
    worth: Worth | None
    runs_out: RunsOut | None = None

    @property
    def spendable(self) -> int:
        """What the customer can spend; below zero where refunds are to take back more than there is."""
        return self.balance.available - self.owed


def show_wallet(services: Services, shopper: SignedIn, *, channel: SalesChannel | None = None) -> Wallet:
    """Show a customer's points; the provider is called once.

    Raises Unavailable when the provider does not tell the balance now, or is not to be believed.
    """
    now = services.clock()
    with services.database.reading() as session:
        store = session.get_one(StoreRow, shopper.store_id)
        accounts = accounts_of(session, shopper.store_id)
        owed = points_owed(session, shopper.store_id, shopper.email)
        claimable = points_that_wait(session, store, shopper.email, accounts.values(), now)
        pending = pending_points(session, store, shopper.email, now)
        rules = [] if channel is None else spend_rules_of(session, shopper.store_id)
        runs_out = _runs_out(session, store, shopper, now)
    account = next(account for account in accounts.values() if account.is_current)
    found = balances_now(services, services.provider_of(store, account), [shopper.email])
    if isinstance(found, NotSent) or found[shopper.email] is Absent.DOUBTFUL:
        raise Unavailable("The points provider does not tell the balance now. The request can be repeated later.")
    balance = held(found[shopper.email])
    paying = None if channel is None else worth_in(channel, balance.available - owed, rules, now)
    is_here = account.kind == AccountKind.EMBEDDED
    return Wallet(balance, owed, claimable, pending, paying, runs_out if is_here else None)


def worth_in(channel: SalesChannel, points: int, rules: list[SpendRuleRow], now: datetime) -> Worth | None:
    """Tell what points pay in a channel; None where they pay nothing there."""
    rule = spend_rule_in_force(rules, channel.slug, now)
    if rule is None or not rule.is_active:
        return None
    return Worth(worth(points, as_spend_rule(rule), channel.currency), channel)


def _runs_out(session: Session, store: StoreRow, shopper: SignedIn, now: datetime) -> RunsOut | None:
    """Tell what of the customer's points runs out next."""
    following = runs_out_next(session, shopper.store_id, shopper.email, now)
    return None if following is None else RunsOut(following[1], last_day(following[0], store.time_zone))
