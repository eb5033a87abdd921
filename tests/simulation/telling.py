"""Tell a history, and what many of them came to, so that a person can follow."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields

from tests.simulation.drawing import EMAILS
from tests.simulation.steps import Fate, History, How, Kind, Mishap, Setup, Step

# Of a shop's payments by points the one with this number.
_OF_PAYMENT = frozenset({Kind.PAY_AGAIN, Kind.PAY_MORE, Kind.COMPLETE, Kind.SHRINK, Kind.REFUND_POINTS, Kind.RELEASE_SPEND}) | {
    Kind.TAKE_OFF,
    Kind.REVERSE_POINTS,
}
# Of a shop's rewards that were taken the one with this number.
_OF_REWARD = frozenset({Kind.REDEEM_AGAIN, Kind.WITHDRAW, Kind.USE_CODE, Kind.CHECK_OUT, Kind.PUT_BACK, Kind.DELETE_CARD})
_OF_ORDER = frozenset(Kind) - {
    Kind.REDEEM,
    Kind.CHANGE_VOUCHER,
    Kind.PERMIT,
    Kind.SETTLE_REWARD,
    Kind.PLACE,
    Kind.SPEND,
    Kind.TILL_SPEND,
    Kind.TILL_RETURN,
    Kind.PAY,
    Kind.RELEASE_FUNDS,
    Kind.SEND_REQUESTS,
    Kind.SPEND_RULE,
    Kind.OTHER,
    Kind.RESOLVE,
    Kind.RULE,
    Kind.PROVIDER,
    Kind.SECRET,
    Kind.SETTLE,
    Kind.SWEEP,
    Kind.LEARN,
    Kind.BATCH,
    Kind.UNDO_BATCH,
    Kind.DECIDE,
    Kind.RUN_BATCHES,
    Kind.WAIT,
    Kind.REDELIVER,
    Kind.REVOKE,
    Kind.REINSTALL,
    Kind.SWITCH,
    Kind.SALEOR_AWAY,
    Kind.PROVIDER_AWAY,
    Kind.PROVIDER_REFUSES,
    Kind.PROVIDER_RELENTS,
    Kind.KEY_REVOKED,
    Kind.KEY_MENDED,
    Kind.LAG,
}
_OF_EMAIL = frozenset(
    {Kind.PLACE, Kind.EMAIL, Kind.PAY, Kind.REDEEM, Kind.SPEND, Kind.TILL_SPEND, Kind.OTHER}
    | {Kind.ADJUST_CUSTOMER, Kind.PROVIDER_REFUSES}
)
_OF_SHOP = (_OF_PAYMENT | _OF_REWARD) | frozenset(
    {
        Kind.REDEEM,
        Kind.CHANGE_VOUCHER,
        Kind.PERMIT,
        Kind.PAY,
        Kind.RELEASE_FUNDS,
        Kind.SEND_REQUESTS,
        Kind.SPEND_RULE,
        Kind.PLACE,
        Kind.SPEND,
        Kind.TILL_SPEND,
        Kind.TILL_RETURN,
        Kind.OTHER,
        Kind.ADJUST_CUSTOMER,
        Kind.RULE,
        Kind.BATCH,
        Kind.UNDO_BATCH,
        Kind.DECIDE,
        Kind.PROVIDER,
        Kind.REVOKE,
        Kind.REINSTALL,
        Kind.SWITCH,
        Kind.SALEOR_AWAY,
        Kind.KEY_REVOKED,
        Kind.LAG,
    }
)
_OF_TIME = frozenset({Kind.WAIT, Kind.SALEOR_AWAY, Kind.PROVIDER_AWAY, Kind.LAG})
_IN_PARTS = frozenset(
    {
        Kind.SPEND,
        Kind.TILL_SPEND,
        Kind.TILL_RETURN,
        Kind.CHARGE,
        Kind.REFUND,
        Kind.REQUEST_REFUND,
        Kind.REVERSE_REFUND,
        Kind.REPORT_REFUND,
    }
)
_WITH_EVENTS = frozenset(
    {
        Kind.PLACE,
        Kind.PAY,
        Kind.COMPLETE,
        Kind.CHECK_OUT,
        Kind.CHARGE,
        Kind.MARK_PAID,
        Kind.REFUND,
        Kind.REQUEST_REFUND,
        Kind.REFUND_SUCCEEDED,
        Kind.REFUND_FAILED,
        Kind.REVERSE_REFUND,
        Kind.REPORT_REFUND,
        Kind.CHARGE_BACK,
        Kind.CANCEL,
        Kind.EMAIL,
        Kind.EDIT,
        Kind.FULFILL,
        Kind.RETURN,
        Kind.NOTE,
    }
)
_WITH_SHARE = (
    _IN_PARTS
    | {Kind.PAY, Kind.PAY_MORE, Kind.PAY_ORDER, Kind.SHRINK, Kind.REFUND_POINTS, Kind.SPEND_RULE}
    | {Kind.REVERSE_POINTS}
    | {
        Kind.USE_CODE,
        Kind.PUT_BACK,
        Kind.CHARGE_BACK,
        Kind.PLACE,
        Kind.EDIT,
        Kind.ADJUST,
        Kind.ADJUST_CUSTOMER,
        Kind.BATCH,
        Kind.GRANT_REFUND,
    }
)


def told(history: History) -> str:
    """Tell a history from its setup to its last step."""
    lines = [f"seed {history.seed}", f"  {_setup(history.setup)}"]
    for number, step in enumerate(history.steps, start=1):
        lines += [f"  {number:3}. {line}" if first else f"       {line}" for first, line in _lines(step)]
    lines.append("       then the world goes quiet")
    return "\n".join(lines)


def _setup(setup: Setup) -> str:
    plain = Setup()
    special = [f"{field.name} {getattr(setup, field.name)}" for field in fields(Setup) if field.name != "rule"]
    special = [one for one, field in zip(special, fields(Setup)[1:], strict=True) if _differs(setup, plain, field.name)]
    rule = [
        f"{field.name} {getattr(setup.rule, field.name)}"
        for field in fields(setup.rule)
        if _differs(setup.rule, plain.rule, field.name)
    ]
    return ", ".join((*special, *rule)) or "everything as a new store has it"


def _differs(one: object, other: object, name: str) -> bool:
    return bool(getattr(one, name) != getattr(other, name))


def _lines(step: Step) -> Iterator[tuple[bool, str]]:
    yield True, _sentence(step)
    for mishap in sorted(step.mishaps, key=lambda mishap: mishap.at):
        yield False, f"   at effect {mishap.at}: {_mishap(mishap)}"
        for nested in mishap.meanwhile:
            yield False, f"      {_sentence(nested)}"


def _mishap(mishap: Mishap) -> str:
    if mishap.how in {How.MEANWHILE_BEFORE, How.MEANWHILE_AFTER, How.ACTS_LATER, How.STALE, How.BUSY}:
        return f"{mishap.how} ({mishap.seconds} s)"
    return str(mishap.how)


def _sentence(step: Step) -> str:
    parts = [str(step.kind)]
    if step.kind in _OF_PAYMENT:
        parts.append(f"payment {step.order + 1}")
    elif step.kind in _OF_REWARD:
        parts.append(f"reward {step.order + 1}")
    elif step.kind in _OF_ORDER:
        parts.append(f"order {step.order + 1}" if step.order >= 0 else f"order {-step.order} from the end")
    if step.kind in _OF_SHOP:
        parts.append(f"shop {step.shop + 1}")
    if step.kind in _OF_EMAIL:
        parts.append(EMAILS[step.email] or "no e-mail")
    if step.kind in _WITH_SHARE:
        parts.append(f"{step.share}/1000")
    if step.kind in _OF_TIME:
        parts.append(f"{step.seconds} s")
    parts.append(f"variant {step.how}")
    if step.kind in _WITH_EVENTS and step.fates:
        parts.append("deliveries: " + " / ".join(_fate(fate) for fate in step.fates))
    return ", ".join(parts)


def _fate(fate: Fate) -> str:
    if fate.is_lost:
        return "lost"
    words = [f"after {fate.delay_seconds} s" if fate.delay_seconds else "at once"]
    if fate.copies > 1:
        words.append(f"{fate.copies} times")
    if fate.is_stale and fate.delay_seconds:
        words.append("stale")
    return " ".join(words)


def table(title: str, rows: Sequence[tuple[str, int]]) -> str:
    """Lay out a table of numbers."""
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join([title, *(f"  {name:<{width}}  {number:>9,}" for name, number in rows)])


def summary(counts: Counter[str], faults: Counter[str]) -> str:
    """Tell what many histories came to."""
    names = (
        "histories",
        "histories of two shops",
        "orders",
        "deliveries",
        "INSTANTs done",
        "links seen",
        "claims taken",
        "claims known as taken",
        "deaths",
        "left for staff",
        "orders that waited for staff",
        "shortfalls",
        "write-offs",
        "payments booked",
        "checkouts completed",
        "refunds of points asked for",
        "old checkouts released",
        "payments released by staff",
        "rewards taken",
        "codes made",
        "orders with codes",
        "rewards given back",
        "rewards settled by staff",
        "batches run",
        "batches that wait",
        "batches undone",
        "changes that wait",
        "changes approved",
        "changes refused",
    )
    rows = [(name, counts[name]) for name in names]
    rows += [("changes of provider", counts[Kind.PROVIDER.name]), ("steps of renewing a secret", counts[Kind.SECRET.name])]
    moved = sorted((name, number) for name, number in counts.items() if name.startswith("movements"))
    compared = "compared with a run without faults"
    return "\n\n".join(
        (table("What happened", [*rows, *moved, (compared, counts[compared])]), table("Faults", sorted(faults.items())))
    )
