"""What can happen in a history, as frozen values: drawn from a seed, printed, and left out one by one to shorten a failure."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from app.domain.earning import Award, Moment

# Variants of placing an order that staff must confirm: a gift card pays half of it, or all.
CARD_IN_PART, CARD_IN_WHOLE = 8, 9


class Kind(StrEnum):
    """What one step does. Where a step makes no sense as things stand, it does nothing."""

    # In the shop.
    PLACE = "an order is placed"
    CHARGE = "money is charged"
    MARK_PAID = "staff mark the order as paid"
    REFUND = "a part is refunded"
    REQUEST_REFUND = "a refund is requested"
    REFUND_SUCCEEDED = "the requested refund succeeds"
    REFUND_FAILED = "the requested refund fails"
    REVERSE_REFUND = "a refund is reversed"
    REPORT_REFUND = "a refund is reported without lowering the charge"
    CHARGE_BACK = "a part is charged back"
    GRANT_REFUND = "a refund is granted"
    CANCEL = "the order is cancelled"
    EXPIRE = "the unpaid order expires"
    EMAIL = "the order's e-mail is changed"
    EDIT = "the unconfirmed order's lines are edited"
    FULFILL = "goods are sent"
    RETURN = "goods come back"
    NOTE = "a note is written"
    WIPE = "staff wipe our metadata"
    DELETE_VARIANT = "the product is deleted"
    SWAP = "the unconfirmed order's lines are edited, and its totals stay"
    EXCHANGE = "goods are replaced by a new order"
    DRAFT = "staff begin an order as a draft"
    PLACE_DRAFT = "staff place the draft"
    # Shoppers and other clients.
    VISIT = "the shopper opens the order link"
    TAKE = "the shopper takes the claim"
    SPEND = "the shopper spends points"
    TILL_SPEND = "a customer pays with points at a till"
    TILL_RETURN = "a till gives points back"
    OTHER = "another client changes the balance"
    PAY = "a shopper pays a part of a checkout with points"
    PAY_AGAIN = "the storefront asks for that payment again"
    PAY_MORE = "the shopper pays more of that checkout with points, under another key"
    PAY_ORDER = "the customer pays an unpaid order with points"
    COMPLETE = "the rest is paid by card, and the checkout completed"
    SHRINK = "goods are taken out of the paid cart"
    REFUND_POINTS = "staff ask for points of a payment back"
    TAKE_OFF = "the shopper takes points off the cart"
    REVERSE_POINTS = "a refund of points fails or is reversed"
    RELEASE_FUNDS = "Saleor asks for what paid old checkouts back"
    SEND_REQUESTS = "Saleor's worker sends what was asked for"
    REDEEM = "a customer takes a reward"
    REDEEM_AGAIN = "the storefront asks for that reward again"
    WITHDRAW = "the reward is given back before its code was used"
    USE_CODE = "the reward's code is typed into a cart"
    CHECK_OUT = "the rest is paid by card, and the cart with the code completed"
    PUT_BACK = "a refund puts money back onto the reward's gift card"
    # Staff here.
    ADJUST = "staff adjust the order"
    MOVE = "staff move a customer to another address"
    ADJUST_CUSTOMER = "staff adjust the customer"
    BATCH = "staff change many customers as a batch"
    UNDO_BATCH = "staff undo a batch"
    DECIDE = "somebody decides what is above a limit"
    WRITE_OFF = "staff write the shortfall off"
    LOOK_AGAIN = "staff press: look again"
    RELEASE_SPEND = "staff release a payment by points"
    SPEND_RULE = "the spend rule is edited"
    SETTLE_REWARD = "staff settle a reward whose gift card was deleted"
    RESOLVE = "staff say what became of an unknown INSTANT"
    RULE = "the rule is edited"
    PROVIDER = "the merchant changes the provider, or its key"
    SECRET = "SECRET_KEY is renewed, one step further"
    # The app at work.
    SETTLE = "a worker settles"
    SWEEP = "a worker sweeps"
    RUN_BATCHES = "a worker goes on with batches"
    LEARN = "a worker asks an account of nobody, to learn how it answers"
    # The world.
    WAIT = "time passes"
    REDELIVER = "old bytes are delivered again"
    DELETE_CARD = "staff delete the reward's gift card in Saleor"
    CHANGE_VOUCHER = "staff change the reward's voucher in Saleor, or delete it"
    PERMIT = "the permission for codes is taken away, or given again"
    REVOKE = "the app's token is revoked"
    REINSTALL = "the app is removed and installed again"
    SWITCH = "the app is switched off, or on again"
    SALEOR_AWAY = "Saleor goes away for a while"
    PROVIDER_AWAY = "the provider goes away for a while"
    PROVIDER_REFUSES = "the provider refuses this customer's items"
    PROVIDER_RELENTS = "the provider refuses nobody any more"
    KEY_REVOKED = "the provider refuses the shop's key"
    KEY_MENDED = "the provider takes the keys again"
    LAG = "Saleor's replica stops for a while"


class How(StrEnum):
    """What goes wrong at one effect: a call to the outside, or a commit.

    At a commit, what comes before acting is a commit refused, and what comes after it a commit whose answer was lost.
    """

    NOT_CONNECTED = "no connection"
    TIMEOUT_BEFORE = "time-out, nothing was done"
    TIMEOUT_AFTER = "time-out, yet it was done"
    ACTS_LATER = "time-out, and it is done minutes later"
    CUT_BEFORE = "cut off, nothing was done"
    CUT_AFTER = "cut off, yet it was done"
    FAULT_BEFORE = "status 500, nothing was done"
    FAULT_AFTER = "status 502, yet it was done"
    BUSY = "status 429"
    GARBAGE = "done, and answered with garbage"
    HALF = "done, and answered with half of the answer"
    PAGE = "a web page answers"
    REFUSED = "refused as a whole"
    UNAUTHORIZED = "our key is refused for once"
    STALE = "an old replica answers"
    SLOW = "it takes 19 seconds"
    DIES_BEFORE = "the process dies just before"
    DIES_AFTER = "the process dies just after"
    MEANWHILE_BEFORE = "it takes a while, and before it is done"
    MEANWHILE_AFTER = "it is done, and before we know"


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one delivery of Saleor's."""

    delay_seconds: int = 0
    copies: int = 1
    # Built at once and sent late, as a retry is: a stale snapshot.
    is_stale: bool = False
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class Mishap:
    """What goes wrong at the effect of this number within a step."""

    at: int
    how: How
    seconds: int = 0
    meanwhile: tuple["Step", ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens. `order`, `email` and `shop` choose, `share` is in thousandths, `how` is a variant of the kind."""

    kind: Kind
    order: int = 0
    share: int = 0
    email: int = 0
    how: int = 0
    shop: int = 0
    seconds: int = 0
    fates: tuple[Fate, ...] = ()
    mishaps: tuple[Mishap, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleSetup:
    """An earning rule, as far as the simulation varies it."""

    points_per_unit: Decimal = Decimal(1)
    award: Award = Award.CLAIM
    award_when: Moment = Moment.PAID
    hold_days: int = 0
    expires_days: int | None = None
    bind_email: bool = True
    include_shipping: bool = False
    minimum_total: Decimal = Decimal(0)
    maximum_points: int | None = None
    is_active: bool = True
    include_tax: bool = True
    exclude_gift_cards: bool = False
    count_returned: bool = False


@dataclass(frozen=True, slots=True)
class SpendSetup:
    """A spend rule, as far as the simulation varies it."""

    points_per_unit: Decimal = Decimal(1)
    least_points: int = 1
    greatest_share: Decimal = Decimal(1)
    return_on_cancel: bool = True
    hold_hours: int = 24
    unpaid_orders: bool = True


@dataclass(frozen=True, slots=True)
class RewardSetup:
    """The rewards of each shop, as far as the simulation varies them: a gift card, and a voucher for as many points."""

    points: int = 500
    amount: Decimal = Decimal("10.00")
    days_valid: int | None = None
    return_on_expiry: bool = True
    return_on_refund: bool = True
    limit_each: int | None = None


@dataclass(frozen=True, slots=True)
class Setup:
    """How shop, app and provider are set up."""

    rule: RuleSetup = RuleSetup()
    shops: int = 1
    debt_policy: str = "floor"
    claim_link: str = "own"
    below_zero: str = "allow"
    unknown_email: str = "404"
    instant_answer: str = "items"
    honours_idempotency: bool = False
    # The limits for staff: of one change, and of one person's day.
    change_max: int = 10_000
    day_max: int = 50_000
    # None where points pay nothing.
    spend_rule: SpendSetup | None = None
    # None where there is no reward.
    rewards: RewardSetup | None = None


@dataclass(frozen=True, slots=True)
class History:
    """Everything that will happen, from the first step to the last."""

    seed: int
    setup: Setup
    steps: tuple[Step, ...]
