"""Take a reward: points first, then the code. The same request again gives the same redemption, and takes no more points."""

from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID, uuid4

import structlog
from sqlmodel import Session, col, select

from app.db.debts import points_owed
from app.db.keys import key_in
from app.db.stored_rewards import find_reward, taken_of, terms_in_force
from app.db.stores import store_and_account
from app.db.tables import MovementRow, RedemptionRow, RewardRow
from app.domain.reward_codes import new_code
from app.domain.rewards import RewardPrice, RewardRefusal, RewardTerms, Wish, decide_price
from app.domain.settlement import CauseKind, MovementState
from app.domain.store import StoreState
from app.http.deadlines import within
from app.ledger import entries as ledger
from app.providers.protocol import NotSent, Rejected, held
from app.sealing import fingerprint
from app.usecases.moving.engine_run import Run, open_accounts
from app.usecases.moving.planning import plan
from app.usecases.moving.recording import record
from app.usecases.moving.sending import send
from app.usecases.rewards.look_after_redemptions import go_on
from app.usecases.rewards.moving_points import debit_of, take_here
from app.usecases.rewards.redemption_batch import take_redemptions
from app.usecases.rewards.see_redemption import Redemption, see_redemption
from app.usecases.services import Services

log = structlog.get_logger()

# A shopper waits. What is not known by then is found out later.
TAKE_SECONDS = 8
CODE_SECONDS = 8
_TOO_LATE = Rejected("The points provider could not be asked in time. Nothing was taken.")


class Once(Protocol):
    """What makes a repeated request the same one, in the transaction that does it."""

    def before(self, session: Session, now: datetime) -> UUID | RewardRefusal | None:
        """Give what the request brought before; None where it is new, and reserved now.

        Raises KeyReused where it asked for something else then.
        """
        ...

    def keep(self, session: Session, outcome: UUID | RewardRefusal, now: datetime) -> None:
        """Keep what the request brought."""
        ...


class RewardWish(NamedTuple):
    """Which reward a customer wants, and as what."""

    store_id: int
    reward_id: int
    email: str
    wish: Wish


class _NotNow(Exception):
    """Nothing of this request is kept, so that the same one may succeed later."""

    def __init__(self, why: RewardRefusal) -> None:
        super().__init__(why)
        self.why = why


def redeem(services: Services, asked: RewardWish, *, once: Once) -> Redemption | RewardRefusal | None:
    """Take a reward for a customer, or say why not; None where the store has no such reward.

    The code is in the answer where Saleor has made it by then. Else the redemption waits for it, and `see_redemption` tells.
    Raises KeyReused when another request was made under the same key.
    """
    try:
        outcome = _take(services, asked, once)
    except _NotNow as refused:
        outcome = refused.why
    if outcome is None or isinstance(outcome, RewardRefusal):
        log.info("reward refused", store_id=asked.store_id, code=outcome.value if outcome is not None else "unknown")
        return outcome
    _make_code(services, outcome)
    log.info("reward taken", store_id=asked.store_id, reward_id=asked.reward_id)
    return see_redemption(services, asked.store_id, outcome)


def _make_code(services: Services, reference: UUID) -> None:
    with within(CODE_SECONDS):
        batch = take_redemptions(services, only=reference)
        if batch is not None:
            for one in batch.redemptions:
                go_on(services, batch, one)


def _take(services: Services, asked: RewardWish, once: Once) -> UUID | RewardRefusal | None:
    """Take the points, where they are in our own database in one transaction."""
    now = services.clock()
    with services.database.writing() as session:
        store, account = store_and_account(session, asked.store_id)
        run = Run(services, open_accounts(services, session, store), services.causes[CauseKind.REWARD])
        if store.state != StoreState.ACTIVE:
            raise _NotNow(RewardRefusal.TRY_AGAIN)
        if account.id in run.accounts.local:
            return _take_in(session, run, asked, once, None, now)
    return _take_elsewhere(run, asked, once)


def _take_in(
    session: Session, run: Run, asked: RewardWish, once: Once, available: int | None, now: datetime
) -> UUID | RewardRefusal | None:
    """Write a redemption that is asked for. `available` is what the account said; None: the points are in our own database."""
    known = once.before(session, now)
    if known is not None:
        return known
    reward = find_reward(session, asked.store_id, asked.reward_id, lock=True)
    if reward is None:
        return None
    terms, key = terms_in_force(session, reward), key_in(session, asked.email)
    price = decide_price(terms, asked.wish, taken_of(session, reward, asked.email), now)
    if isinstance(price, RewardPrice) and _balance(session, asked, key, available, now) < price.points:
        price = RewardRefusal.NO_POINTS
    if isinstance(price, RewardRefusal):
        once.keep(session, price, now)
        return price
    redemption = _new_redemption(run, reward, terms, asked, key, price, now)
    session.add(redemption)
    session.flush()
    once.keep(session, redemption.reference, now)
    if available is None:
        take_here(session, run, redemption, terms.name, now)
    elif not plan(session, run, [debit_of(run, redemption, now)], now)[0]:
        raise _NotNow(RewardRefusal.BUSY)
    return redemption.reference


def _balance(session: Session, asked: RewardWish, key: str, available: int | None, now: datetime) -> int:
    """Tell what a customer can spend: what a refund is to take back cannot be spent. Locks a customer of embedded points."""
    if available is None:
        if key not in ledger.find_customers(session, asked.store_id, [key], now):
            return 0
        available = ledger.hold_customers(session, asked.store_id, {key: asked.email.strip()}, now)[key].available
    return available - points_owed(session, asked.store_id, asked.email)


def _new_redemption(
    run: Run, reward: RewardRow, terms: RewardTerms, asked: RewardWish, key: str, price: RewardPrice, now: datetime
) -> RedemptionRow:
    code = new_code()
    return RedemptionRow(
        store_id=reward.store_id,
        reward_id=reward.id or 0,
        version_id=terms.id,
        reference=uuid4(),
        email=asked.email.strip(),
        email_key=key,
        account_id=run.accounts.current.id or 0,
        points=price.points,
        currency=price.currency,
        amount_units=price.amount_units,
        code_sealed=run.services.sealer.seal_short(code),
        code_mark=fingerprint(code),
        asked_at=now,
    )


def _take_elsewhere(run: Run, asked: RewardWish, once: Once) -> UUID | RewardRefusal | None:
    """Take points at an account whose answers can be lost: written before they are asked for, and never guessed."""
    services, account, email = run.services, run.accounts.current, asked.email.strip()
    account_id = account.id or 0
    if run.accounts.paused_until(account_id, services.clock()) is not None:
        raise _NotNow(RewardRefusal.TRY_AGAIN)
    with within(TAKE_SECONDS):
        found = run.accounts.providers[account_id].balances([email])
        if isinstance(found, NotSent):
            raise _NotNow(RewardRefusal.TRY_AGAIN)
        with services.database.writing() as session:
            taken = _take_in(session, run, asked, once, held(found[email]).available, services.clock())
        if not isinstance(taken, UUID):
            return taken
        debit = _debit_to_send(run, taken)
        if debit is not None:
            send(run, [debit])
    if debit is not None and debit.state == MovementState.PLANNED:
        # Nothing may be taken later for what the shopper was told has failed.
        record(run, [(debit, _TOO_LATE)])
    return taken


def _debit_to_send(run: Run, reference: UUID) -> MovementRow | None:
    with run.services.database.reading() as session:
        return session.exec(
            select(MovementRow)
            .join(RedemptionRow, col(RedemptionRow.id) == col(MovementRow.cause_id))
            .where(
                RedemptionRow.reference == reference,
                MovementRow.cause_kind == CauseKind.REWARD,
                MovementRow.state == MovementState.PLANNED,
            )
        ).first()
