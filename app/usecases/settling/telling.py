"""Step 6: write on the order what the shopper's mails may say, where it differs from what stands there."""

from collections.abc import Sequence

from app.db.books import position_of
from app.db.queue import keep_lease
from app.db.tables import ClaimLink, ClaimRow
from app.domain.claim import LIVE
from app.domain.order_link import order_link
from app.domain.settlement import Position
from app.domain.status import KEYS, NO_WORDS, PointsStatus, points_status, words_mark
from app.errors import AppError
from app.saleor.client import METADATA_MAX
from app.usecases.services import Services
from app.usecases.settling.batch import Batch, InHand, Problem
from app.usecases.settling.side_by_side import side_by_side


def tell_orders(services: Services, batch: Batch) -> None:
    """Write the metadata of all orders in hand that say something else than they should.

    Saleor keeps what comes last: a worker that was stopped, and lost an order to another, must not say older things of it.
    Where it was stopped in the middle of saying them, the order is looked at again (`rest_orders`). Whatever else lands late,
    a call that timed out or that of a worker that was killed, moves the order's updatedAt: the sweep compares what stands there
    with the mark of what should.
    """
    changes = _still_in_hand(
        services, batch, [(hand, wanted) for hand in batch.hands.values() if (wanted := _change(services, batch, hand))]
    )
    requests = [changes[start : start + METADATA_MAX] for start in range(0, len(changes), METADATA_MAX)]
    if not requests:
        return
    answers = side_by_side(lambda request: _write(services, batch, request), requests)
    now = services.clock()
    for request, refusals in zip(requests, answers, strict=True):
        for (hand, _), refusal in zip(request, refusals, strict=True):
            if refusal is not None:
                hand.retry(now, hand.problem or Problem("metadata", refusal))


def _still_in_hand(
    services: Services, batch: Batch, changes: Sequence[tuple[InHand, dict[str, str]]]
) -> list[tuple[InHand, dict[str, str]]]:
    if not changes:
        return []
    batch.told_since = services.clock()
    # That a lease was prolonged may be lost with the machine's power.
    with services.database.writing(durable=False) as session:
        kept = keep_lease(session, batch.lease_token, [hand.id for hand, _ in changes], batch.told_since)
    return [(hand, wanted) for hand, wanted in changes if hand.id in kept]


def _write(services: Services, batch: Batch, request: Sequence[tuple[InHand, dict[str, str]]]) -> list[str | None]:
    changes = [(hand.row.saleor_order_id, wanted) for hand, wanted in request]
    try:
        return services.saleor.write_metadata(batch.store.saleor_api_url or "", batch.token, changes)
    except AppError as error:
        return [error.message for _ in request]


def _change(services: Services, batch: Batch, hand: InHand) -> dict[str, str] | None:
    """Choose the word that is to stand on an order, and give the whole of our metadata where any of it differs, else None.

    What stands there is never believed, only compared: a shopper can plant metadata through a checkout. An order that never
    had points, and says nothing of points, is left alone.
    """
    if hand.order is None or hand.due is None:
        return None
    position = position_of(hand.books, batch.seeing_accounts)
    hand.status = points_status(hand.due, position, was_ever_granted=hand.books.was_ever_granted)
    stands = hand.order.metadata
    if hand.status is PointsStatus.NONE and not stands and not hand.books.was_ever_granted:
        hand.words_mark = NO_WORDS
        return None
    wanted = _wanted(services, batch, hand, hand.status, position)
    hand.words_mark = words_mark(wanted)
    return wanted if any(stands.get(key) != wanted[key] for key in KEYS) else None


def _wanted(services: Services, batch: Batch, hand: InHand, status: PointsStatus, position: Position) -> dict[str, str]:
    live = [hand.books.claims[grant.id] for grant in position.grants if grant.claim in LIVE and grant.points > 0]
    newest = max(live, key=lambda claim: claim.created_at, default=None)
    return {
        "points_status": status.value,
        "points_amount": str(max(hand.due.points, 0) if hand.due is not None else 0),
        "points_claim_url": "" if status is PointsStatus.NONE else _link(services, batch, hand, newest),
        "points_expires_on": newest.expires_on.isoformat() if newest is not None and newest.expires_on is not None else "",
    }


def _link(services: Services, batch: Batch, hand: InHand, claim: ClaimRow | None) -> str:
    if claim is not None and batch.store.claim_link == ClaimLink.DIRECT:
        return services.sealer.open(claim.url_sealed)
    return order_link(services.claim_url_base, batch.store.slug, hand.row.saleor_order_id)
