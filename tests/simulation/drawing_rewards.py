"""In some histories customers take rewards, after all else: drawn by itself, so that what comes before stays as it was."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from tests.simulation.steps import Fate, History, How, Kind, Mishap, RewardSetup, Step

# Histories in which there are rewards.
REWARDS = 0.12
DAY = 86_400
NewStep = Callable[[Random, Kind], Step]

_ASKED = frozenset({Kind.REDEEM, Kind.REDEEM_AGAIN, Kind.WITHDRAW})
_WORK = frozenset({Kind.SETTLE, Kind.SWEEP})
_AFTERWARDS = (
    *4 * (Kind.SETTLE, Kind.REDEEM_AGAIN, Kind.USE_CODE, Kind.CHECK_OUT),
    *3 * (Kind.WITHDRAW, Kind.WAIT, Kind.REDEEM),
    *2 * (Kind.SWEEP, Kind.REFUND, Kind.CANCEL, Kind.PUT_BACK, Kind.CHANGE_VOUCHER, Kind.PERMIT),
    *(Kind.DELETE_CARD, Kind.SETTLE_REWARD, Kind.MOVE, Kind.PROVIDER, Kind.RESOLVE, Kind.SPEND, Kind.RETURN),
    *(Kind.LAG, Kind.REINSTALL, Kind.SWITCH, Kind.SALEOR_AWAY, Kind.PROVIDER_AWAY, Kind.PROVIDER_REFUSES, Kind.SECRET),
)
_MEANWHILE = (
    *(Kind.SETTLE, Kind.SETTLE, Kind.SETTLE, Kind.WITHDRAW, Kind.WITHDRAW, Kind.USE_CODE, Kind.CHECK_OUT, Kind.CHECK_OUT),
    *(Kind.REDEEM_AGAIN, Kind.REDEEM, Kind.DELETE_CARD, Kind.CHANGE_VOUCHER, Kind.PERMIT, Kind.PUT_BACK, Kind.SETTLE_REWARD),
)
_NESTING = (How.MEANWHILE_BEFORE, How.MEANWHILE_AFTER)
_FAULTS = (
    *3 * (How.DIES_BEFORE, How.DIES_AFTER, How.TIMEOUT_BEFORE, How.TIMEOUT_AFTER),
    *(How.NOT_CONNECTED, How.CUT_AFTER, How.FAULT_AFTER, How.ACTS_LATER, How.ACTS_LATER, How.BUSY, How.GARBAGE, How.REFUSED),
    *(How.SLOW, How.STALE, How.STALE),
)


def with_rewards(history: History, new_step: NewStep) -> History:
    """Offer rewards, and let customers take and use them, where the history is one of those."""
    random = Random(f"the rewards of {history.seed}")
    if random.random() >= REWARDS:
        return history
    steps = [replace(new_step(random, Kind.OTHER), email=email, how=1) for email in range(3)]
    shop, email = random.randrange(history.setup.shops), random.randrange(3)
    for _ in range(random.randint(1, 3)):
        steps += random.choice((_used, _given_back, _given_back, _torn))(random, new_step)
    steps = [replace(step, shop=shop) if random.random() < 0.9 else step for step in steps]
    steps = [_of_somebody(random, step, email) for step in steps]
    return replace(history, setup=replace(history.setup, rewards=_rewards(random)), steps=(*history.steps, *steps))


def _rewards(random: Random) -> RewardSetup:
    return RewardSetup(
        points=random.choice((500, 333, 7)),
        days_valid=random.choice((None, None, 1, 3)),
        return_on_expiry=random.random() < 0.7,
        limit_each=random.choice((None, None, None, 1)),
        return_on_refund=random.random() < 0.8,
    )


def _used(random: Random, new_step: NewStep) -> list[Step]:
    """Take a reward, use its code, and let things happen to the order."""
    kinds = [Kind.REDEEM, Kind.REDEEM_AGAIN, Kind.USE_CODE, Kind.CHECK_OUT, Kind.SWEEP, Kind.SETTLE]
    kinds += random.choices(_AFTERWARDS, k=random.randint(2, 8))
    return [_step(random, kind, new_step) for kind in kinds]


def _given_back(random: Random, new_step: NewStep) -> list[Step]:
    """Give a reward back, and use its code in the same minutes."""
    begun = [_step(random, kind, new_step) for kind in (Kind.REDEEM, Kind.SETTLE, Kind.REDEEM_AGAIN, Kind.USE_CODE)]
    meanwhile = (new_step(random, Kind.WITHDRAW), replace(new_step(random, Kind.SETTLE), mishaps=()))
    mishap = Mishap(0, How.MEANWHILE_BEFORE, 0, meanwhile)
    racing = replace(_step(random, Kind.CHECK_OUT, new_step), mishaps=(mishap,))
    withdrawn = [_step(random, Kind.WITHDRAW, new_step), _step(random, Kind.SETTLE, new_step)]
    middle = [racing] if random.random() < 0.5 else [*withdrawn, _step(random, Kind.CHECK_OUT, new_step)]
    after = []
    for _ in range(2):
        waits = replace(new_step(random, Kind.WAIT), seconds=random.choice((60, 590, 610, 700, 4_000)))
        after += [waits, _step(random, Kind.SETTLE, new_step)]
    others = [_step(random, kind, new_step) for kind in random.choices(_AFTERWARDS, k=random.randint(0, 3))]
    return [*begun, *middle, *others, *after]


def _torn(random: Random, new_step: NewStep) -> list[Step]:
    """Take several rewards at once, let them grow old perhaps, and let anything happen."""
    taken = [_step(random, Kind.REDEEM, new_step) for _ in range(random.randint(2, 4))]
    waits = [replace(new_step(random, Kind.WAIT), seconds=random.randint(DAY // 2, 5 * DAY))] if random.random() < 0.4 else []
    kinds = random.choices(_AFTERWARDS, k=random.randint(4, 10))
    return [*taken, *waits, *(_step(random, kind, new_step) for kind in kinds)]


def _step(random: Random, kind: Kind, new_step: NewStep) -> Step:
    """Draw a step, and what goes wrong with it. Of what has no variant that is usual, half are made so."""
    step = new_step(random, kind)
    if kind in {Kind.REDEEM, Kind.REDEEM_AGAIN} and random.random() < 0.4:
        step = replace(step, how=random.choice((0, 0, 5)))
    if kind in {Kind.REFUND, Kind.CANCEL, Kind.RETURN}:
        step = replace(step, order=random.choice((-1, -1, -2, random.randrange(6))))
    if kind in _ASKED and random.random() < 0.4:
        step = replace(step, mishaps=(_mishap(random, new_step, most=7),))
    if kind in _WORK and random.random() < 0.5:
        step = replace(step, mishaps=(_mishap(random, new_step, most=9),))
    if kind is Kind.CHECK_OUT and random.random() < 0.4:
        step = replace(step, mishaps=(Mishap(0, How.MEANWHILE_BEFORE, 0, _meanwhile(random, new_step)),))
    return step


def _mishap(random: Random, new_step: NewStep, *, most: int) -> Mishap:
    at = min(random.randrange(most), random.randrange(most))
    if random.random() < 0.65:
        return Mishap(at, random.choice(_FAULTS), seconds=random.choice((5, 45, 200, 299, 700)))
    return Mishap(at, random.choice(_NESTING), random.choice((0, 1, 6, 15, 61)), _meanwhile(random, new_step))


def _meanwhile(random: Random, new_step: NewStep) -> tuple[Step, ...]:
    return tuple(replace(new_step(random, kind), mishaps=()) for kind in random.choices(_MEANWHILE, k=random.randint(1, 2)))


def _of_somebody(random: Random, step: Step, email: int) -> Step:
    """Let one customer take most of it, and lose fewer deliveries than elsewhere."""
    if step.kind is Kind.OTHER:
        return step
    step = replace(step, email=email) if random.random() < 0.7 else step
    return replace(step, fates=(Fate(), *step.fates[:2])) if random.random() < 0.5 else step
