"""Step 4, before a call: look up the balances that it needs, and keep back what they speak against."""

from collections.abc import Mapping, Sequence

from app.db.lanes import known_lanes
from app.db.tables import ClaimLink, DebtPolicy, MovementRow, MovementState
from app.domain import retry
from app.domain.claim import NO_POINTS, Balance
from app.domain.email import folded
from app.domain.evidence import DISBELIEVED_FOR, is_belied
from app.domain.settlement import INSTANT_KINDS, MovementKind
from app.providers.protocol import NotSent, PointsProvider, Rejected
from app.usecases.services import Services
from app.usecases.settling.batch import DISBELIEVED, Batch
from app.usecases.settling.recording import doubt_again, record

NOTHING_TO_TAKE = Rejected("The balance holds nothing to take back.", code="NOTHING_THERE")


def weigh(
    services: Services, batch: Batch, provider: PointsProvider, array: Sequence[MovementRow]
) -> tuple[list[MovementRow], Mapping[str, Balance]] | NotSent:
    """Give those movements that may be asked for now, and the balances that were looked up for them, by e-mail.

    NotSent where the balances could not be looked up.
    """
    found = _balances(batch, provider, array)
    if isinstance(found, NotSent):
        return found
    array = _believed(services, batch, provider, array, found)
    asked = [movement.email for movement in array if _needs_balance(batch, provider, movement)]
    balances = {email: found.get(email, NO_POINTS) for email in asked}
    return _within_balances(services, batch, _not_belied(services, batch, array, balances), balances), balances


def has_floor(batch: Batch) -> bool:
    """Tell whether no balance may go below zero."""
    return batch.store.debt_policy == DebtPolicy.FLOOR


def _balances(batch: Batch, provider: PointsProvider, array: Sequence[MovementRow]) -> Mapping[str, Balance] | NotSent:
    """Look up the balances that must be known before the call. Customers whom the account does not know are missing.

    They say how much can be taken back; and where a lost answer could not be asked for again, they are what its outcome is
    judged by. A claim link that goes out directly is judged by the balance before it went out.
    """
    emails = {movement.email for movement in array if _needs_balance(batch, provider, movement)}
    return provider.balances(sorted(emails)) if emails else {}


def _believed(
    services: Services,
    batch: Batch,
    provider: PointsProvider,
    array: Sequence[MovementRow],
    found: Mapping[str, Balance],
) -> Sequence[MovementRow]:
    """Keep back those of whose customers the account says that it knows nobody, although it did."""
    now = services.clock()
    missing = [movement for movement in array if _needs_balance(batch, provider, movement) and movement.email not in found]
    # What was asked for before is never asked for again on such a word; the rest is, once it lasts.
    doubtful = [movement for movement in missing if movement.asks > 0 or now - movement.planned_at < DISBELIEVED_FOR]
    if not doubtful or provider.repeats_safely:
        return array
    with services.database.reading() as session:
        known = known_lanes(session, {movement.lane for movement in doubtful})
    disbelieved = {movement.id for movement in doubtful if movement.lane in known}
    for movement in array:
        if movement.id in disbelieved:
            batch.hands[movement.order_id or 0].wait(now + retry.PROBE_EVERY, DISBELIEVED)
    return [movement for movement in array if movement.id not in disbelieved]


def _needs_balance(batch: Batch, provider: PointsProvider, movement: MovementRow) -> bool:
    if movement.kind in INSTANT_KINDS:
        return not provider.repeats_safely or (movement.kind == MovementKind.DEBIT and has_floor(batch))
    return _goes_out_directly(batch, provider) and bool(movement.email)


def _goes_out_directly(batch: Batch, provider: PointsProvider) -> bool:
    return batch.store.claim_link == ClaimLink.DIRECT and not provider.sees_claims


def _not_belied(
    services: Services, batch: Batch, array: Sequence[MovementRow], balances: Mapping[str, Balance]
) -> Sequence[MovementRow]:
    """Keep back what two looks found not to have happened, and a third finds that it may have."""
    belied = [movement for movement in array if _is_belied(movement, balances.get(movement.email))]
    if belied:
        doubt_again(services, batch, belied)
    return [movement for movement in array if movement not in belied]


def _is_belied(movement: MovementRow, now: Balance | None) -> bool:
    if movement.state != MovementState.PLANNED or movement.asks == 0 or now is None:
        return False
    return is_belied(movement.points, before=Balance(movement.available_before or 0, movement.used_before or 0), now=now)


def _within_balances(
    services: Services, batch: Batch, array: Sequence[MovementRow], balances: Mapping[str, Balance]
) -> list[MovementRow]:
    """Hold debits to what is there. One that finds nothing ends here, and leaves a shortfall."""
    kept = []
    for movement in array:
        available = balances[movement.email].available if movement.email in balances else None
        if movement.state == MovementState.SENDING:
            # It may stand in the ledger already, under its id and with this amount: asked again, it is asked as it was.
            kept.append(movement)
            continue
        if movement.kind != MovementKind.DEBIT or not has_floor(batch) or available is None or available >= -movement.points:
            kept.append(movement)
            continue
        batch.empty_lanes.add((movement.account_id, folded(movement.email)))
        if available > 0:
            movement.points = -available
            kept.append(movement)
        else:
            record(services, batch, [(movement, NOTHING_TO_TAKE)])
    return kept
