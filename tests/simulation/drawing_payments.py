"""In some histories points pay at checkouts, after all else: drawn by itself, so that what comes before stays as it was."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from random import Random

from tests.simulation.steps import Fate, History, How, Kind, Mishap, SpendSetup, Step

# Histories in which points pay.
PAYMENTS = 0.1
# Those in which customers have no more points than they earned.
POOR = 0.25
# Those in which payments are undone afterwards.
UNDONE = 0.5
DAY = 86_400
NEWEST, BEFORE_IT = -1, -2
NewStep = Callable[[Random, Kind], Step]

# What the app is asked while Saleor waits, and what it does by itself.
_ASKED = frozenset({Kind.PAY, Kind.PAY_AGAIN, Kind.PAY_MORE, Kind.PAY_ORDER, Kind.SEND_REQUESTS})
_WORK = frozenset({Kind.SETTLE, Kind.SWEEP})
# What the shop does to an order: mostly to the newest, which is a checkout's.
_OF_ORDER = frozenset({Kind.CANCEL, Kind.REFUND, Kind.EDIT, Kind.CHARGE, Kind.CHARGE_BACK, Kind.RETURN, Kind.GRANT_REFUND})
_AFTERWARDS = (
    *3 * (Kind.REFUND_POINTS, Kind.SEND_REQUESTS, Kind.SETTLE, Kind.COMPLETE),
    *2 * (Kind.WAIT, Kind.REFUND, Kind.CANCEL, Kind.PAY_AGAIN, Kind.PAY_MORE, Kind.SHRINK, Kind.SWEEP),
    *(Kind.PAY, Kind.PAY_ORDER, Kind.EDIT, Kind.CHARGE_BACK, Kind.RETURN, Kind.GRANT_REFUND),
    *(Kind.RELEASE_FUNDS, Kind.RELEASE_SPEND, Kind.SPEND_RULE, Kind.MOVE, Kind.PROVIDER, Kind.RESOLVE, Kind.SPEND),
    *(Kind.LAG, Kind.REINSTALL, Kind.SWITCH, Kind.SALEOR_AWAY, Kind.PROVIDER_AWAY, Kind.REDELIVER),
)
_MEANWHILE = (
    *(Kind.PAY, Kind.PAY_AGAIN, Kind.PAY_MORE, Kind.COMPLETE, Kind.COMPLETE, Kind.SHRINK, Kind.SETTLE, Kind.SETTLE),
    *(Kind.REFUND_POINTS, Kind.SEND_REQUESTS, Kind.RELEASE_FUNDS, Kind.RELEASE_SPEND, Kind.MOVE, Kind.CANCEL, Kind.SPEND),
)
_BEFORE_IT_IS_UNDONE = (Kind.REFUND_POINTS, Kind.SEND_REQUESTS, Kind.SETTLE, Kind.COMPLETE, Kind.PAY, Kind.TAKE_OFF)
_AFTER_IT_IS_UNDONE = (
    *2 * (Kind.SETTLE, Kind.REFUND_POINTS, Kind.SEND_REQUESTS),
    *(Kind.OTHER, Kind.SWEEP, Kind.WAIT, Kind.MOVE, Kind.PAY, Kind.TAKE_OFF, Kind.CANCEL, Kind.PROVIDER, Kind.SPEND),
)
_NESTING = (How.MEANWHILE_BEFORE, How.MEANWHILE_AFTER)
_FAULTS = (
    *3 * (How.DIES_BEFORE, How.DIES_AFTER, How.TIMEOUT_BEFORE, How.TIMEOUT_AFTER),
    *(How.NOT_CONNECTED, How.CUT_AFTER, How.FAULT_AFTER, How.ACTS_LATER, How.BUSY, How.GARBAGE, How.REFUSED, How.SLOW),
)


def with_payments(history: History, new_step: NewStep) -> History:
    """Let points pay, and go on with checkouts, where the history is one of those."""
    random = Random(f"the payments of {history.seed}")
    if random.random() >= PAYMENTS:
        return history
    steps: list[Step] = []
    if random.random() >= POOR:
        steps += [replace(new_step(random, Kind.OTHER), email=email, how=1) for email in range(3)]
    shop, email = random.randrange(history.setup.shops), random.randrange(3)
    for _ in range(random.randint(1, 3)):
        steps += random.choice((_bought, _bought, _left, _torn))(random, new_step)
    steps = [replace(step, shop=shop) if random.random() < 0.9 else step for step in steps]
    steps = [_of_somebody(random, step, email) for step in steps]
    setup, undone = replace(history.setup, spend_rule=_rule(random)), _undone(history.seed, new_step, shop, email)
    return replace(history, setup=setup, steps=(*history.steps, *steps, *undone))


def _undone(seed: int, new_step: NewStep, shop: int, email: int) -> list[Step]:
    """In half of them, go on: points are taken off a cart, and refunds fail or are reversed, whole or in part."""
    random = Random(f"the payments that are undone of {seed}")
    if random.random() >= UNDONE:
        return []
    steps = [replace(_step(random, kind, new_step), email=email) for kind in (Kind.PAY, Kind.WAIT, Kind.SETTLE, Kind.TAKE_OFF)]
    steps += [replace(_step(random, Kind.WAIT, new_step), seconds=200), _step(random, Kind.SETTLE, new_step)]
    for _ in range(random.randint(1, 3)):
        kinds = [*random.choices(_BEFORE_IT_IS_UNDONE, k=random.randint(0, 3)), Kind.REVERSE_POINTS]
        steps += [_step(random, kind, new_step) for kind in kinds]
        steps += [_step(random, kind, new_step) for kind in random.choices(_AFTER_IT_IS_UNDONE, k=random.randint(1, 4))]
    return [replace(step, shop=shop) if random.random() < 0.9 else step for step in steps]


def _rule(random: Random) -> SpendSetup:
    return SpendSetup(
        points_per_unit=random.choice((Decimal(1), Decimal(3), Decimal("0.7"), Decimal(100))),
        least_points=random.choice((1, 1, 1, 30)),
        greatest_share=random.choice((Decimal(1), Decimal(1), Decimal("0.4"))),
        return_on_cancel=random.random() < 0.8,
        hold_hours=random.choice((24, 24, 24, 2)),
        unpaid_orders=random.random() < 0.5,
    )


def _bought(random: Random, new_step: NewStep) -> list[Step]:
    """Pay, complete, and let things happen to the order."""
    kinds = [Kind.PAY, *random.choice(((), (Kind.PAY_AGAIN,), (Kind.PAY_MORE,))), Kind.SETTLE, Kind.COMPLETE]
    kinds += [Kind.SWEEP, Kind.SETTLE, *random.choices(_AFTERWARDS, k=random.randint(2, 9))]
    return [_step(random, kind, new_step) for kind in kinds]


def _left(random: Random, new_step: NewStep) -> list[Step]:
    """Pay, leave for a day, and come back in the very moment in which the points go back."""
    paid = [_step(random, kind, new_step) for kind in (Kind.PAY, Kind.WAIT, Kind.SETTLE)]
    waits = replace(new_step(random, Kind.WAIT), seconds=random.randint(DAY - 600, 2 * DAY))
    comes_back = tuple(_step(random, kind, new_step) for kind in random.choices(_MEANWHILE, k=random.randint(1, 2)))
    mishap = Mishap(random.randrange(9), random.choice(_NESTING), random.choice((0, 1, 6)), comes_back)
    work = replace(new_step(random, Kind.SETTLE), mishaps=(mishap,))
    after = [_step(random, kind, new_step) for kind in random.choices(_AFTERWARDS, k=random.randint(1, 4))]
    return [*paid, waits, work, *after]


def _torn(random: Random, new_step: NewStep) -> list[Step]:
    """Pay for several checkouts at once, and let anything happen."""
    paid = [_step(random, Kind.PAY, new_step) for _ in range(random.randint(2, 4))]
    return [*paid, *(_step(random, kind, new_step) for kind in random.choices(_AFTERWARDS, k=random.randint(4, 10)))]


def _step(random: Random, kind: Kind, new_step: NewStep) -> Step:
    """Draw a step, and what goes wrong with it. Of what has no variant that is usual, half are made so."""
    step = new_step(random, kind)
    if kind in {Kind.PAY, Kind.PAY_AGAIN, Kind.PAY_MORE, Kind.PAY_ORDER} and random.random() < 0.5:
        step = replace(step, how=0)
    if kind in _OF_ORDER:
        step = replace(step, order=random.choice((NEWEST, NEWEST, NEWEST, BEFORE_IT, random.randrange(6))))
    if kind in _ASKED and random.random() < 0.4:
        step = replace(step, mishaps=(_mishap(random, new_step, most=7),))
    if kind in _WORK and random.random() < 0.4:
        step = replace(step, mishaps=(_mishap(random, new_step, most=12),))
    return step


def _mishap(random: Random, new_step: NewStep, *, most: int) -> Mishap:
    at = min(random.randrange(most), random.randrange(most))
    if random.random() < 0.6:
        return Mishap(at, random.choice(_FAULTS), seconds=random.choice((5, 45, 200, 299)))
    meanwhile = tuple(replace(new_step(random, kind), mishaps=()) for kind in random.choices(_MEANWHILE, k=random.randint(1, 2)))
    return Mishap(at, random.choice(_NESTING), random.choice((0, 1, 6, 15, 61)), meanwhile)


def _of_somebody(random: Random, step: Step, email: int) -> Step:
    """Let one customer pay most of it, so that payments meet; and lose fewer deliveries than elsewhere."""
    if step.kind is Kind.OTHER:
        return step
    step = replace(step, email=email) if random.random() < 0.7 else step
    return replace(step, fates=(Fate(), *step.fates[:2])) if random.random() < 0.5 else step
