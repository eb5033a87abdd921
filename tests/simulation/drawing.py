"""A seed becomes a history. The same seed is the same history on every machine and every database."""

from dataclasses import replace
from decimal import Decimal
from random import Random

from app.domain.earning import Award, Moment
from tests.simulation.drawing_payments import NEWEST, with_payments
from tests.simulation.drawing_rewards import with_rewards
from tests.simulation.drawing_staff import with_batches
from tests.simulation.steps import CARD_IN_PART, CARD_IN_WHOLE, Fate, History, How, Kind, Mishap, RuleSetup, Setup, Step

RUNS = (6, 16)
ORDERS_MAX = 6
SHOPS_MAX = 2
EMAILS = ("ada@example.com", "Grace.Hopper@Example.COM", "alan@example.org", "")
# Every third of Saleor's deliveries, nearly, is never made.
LOST = 0.3
# Histories in which the provider refuses a key for a time.
KEY_TROUBLE = 0.25
# Histories in which an INSTANT's answer is lost while its customer spends; and in which points to take back are spent.
DOUBT = 0.25
# Histories in which a worker asks an account how it answers of nobody.
LEARNING = 0.5
# How a key is answered that is refused with status 404.
NOT_FOUND = 2
DEBT = 0.25
# Histories in which goods are replaced, an order begins as a draft, goods are swapped under the same totals, and goods come back.
EXCHANGE = 0.4
DRAFTED = 0.25
SWAPPED = 0.25
RETURNED = 0.4
# Histories in which staff edit an order for which a gift card paid, before they confirm it.
CARD_EDITED = 0.3
# Histories in which staff move a customer, perhaps with an answer lost, before a refund.
MOVED = 0.35
# Histories in which customers pay at a till, and bring goods back.
AT_A_TILL = 0.35
# Histories of which the rule has one of the options that few rules have.
OPTIONS = 0.3

# What happens, in runs of what belongs together: after most changes somebody settles, and so on.
_SHOP: dict[Kind, int] = {
    Kind.PLACE: 5,
    Kind.CHARGE: 7,
    Kind.MARK_PAID: 4,
    Kind.REFUND: 12,
    Kind.REQUEST_REFUND: 3,
    Kind.REFUND_SUCCEEDED: 2,
    Kind.REFUND_FAILED: 3,
    Kind.REVERSE_REFUND: 3,
    Kind.REPORT_REFUND: 3,
    Kind.CHARGE_BACK: 5,
    Kind.GRANT_REFUND: 1,
    Kind.CANCEL: 2,
    Kind.EXPIRE: 1,
    Kind.EMAIL: 4,
    Kind.EDIT: 2,
    Kind.FULFILL: 4,
    Kind.RETURN: 2,
    Kind.NOTE: 1,
    Kind.WIPE: 1,
    Kind.DELETE_VARIANT: 1,
}
_PEOPLE: dict[Kind, int] = {
    Kind.VISIT: 6,
    Kind.TAKE: 10,
    Kind.SPEND: 6,
    Kind.OTHER: 3,
    Kind.ADJUST: 5,
    Kind.ADJUST_CUSTOMER: 3,
    Kind.WRITE_OFF: 2,
    Kind.LOOK_AGAIN: 1,
    Kind.RESOLVE: 4,
    Kind.RULE: 2,
    Kind.PROVIDER: 2,
    Kind.SECRET: 3,
}
_WORLD: dict[Kind, int] = {
    Kind.REDELIVER: 4,
    Kind.REVOKE: 1,
    Kind.REINSTALL: 1,
    Kind.SWITCH: 1,
    Kind.SALEOR_AWAY: 2,
    Kind.PROVIDER_AWAY: 2,
    Kind.PROVIDER_REFUSES: 1,
    Kind.PROVIDER_RELENTS: 1,
    Kind.LAG: 3,
}
Some = dict[Kind, int] | Kind
_RUNS: tuple[tuple[tuple[Some, ...], int], ...] = (
    ((_SHOP,), 6),
    ((_SHOP, Kind.SETTLE), 18),
    ((_SHOP, _SHOP, Kind.SETTLE), 4),
    ((Kind.SETTLE,), 8),
    ((Kind.SWEEP, Kind.SETTLE, Kind.TAKE), 5),
    ((Kind.SWEEP, Kind.SETTLE, Kind.TAKE, _SHOP, Kind.SETTLE), 12),
    ((Kind.SWEEP, Kind.SETTLE, Kind.VISIT, _SHOP, Kind.SETTLE, Kind.TAKE), 6),
    ((Kind.TAKE, Kind.SPEND, _SHOP, Kind.SETTLE), 3),
    ((_PEOPLE,), 8),
    ((_PEOPLE, Kind.SETTLE), 10),
    ((Kind.SWEEP, Kind.SETTLE), 4),
    ((_SHOP, Kind.WAIT, Kind.PLACE, Kind.SWEEP, Kind.SETTLE), 6),
    ((Kind.WAIT,), 10),
    ((Kind.WAIT, Kind.SETTLE), 8),
    ((_WORLD,), 5),
    ((_WORLD, Kind.SETTLE), 3),
)
# What may happen in the middle of something else.
_MEANWHILE = (
    Kind.SETTLE,
    Kind.SETTLE,
    Kind.SETTLE,
    Kind.SETTLE,
    Kind.SETTLE,
    Kind.SWEEP,
    Kind.SWEEP,
    Kind.ADJUST,
    Kind.ADJUST,
    Kind.REFUND,
    Kind.CHARGE,
    Kind.CHARGE_BACK,
    Kind.EMAIL,
    Kind.VISIT,
    Kind.TAKE,
    Kind.SPEND,
    Kind.ADJUST,
    Kind.ADJUST_CUSTOMER,
    Kind.PROVIDER,
    Kind.RESOLVE,
    Kind.WRITE_OFF,
    Kind.LOOK_AGAIN,
    Kind.WAIT,
    Kind.REINSTALL,
)
_WITH_MISHAPS = frozenset({Kind.SETTLE, Kind.SWEEP, Kind.VISIT, Kind.TAKE})
_EARNING = (Kind.CHARGE, Kind.REFUND, Kind.ADJUST)
_LOSING = (How.TIMEOUT_AFTER, How.TIMEOUT_AFTER, How.CUT_AFTER, How.FAULT_AFTER, How.ACTS_LATER, How.TIMEOUT_BEFORE)
_FAULTS = (*(how for how in How if not how.name.startswith("MEANWHILE")), *3 * (How.STALE,), *2 * (How.TIMEOUT_AFTER,))
# The first few effects of a step happen nearly always, the later ones seldom.
_EFFECTS = (0, 1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13)


def draw(seed: int) -> History:
    """Draw the history of a seed."""
    random = Random(seed)
    setup = _setup(random)
    placed = [_step(random, Kind.PLACE) for _ in range(3)]
    steps = [_step(random, Kind.SETTLE)]
    for _ in range(random.randint(*RUNS)):
        steps += _run(random)
    setup = replace(setup, rule=_with_options(seed, setup.rule))
    history = History(seed, setup, _with_learning(seed, _with_key_trouble(seed, _with_rare_runs(seed, (*placed, *steps)))))
    return with_batches(with_rewards(with_payments(history, _step), _step), _step)


def _with_rare_runs(seed: int, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Put in what else happens seldom, in some histories: drawn by itself, so that the rest does not change with it."""
    random = Random(f"the rare runs of {seed}")
    for chance, run in _RARE_RUNS:
        if random.random() < chance:
            at = random.randrange(len(steps) // 4, len(steps) + 1)
            steps = (*steps[:at], *run(random), *steps[at:])
    return steps


def _doubt(random: Random) -> list[Step]:
    """Lose the answer to an INSTANT. Then its customer spends, so that the balance tells nothing and staff decide; or whatever
    answers at the provider's address knows nobody for a time.
    """
    order, shop = random.randrange(ORDERS_MAX), random.randrange(SHOPS_MAX)
    change, sweep, settle = (_step(random, kind) for kind in (random.choice(_EARNING), Kind.SWEEP, Kind.SETTLE))
    # The call comes fifth, after the lease, the read, the plan, the balance and the note that it is sent.
    lost = replace(settle, mishaps=(Mishap(5, random.choice(_LOSING), seconds=45),))
    until_first, until_second = (
        replace(_step(random, Kind.WAIT), seconds=random.randint(*long)) for long in ((121, 400), (601, 700))
    )
    if random.random() < 0.4:
        trouble, after = (
            [replace(_step(random, Kind.KEY_REVOKED), how=NOT_FOUND)],
            [_step(random, Kind.KEY_MENDED), until_first, settle],
        )
    else:
        kind, share = random.choice((Kind.SPEND, Kind.SPEND, Kind.OTHER)), random.randint(50, 500)
        trouble, after = _by_everybody(random, kind, share=share), [_step(random, Kind.RESOLVE)] * random.choice((0, 1))
    run = [change, sweep, lost, *trouble, until_first, settle, until_second, settle, *after]
    return [replace(step, order=order, shop=shop) for step in run]


def _debt(random: Random) -> list[Step]:
    """Have all points spent before a refund: a shortfall, which staff may write off, and somebody earns again."""
    order, shop = random.randrange(ORDERS_MAX), random.randrange(SHOPS_MAX)
    earned = [replace(_step(random, Kind.CHARGE), share=1000), *(_step(random, kind) for kind in (Kind.SWEEP, Kind.SETTLE))]
    taken = replace(_step(random, Kind.TAKE), how=0)
    kinds = (Kind.REFUND, Kind.SWEEP, Kind.SETTLE, Kind.WRITE_OFF, Kind.SETTLE)
    after = [_step(random, kind) for kind in kinds]
    run = [*earned, taken, *_by_everybody(random, Kind.SPEND, share=1000), *after]
    return [replace(step, order=order, shop=shop) for step in run]


def _exchange(random: Random) -> list[Step]:
    """Pay an order, and replace goods of it; perhaps refund or return some."""
    order, shop = random.randrange(ORDERS_MAX), random.randrange(SHOPS_MAX)
    paid = [replace(_step(random, Kind.CHARGE), share=1000), *(_step(random, kind) for kind in (Kind.SWEEP, Kind.SETTLE))]
    kinds = (
        Kind.EXCHANGE,
        Kind.SWEEP,
        Kind.SETTLE,
        random.choice((Kind.TAKE, Kind.RETURN)),
        random.choice((Kind.REFUND, Kind.NOTE)),
    )
    return [replace(step, order=order, shop=shop) for step in (*paid, *(_step(random, kind) for kind in kinds))]


def _drafted(random: Random) -> list[Step]:
    """Begin a draft, change the rule meanwhile, and place it."""
    kinds = (
        Kind.DRAFT,
        Kind.WAIT,
        random.choice((Kind.RULE, Kind.RULE, Kind.SETTLE)),
        Kind.WAIT,
        Kind.PLACE_DRAFT,
        Kind.SWEEP,
        Kind.SETTLE,
    )
    shop = random.randrange(SHOPS_MAX)
    return [replace(_step(random, kind), shop=shop) for kind in kinds]


def _swapped(random: Random) -> list[Step]:
    """Place an order that staff must confirm, settle it, and swap its goods under the same totals."""
    placed = replace(_step(random, Kind.PLACE), how=random.choice((3, 3, 7)))
    kinds = (Kind.SWEEP, Kind.SETTLE, Kind.SWAP, Kind.SWEEP, Kind.SETTLE)
    order, shop = random.randrange(ORDERS_MAX), random.randrange(SHOPS_MAX)
    return [replace(step, order=order, shop=shop) for step in (placed, *(_step(random, kind) for kind in kinds))]


def _card_edited(random: Random) -> list[Step]:
    """Pay with a gift card, mostly let the app read it, and edit the order: Saleor forgets the card. Then the rest is paid."""
    email, shop = random.randrange(3), random.randrange(SHOPS_MAX)
    placed = replace(_step(random, Kind.PLACE), how=random.choice((CARD_IN_PART, CARD_IN_WHOLE)))
    read = [_step(random, kind) for kind in (Kind.SWEEP, Kind.SETTLE)] if random.random() < 0.8 else []
    edited = _step(random, random.choice((Kind.EDIT, Kind.SWAP)))
    kinds = (
        *(Kind.SWEEP, Kind.SETTLE),
        random.choice((Kind.CHARGE, Kind.MARK_PAID, Kind.NOTE)),
        random.choice((Kind.TAKE, Kind.EDIT, Kind.SWAP)),
        random.choice((Kind.REFUND, Kind.RETURN, Kind.CANCEL)),
        *(Kind.SWEEP, Kind.SETTLE),
    )
    after = [replace(step, order=NEWEST) for step in (edited, *(_step(random, kind) for kind in kinds))]
    return [replace(step, shop=shop, email=email) for step in (placed, *read, *after)]


def _returned(random: Random) -> list[Step]:
    """Pay with a gift card, or with money, and return goods with a refund or without one."""
    placed = replace(_step(random, Kind.PLACE), how=random.choice((0, 4, 4, 5, 5)))
    kinds = (
        Kind.SWEEP,
        Kind.SETTLE,
        Kind.RETURN,
        random.choice((Kind.REFUND, Kind.SWEEP)),
        Kind.SETTLE,
        Kind.RETURN,
        Kind.SETTLE,
    )
    order, shop = random.randrange(ORDERS_MAX), random.randrange(SHOPS_MAX)
    return [replace(step, order=order, shop=shop) for step in (placed, *(_step(random, kind) for kind in kinds))]


def _moved(random: Random) -> list[Step]:
    """Pay an order, take its points, and move its customer; perhaps further, or back; then refund."""
    email = random.randrange(3)
    placed = replace(_step(random, Kind.PLACE), how=0)
    kinds = (Kind.SWEEP, Kind.SETTLE, Kind.TAKE, Kind.SETTLE, Kind.MOVE, Kind.SETTLE)
    run = [placed, *(_step(random, kind) for kind in kinds)]
    if random.random() < 0.4:
        run += [_step(random, random.choice((Kind.MOVE, Kind.REFUND, Kind.TAKE))), _step(random, Kind.SETTLE)]
    run += [_step(random, kind) for kind in (Kind.REFUND, Kind.SWEEP, Kind.SETTLE)]
    order, shop = random.randrange(ORDERS_MAX), random.randrange(SHOPS_MAX)
    return [replace(step, order=order, shop=shop, email=email) for step in run]


def _at_a_till(random: Random) -> list[Step]:
    """Pay with an order's points at a till; then a refund wants them, or a customer is moved; and goods come back."""
    email = random.randrange(3)
    placed = replace(_step(random, Kind.PLACE), how=0)
    taken = [_step(random, kind) for kind in (Kind.SWEEP, Kind.SETTLE, Kind.TAKE, Kind.SETTLE, Kind.TILL_SPEND)]
    others = (Kind.TILL_SPEND, Kind.TILL_RETURN, Kind.REFUND, Kind.MOVE, Kind.ADJUST_CUSTOMER, Kind.TAKE)
    after = [_step(random, kind) for _ in range(random.randint(1, 3)) for kind in (random.choice(others), Kind.SETTLE)]
    back = [_step(random, kind) for kind in (Kind.TILL_RETURN, Kind.SETTLE, Kind.TILL_SPEND)]
    order, shop = random.randrange(ORDERS_MAX), random.randrange(SHOPS_MAX)
    return [replace(step, order=order, shop=shop, email=email) for step in (placed, *taken, *after, *back)]


_RARE_RUNS = (
    *((DOUBT, _doubt), (DEBT, _debt)),
    *((EXCHANGE, _exchange), (DRAFTED, _drafted), (SWAPPED, _swapped), (RETURNED, _returned), (MOVED, _moved)),
    *((AT_A_TILL, _at_a_till), (CARD_EDITED, _card_edited)),
)


def _with_options(seed: int, rule: RuleSetup) -> RuleSetup:
    """Switch on what few rules have, in some histories: drawn by itself too."""
    random = Random(f"the options of {seed}")
    if random.random() >= OPTIONS:
        return rule
    return replace(
        rule,
        include_tax=random.random() < 0.5,
        exclude_gift_cards=random.random() < 0.4,
        count_returned=random.random() < 0.5,
    )


def _by_everybody(random: Random, kind: Kind, *, share: int) -> list[Step]:
    """Let each customer who has an address do something."""
    return [replace(_step(random, kind), email=place, share=share) for place, email in enumerate(EMAILS) if email]


def _with_key_trouble(seed: int, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Let the provider refuse the key for a time, in some histories: drawn by itself, so that all others stay as they were."""
    random = Random(f"the key of {seed}")
    if random.random() >= KEY_TROUBLE:
        return steps
    begin, end = sorted(random.choices(range(len(steps) // 4, len(steps)), k=2))
    revoked = _step(random, Kind.KEY_REVOKED)
    # Where it is not mended here, it is at the quiet end.
    mended = (_step(random, Kind.KEY_MENDED),) if random.random() < 0.7 else ()
    if steps[begin].kind is Kind.SETTLE:
        # In the middle of the work, between any two effects of it.
        mishap = Mishap(random.choice(_EFFECTS), How.MEANWHILE_BEFORE, meanwhile=(revoked,))
        within = replace(steps[begin], mishaps=(*steps[begin].mishaps, mishap))
        return (*steps[:begin], within, *steps[begin + 1 : end + 1], *mended, *steps[end + 1 :])
    return (*steps[:begin], revoked, *steps[begin:end], *mended, *steps[end:])


def _with_learning(seed: int, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Let a worker learn how an account answers of nobody, in some histories: drawn by itself too."""
    random = Random(f"what is learnt in {seed}")
    if random.random() >= LEARNING:
        return steps
    at = random.randrange(len(steps) // 2)
    mishaps = (_fault(random),) if random.random() < 0.3 else ()
    return (*steps[:at], replace(_step(random, Kind.LEARN), mishaps=mishaps), *steps[at:])


def _run(random: Random) -> list[Step]:
    """Draw a few steps about one order of one shop."""
    [(kinds, _)] = random.choices(_RUNS, [weight for _, weight in _RUNS])
    order, shop = random.randrange(ORDERS_MAX), random.randrange(SHOPS_MAX)
    return [replace(_step(random, _one_of(random, kind)), order=order, shop=shop) for kind in kinds]


def _one_of(random: Random, some: Some) -> Kind:
    return some if isinstance(some, Kind) else random.choices(tuple(some), tuple(some.values()))[0]


def _setup(random: Random) -> Setup:
    return Setup(
        rule=_rule(random),
        shops=random.choice((1, 1, SHOPS_MAX)),
        debt_policy=random.choice(("floor", "floor", "floor", "negative")),
        claim_link=random.choice(("own", "own", "own", "own", "direct")),
        below_zero=random.choice(("allow", "allow", "refuse")),
        unknown_email=random.choice(("404", "zeros")),
        instant_answer=random.choice(("items", "items", "success", "empty", "text")),
        honours_idempotency=random.random() < 0.2,
    )


def _rule(random: Random) -> RuleSetup:
    return RuleSetup(
        points_per_unit=random.choice((Decimal(1), Decimal(1), Decimal("0.5"), Decimal("2.37"))),
        award=random.choice((Award.CLAIM, Award.CLAIM, Award.CLAIM, Award.INSTANT, Award.INSTANT, Award.AUTO)),
        award_when=Moment.FULFILLED if random.random() < 0.08 else Moment.PAID,
        hold_days=random.choice((0, 0, 0, 0, 0, 0, 0, 0, 1, 3)),
        expires_days=random.choice((None, None, None, 1, 30)),
        bind_email=random.random() < 0.85,
        include_shipping=random.random() < 0.2,
        minimum_total=random.choice((Decimal(0), Decimal(0), Decimal(0), Decimal(20))),
        maximum_points=random.choice((None, None, None, None, 40)),
        is_active=random.random() < 0.95,
    )


def _step(random: Random, kind: Kind, *, is_nested: bool = False) -> Step:
    step = Step(
        kind,
        order=random.randrange(ORDERS_MAX),
        shop=random.randrange(SHOPS_MAX),
        share=random.choice((1000, *(random.randint(1, 999) for _ in range(4)))),
        email=random.choices(range(len(EMAILS)), (8, 6, 4, 1))[0],
        # A shop's first variants are what is usual.
        how=random.choice((0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7)) if kind is Kind.PLACE else random.randrange(8),
        seconds=_seconds(random),
        fates=tuple(_fate(random) for _ in range(3)),
    )
    if kind in _WITH_MISHAPS and not is_nested and random.random() < 0.65:
        count = random.choice((1, 1, 2, 3))
        step = replace(step, mishaps=tuple(_mishap(random) for _ in range(count)))
    if kind is Kind.SETTLE and is_nested and random.random() < 0.4:
        step = replace(step, mishaps=(_fault(random),))
    return step


def _seconds(random: Random) -> int:
    longest = random.choice((10, 60, 400, 900, 4000, 30_000, 200_000))
    return random.randint(1, longest)


def _fate(random: Random) -> Fate:
    if random.random() < LOST:
        return Fate(is_lost=True)
    delay = random.choice((0, 0, 0, 1, 20, 120, 310, 3_600, 90_000))
    return Fate(random.randint(0, delay), random.choice((1, 1, 1, 2, 3)), is_stale=random.random() < 0.4)


def _mishap(random: Random) -> Mishap:
    if random.random() < 0.5:
        return _fault(random)
    at = random.choice(_EFFECTS)
    how = random.choice((How.MEANWHILE_BEFORE, How.MEANWHILE_AFTER, How.MEANWHILE_AFTER))
    seconds = random.choice((0, 1, 6, 15, 19, 61, 61, 61, 200, 310, 640, 1_500))
    return Mishap(at, how, seconds, _meanwhile(random))


def _fault(random: Random) -> Mishap:
    return Mishap(random.choice(_EFFECTS), random.choice(_FAULTS), seconds=random.choice((5, 45, 110, 200, 299, 700)))


def _meanwhile(random: Random) -> tuple[Step, ...]:
    kinds = random.choices(_MEANWHILE, k=random.randint(1, 3))
    return tuple(_step(random, kind, is_nested=True) for kind in kinds)
