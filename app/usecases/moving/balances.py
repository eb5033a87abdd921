"""Before movements are asked for: look up the balances that they need, and keep back those that must not go out now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.db.rows import change
from app.db.tables import MovementRow
from app.domain import retry
from app.domain.claim import Balance
from app.domain.email import email_key
from app.domain.evidence import DISBELIEVED_FOR, contradicts
from app.domain.settlement import INSTANT_KINDS, CauseKind, MovementKind, MovementState
from app.providers.protocol import INSUFFICIENT, Absent, NotSent, Outcome, PointsProvider, Rejected, held
from app.usecases.moving.causes import DISBELIEVED, Result, Waits
from app.usecases.moving.engine_run import Run
from app.usecases.moving.looking_up import balances_before_call
from app.usecases.moving.recording import doubt_again, record

NOTHING_THERE = "NOTHING_THERE"
HOLDS_TOO_LITTLE = Rejected("The balance does not hold that many points.", code=INSUFFICIENT)
NOTHING_TO_TAKE = Rejected("The balance holds nothing to take back.", code=NOTHING_THERE)


@dataclass(frozen=True, slots=True)
class Checked:
    """Movements that may be asked for now, the balances that were looked up for them, and what became of the others."""

    ready: list[MovementRow]
    balances: Mapping[str, Balance]
    results: list[Result]


def check_balances(run: Run, provider: PointsProvider, array: Sequence[MovementRow]) -> Checked | NotSent:
    """Look up the balances that must be known before a call, and check the movements against them.

    The balance before an INSTANT is what a lost answer is judged by later. A claim link that goes out at once is judged by
    the balance before it went out. NotSent where the balances could not be looked up.
    """
    emails = sorted({movement.email for movement in array if _needs_balance(run, movement)})
    found = balances_before_call(run, provider, emails)
    if isinstance(found, NotSent):
        return found
    believed = Checked(list(array), {email: held(judged) for email, judged in found.items()}, [])
    for check in (_without_doubtful, _without_contradicted, _whole_balances, _within_balances):
        believed = check(run, believed, found)
    return believed


def hold_to_balances(
    array: Sequence[MovementRow], balances: Mapping[str, Balance]
) -> tuple[list[MovementRow], list[tuple[MovementRow, Outcome]]]:
    """Lower debits to what is there, and end those for which nothing is left. Balances are never to fall below zero."""
    left = {email_key(email): max(balance.available, 0) for email, balance in balances.items()}
    kept, ended = [], list[tuple[MovementRow, Outcome]]()
    for movement in array:
        key = email_key(movement.email)
        # A debit that was asked for before may stand at the account already, with this amount. So the amount stays.
        is_new_debit = movement.kind == MovementKind.DEBIT and movement.state == MovementState.PLANNED
        if not is_new_debit or key not in left:
            kept.append(movement)
            continue
        points = min(-movement.points, left[key])
        if _is_payment(movement) and points < -movement.points:
            # A payment is taken whole or not at all.
            ended.append((movement, HOLDS_TOO_LITTLE))
            continue
        left[key] -= points
        if points > 0:
            change(movement, points=-points)
            kept.append(movement)
        else:
            ended.append((movement, NOTHING_TO_TAKE))
    return kept, ended


def _is_payment(movement: MovementRow) -> bool:
    """Tell whether a debit pays. One that names a return takes points again that a refund gave back."""
    return movement.cause_kind == CauseKind.SPEND and movement.kind == MovementKind.DEBIT and movement.target_id is None


def _needs_balance(run: Run, movement: MovementRow) -> bool:
    return movement.kind in INSTANT_KINDS or (run.accounts.goes_out_at_once(movement) and bool(movement.email))


def _without_doubtful(run: Run, checked: Checked, found: Mapping[str, Balance | Absent]) -> Checked:
    """Keep back movements of customers whom the account suddenly does not know.

    After a day, those that were never asked for go on; the others are left to staff.
    """
    now = run.services.clock()
    waiting, for_staff = list[MovementRow](), list[MovementRow]()
    for movement in checked.ready:
        is_fresh = now - movement.planned_at < DISBELIEVED_FOR
        if found.get(movement.email) is Absent.DOUBTFUL and (is_fresh or movement.asks > 0):
            (waiting if is_fresh else for_staff).append(movement)
    results: list[Result] = [Waits(movement, now + retry.PROBE_EVERY, DISBELIEVED) for movement in waiting]
    return _less(checked, (*waiting, *for_staff), results + (doubt_again(run, for_staff, for_staff=True) if for_staff else []))


def _without_contradicted(run: Run, checked: Checked, _found: Mapping[str, Balance | Absent]) -> Checked:
    """Keep back INSTANTs that two looks found not to have happened, and the newest balance says that they may have."""
    contradicted = [movement for movement in checked.ready if _is_contradicted(movement, checked.balances.get(movement.email))]
    return _less(checked, contradicted, doubt_again(run, contradicted)) if contradicted else checked


def _is_contradicted(movement: MovementRow, now: Balance | None) -> bool:
    if movement.state != MovementState.PLANNED or movement.asks == 0 or movement.kind not in INSTANT_KINDS or now is None:
        return False
    before = Balance(movement.available_before or 0, movement.used_before or 0)
    return contradicts(movement.points, before=before, now=now)


def _whole_balances(run: Run, checked: Checked, _found: Mapping[str, Balance | Absent]) -> Checked:
    """Set the debit of a move to the whole balance. End it where the balance is 0."""
    empty = list[MovementRow]()
    for movement in checked.ready:
        takes_all = movement.cause_kind == CauseKind.MOVE and movement.kind == MovementKind.DEBIT
        balance = checked.balances.get(movement.email)
        if not takes_all or movement.state != MovementState.PLANNED or balance is None:
            continue
        if balance.available > 0:
            change(movement, points=-balance.available)
        else:
            empty.append(movement)
    return _less(checked, empty, record(run, [(movement, NOTHING_TO_TAKE) for movement in empty])) if empty else checked


def _within_balances(run: Run, checked: Checked, _found: Mapping[str, Balance | Absent]) -> Checked:
    # A payment never lets a balance fall below zero, whatever the store lets refunds do.
    held_ones = [one for one in checked.ready if run.accounts.has_floor or _is_payment(one)]
    if not held_ones:
        return checked
    kept, ended = hold_to_balances(held_ones, checked.balances)
    kept += [one for one in checked.ready if one not in held_ones]
    return _less(checked, [movement for movement, _ in ended], record(run, ended)) if ended else replace(checked, ready=kept)


def _less(checked: Checked, kept_back: Sequence[MovementRow], results: Sequence[Result]) -> Checked:
    gone = {movement.id for movement in kept_back}
    ready = [movement for movement in checked.ready if movement.id not in gone]
    return Checked(ready, checked.balances, [*checked.results, *results])
